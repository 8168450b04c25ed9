import pytest

from app.domain.violations import Layer, ViolationKey
from app.engines.analyse.text.layer import NO_OFFER_CAP, SNIPPET_CHARS, TextLayer

CASINO = "真人百家乐，注册送彩金，首存优惠，老虎机与龙虎斗，提款秒到账。"
FILLER = "今天天气不错，我们沿着河边走了很久，看见有人在放风筝。"


@pytest.fixture
def layer(lexicon, normaliser):
    return TextLayer(lexicon=lexicon, normaliser=normaliser)


def scores(layer, subject):
    return {signal.key: signal.evidence.score for signal in layer.examine(subject)}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("gambling", CASINO),
        ("gambling", "Claim your free spins and no deposit bonus at our online casino with live dealers."),
        ("adult", "免费成人电影在线观看，女优番号大全，未满18岁请离开。"),
        ("adult", "Watch free porn videos, xxx clips and live sex cams."),
        ("fraud", "刷单返利，佣金日结，垫付任务收益更高，稳赚不赔。"),
        ("fraud", "Guaranteed returns: we double your bitcoin, risk free profit every day."),
        ("malware", "免杀远控木马出售，盗号木马，肉鸡出售。"),
        ("malware", "Private stealer with keylogger, fully undetectable, bypass Windows Defender."),
        ("drugs", "出售冰毒，K粉现货，埋包发货，USDT付款。"),
        ("drugs", "Buy cocaine online, stealth shipping, pay with Monero."),
        ("violence", "手枪出售，子弹购买，气枪货到付款。"),
        ("violence", "Hitman for hire; untraceable guns, no background check."),
        ("medical", "祖传秘方包治百病，无需处方，永不复发。"),
        ("medical", "Cheap Viagra without prescription, no prescription needed."),
        ("other", "办证刻章，代考包过，查开房记录。"),
        ("other", "Buy fake passports and replica watches; take my online exam."),
        ("gambling", "正在为您选择最优线路：线路一、线路二。首次登录可领取体验彩金，防走失请记住永久网址。"),
        ("gambling", "合营计划：佣金比例高达六成，负盈利结转至次月，活跃会员五人起，公司输赢一目了然。"),
        ("gambling", "一分快3、分分时时彩，购彩大厅随时投注。"),
        ("adult", "韩漫免费看：无遮挡、去码，工口屋每日更新。"),
        ("fraud", "盘前内参：打新通道中签率百分百，暴涨牛股只在内部群公布。"),
        ("medical", "粉毒、绿毒针剂批发，无需医师资格，附注射教程。"),
        ("other", "全网VIP视频解析，会员视频免费看，枪版每日更新。"),
    ],
)
def test_offers_of_the_trade_are_found(layer, make_subject, key, text):
    found = scores(layer, make_subject(text))
    assert max(found, key=found.get) == ViolationKey(key)
    assert found[ViolationKey(key)] >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "网警提醒：境外网站以注册送彩金、首存优惠为诱饵，参与网络赌博违法，请警惕，勿下注，并拨打110举报。",
        "法院一审判处被告人有期徒刑，涉案团伙曾搭建百家乐、龙虎斗平台，警方抓获多名犯罪嫌疑人。",
        "中国福利彩票开奖公告：双色球奖池累积，请理性投注，到福彩中心兑奖，彩票公益金已上缴财政部。",
        "Exercise: the expected value of a roulette bet is a random variable; find the probability of a jackpot.",
        "Our hotel in Casino Street has 20 guest rooms, breakfast and free parking near the museum.",
        "Scammers promise guaranteed returns and to double your bitcoin. How to spot a scam and report it.",
        "Ask your doctor: sildenafil needs a valid prescription. Side effects include headache.",
        "禁毒宣传：上头电子烟、冰毒危害大，珍爱生命，远离毒品。",
        "An operator of online casinos was fined; the regulator found that free spins went to addicts of slots.",
        "Porn sites must check ages: hardcore pornography is seen by children, the regulator says.",
        "A family was jailed for selling a miracle cure; the court heard that it was bleach, no cure for cancer.",
        "Senior backend engineer for a sportsbook: odds feeds, live casino, Kafka; five years of experience.",
        "Lost your diploma? The registrar issues a replacement diploma. Degree mills sell a fake degree.",
        "XCTF 题解：反序列化漏洞复现，上传一句话木马，劫持返回地址，payload 见附件。",
        "关于抵制论文代写代发、加强学术诚信的通知：代写毕业论文的给予开除处分。",
        "Casino night for charity: roulette and blackjack for play money, live dealer, raffle.",
    ],
)
def test_reports_lessons_and_lawful_services_stay_clean(layer, make_subject, text):
    assert all(score < 0.5 for score in scores(layer, make_subject(text)).values())


def test_one_distinct_term_says_nothing_however_often_it_stands_there(layer, make_subject):
    assert scores(layer, make_subject("注册送彩金 " * 50)) == {}


