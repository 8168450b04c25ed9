import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_doorways import examine_small_trades, is_of_another_script, is_stuffed
from app.engines.analyse.structure.gambling_brands import shipped_gambling_brands
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.html.own_page import OwnPage
from app.engines.html.page_content import PageContent
from app.engines.parsing.own_pages import own_page_of
from tests.support.cpu_time import least_cpu_s

CHINESE = "本店经营明前龙井、碧螺春、铁观音等各类名茶，产地直供，品质保证。" * 10


@pytest.mark.parametrize(
    "title",
    [
        "スーパーコピー 時計 N級品",
        "온라인 카지노 추천",
        "Казино онлайн играть",
        "スーパーコピー 時計 - 沐山茶业",  # the name of the site is still at its end
        "スーパーコピー | 激安 | 通販",
    ],
)
def test_a_title_of_another_script_than_the_page_is_seen(title):
    assert is_of_another_script(title, CHINESE)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("沐山茶业", CHINESE),
        ("Mushan tea", CHINESE),
        ("お茶の通販 ムーシャン", "おいしいお茶をお届けします。" * 30),
        ("スーパーコピー", "短い"),
        ("沐山茶业の店", CHINESE),
        ("明前龙井怎么泡 | ほうじちゃブログ", CHINESE),  # its site has a Japanese name
        ("明前龙井 - 绿茶 - ほうじちゃブログ", CHINESE),
    ],
)
def test_pages_in_their_own_language_are_none(title, text):
    assert not is_of_another_script(title, text)


def test_a_title_that_is_strewn_into_running_text_is_stuffed():
    line = "上半场第十七分钟，中国队利用角球机会首开纪录，皇顶国际app最新版下载，下半场又连入两球锁定胜局。"
    assert is_stuffed("皇顶国际app最新版下载v3.1.8-澄溪县", "\n".join([line] * 4))
    assert not is_stuffed("皇顶国际app最新版下载v3.1.8-澄溪县", line)
    assert not is_stuffed("首页", line * 5)
    assert not is_stuffed("皇顶国际app最新版下载", "皇顶国际app最新版下载\n" * 5)  # a menu


RUSSIAN = "<p>Наша компания с 1998 года поставляет насосы по всей стране и за рубеж, звоните нам.</p>" * 5
CHINESE_MENU = "<p>首页</p><p>公司简介</p><p>产品中心</p><p>新闻动态</p><p>联系我们</p>"
ENGLISH_MENU = "<p>Home</p><p>About us</p><p>Products</p><p>News</p><p>Contact Nordpump</p>"


def signs(title, body, language):
    document = HtmlDocument(f"<html lang={language}><head><title>{title}</title></head><body>{body}</body></html>")
    text = document.trees[0].body.text(separator="\n")
    page = OwnPage(
        "https://www.pump.test/", title, text, (), document.markup, document.marks, "", list, str, list, list,
        PageContent,
    )  # fmt: skip
    return [one.sign for one in examine_small_trades(page, shipped_gambling_brands(), lambda _: False)]


@pytest.mark.parametrize(("language", "menu"), [("zh-CN", CHINESE_MENU), ("en", ENGLISH_MENU)])
def test_a_shop_for_another_country_in_the_template_of_the_site_is_seen(language, menu):
    assert signs("Купить сумки, цена с доставкой", f"{menu}{RUSSIAN}", language) == [
        TamperSign.TITLE_SCRIPT,
        TamperSign.TITLE_FOREIGN,
    ]


@pytest.mark.parametrize(
    ("title", "language", "menu"),
    [
        (
            "Купить насос, цена с доставкой",
            "zh-CN",
            "<p>Главная</p><p>О компании</p><p>Продукция</p>",
        ),  # what is left of it
        ("Купить насос, цена | Nordpump", "en", ENGLISH_MENU),
        ("Насосы с доставкой", "zh-CN", CHINESE_MENU),
    ],
)
def test_a_maker_with_pages_for_another_country_is_none(title, language, menu):
    assert signs(title, f"{menu}{RUSSIAN}", language) == []


def test_lines_that_are_nearly_of_a_menu_cost_little():
    line = "首" * 500 + "я\n"
    assert least_cpu_s(lambda: signs("Купить сумки, цена", line * 400 + RUSSIAN, "zh"), enough_s=0.5) < 0.5


TYPE = "text/html; charset=utf-8"


def signs_above(title, link="http://go.broker.test/?s=7"):
    html = f"<title>{title}</title><p>All that you have to know.</p><p><a href='{link}'>Go on</a></p>"
    url = "https://www.school.test/old/9.html"
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=url, headers=[("content-type", TYPE)]), url)
    return [
        one.sign for one in examine_small_trades(page, shipped_gambling_brands(), lambda host: host == "known.test")
    ]


@pytest.mark.parametrize(
    "title",
    [
        "Harbour Lights 2 Full Movie Watch Free Online 1080p",
        "《海港之光》高清完整版在线观看 免费下载",
        "Payday Loans Guaranteed Approval Direct Lender Same Day",
    ],
)
def test_a_title_that_lists_what_people_search_for_above_a_foreign_link_is_a_sign(title):
    assert signs_above(title) == [TamperSign.DOORWAY_UNSURE]
    assert signs_above(title, "/apply") == []
    assert signs_above(title, "https://known.test/") == []


@pytest.mark.parametrize(
    "title",
    [
        "Film night: watch Harbour Lights free",
        "Watch our services: HD live streaming and downloads",
        "Payday loans and bad credit: where students get advice the same day",
        "校园电影周在线观看指南",
    ],
)
def test_film_nights_services_and_advice_on_debts_are_none(title):
    assert signs_above(title) == []