def test_topic_terms_alone_say_nothing(layer, make_subject):
    assert scores(layer, make_subject("casino, gambling, betting, odds, dealer, lottery, chips")) == {}


def test_cues_alone_say_nothing(layer, make_subject):
    assert (
        scores(layer, make_subject("Discreet shipping worldwide, pay with crypto, order on Telegram, in stock.")) == {}
    )


def test_cues_support_the_words_of_the_trade(layer, make_subject):
    plain = "Ketamine, mescaline hcl and changa: what they are."
    offered = f"{plain} Samples in stock, shipped in stealth, crypto only, reship policy."
    before = scores(layer, make_subject(plain)).get(ViolationKey.DRUGS, 0)
    assert before < 0.5 <= scores(layer, make_subject(offered))[ViolationKey.DRUGS]


def test_lawful_trade_with_the_same_cues_stays_clean(layer, make_subject):
    text = (
        "Wholesale coffee: samples, bulk discounts, discreet packaging for gifts, pay by card or crypto, WhatsApp us."
    )
    assert scores(layer, make_subject(text)) == {}


def test_without_an_offer_the_score_ends_below_certainty(layer, make_subject):
    products = "百家乐 龙虎斗 骰宝 炸金花 时时彩 娱乐城 盘口 滚球 洗码 " * 4
    assert scores(layer, make_subject(products))[ViolationKey.GAMBLING] <= NO_OFFER_CAP


def test_scattered_words_in_a_long_text_are_not_dense(layer, make_subject):
    scattered = "".join(FILLER * 60 + word for word in ("百家乐", "娱乐城", "老虎机游戏", "注册送彩金"))
    assert scores(layer, make_subject(scattered)).get(ViolationKey.GAMBLING, 0) < 0.5


def test_a_block_of_offers_inside_much_harmless_text_is_found(layer, make_subject):
    text = FILLER * 200 + CASINO * 2 + FILLER * 200
    assert scores(layer, make_subject(text))[ViolationKey.GAMBLING] >= 0.5


def test_guard_words_lower_the_score(layer, make_subject):
    plain = scores(layer, make_subject(CASINO))[ViolationKey.GAMBLING]
    guarded = scores(layer, make_subject(CASINO + "记者从公安局获悉")).get(ViolationKey.GAMBLING, 0)
    assert guarded < plain


def test_title_description_and_picture_texts_count(layer, make_subject):
    html = '<meta name="description" content="注册送彩金 首存优惠"><img alt="真人百家乐"><img alt="老虎机游戏">'
    signals = list(layer.examine(make_subject("请升级您的浏览器", title="澳门新葡京", html=html)))
    assert [signal.key for signal in signals] == [ViolationKey.GAMBLING]
    assert signals[0].evidence.offset is None


@pytest.mark.parametrize(
    "text", [FILLER * 9 + CASINO + FILLER * 9, "賭\u200b場 &amp; 註冊送\u200b彩金，首存優惠。", CASINO]
)
def test_the_offset_points_at_the_snippet_in_the_original_text(layer, make_subject, text):
    (signal,) = layer.examine(make_subject(text))
    evidence = signal.evidence
    assert evidence.layer is Layer.TEXT
    assert 0 < len(evidence.snippet) <= SNIPPET_CHARS
    assert text[evidence.offset : evidence.offset + len(evidence.snippet)] == evidence.snippet
    assert "送" in evidence.snippet


def test_the_evidence_names_terms_version_and_guards(layer, lexicon, make_subject):
    (signal,) = layer.examine(make_subject(CASINO * 2 + "记者"))
    assert "注册送彩金" in signal.evidence.terms
    assert lexicon.version in signal.evidence.provenance
    assert "记者" in signal.evidence.guards


@pytest.mark.parametrize("page_class", ["parked", "for_sale", "icp_block", "empty", "error"])
def test_place_holders_are_not_read(layer, make_subject, page_class):
    assert scores(layer, make_subject(CASINO, page_class=page_class)) == {}


WARNING = "警方提醒：赌博违法，法院已判处多名被告人有期徒刑，请市民警惕，如有发现请举报。"


def test_a_guard_counts_near_the_terms_that_it_guards(layer, make_subject):
    near = scores(layer, make_subject(f"{CASINO}{WARNING}"))
    far = scores(layer, make_subject(CASINO + FILLER * 40 + WARNING))
    assert near.get(ViolationKey.GAMBLING, 0) < 0.5 <= far[ViolationKey.GAMBLING]


def test_a_guard_in_the_title_counts_wherever_the_terms_stand(layer, make_subject):
    text = FILLER * 40 + CASINO
    assert scores(layer, make_subject(text))[ViolationKey.GAMBLING] >= 0.5
    assert scores(layer, make_subject(text, title=WARNING)).get(ViolationKey.GAMBLING, 0) < 0.5
