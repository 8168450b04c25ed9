"""A page that somebody replaced by a message is told from news and how-tos about break-ins."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_defaced import examine_defaced
from app.engines.html.document import HtmlDocument
from app.engines.html.own_page import OwnPage
from app.engines.html.page_content import PageContent

URL = "https://www.school.example/"
MENU = "".join(f'<a href="/{place}/">Place {place}</a>' for place in range(9))
STORY = "<p>The attackers came through a plugin that nobody had updated since the spring of last year.</p>" * 20


def signs(title, body):
    document = HtmlDocument(f"<html><head><title>{title}</title></head><body>{body}</body></html>")
    text = document.trees[0].body.text(separator="\n")
    page = OwnPage(URL, title, text, (), document.markup, document.marks, "", list, str, list, list, PageContent)
    return [one.sign for one in examine_defaced(page)]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Hacked By Mr.Nobody", "<center><h1>Hacked By Mr.Nobody</h1><p>greetz to all friends</p></center>"),
        ("h4ck3d by nobody", "<h1>Security is an illusion, admin</h1>"),
        ("index", "<h1>Defaced by Nobody Cyber Army</h1><p>patch your system</p>"),
        ("网站维护", "<h1>此网站已被无名红客黑掉</h1><p>管理员请修补漏洞，仅作提醒</p>"),
        ("-", "<h1>Diretas oleh Nobody Cyber Team</h1>"),
        ("-", "<h1>Взломано командой Nobody</h1><p>greetz: friends</p>"),
    ],
)
def test_a_page_that_is_a_message_of_an_intruder_is_defaced(title, body):
    assert signs(title, body) == [TamperSign.DEFACED]


@pytest.mark.parametrize(
    ("title", "body"),
    [("Hacked by Nobody | Blog", f"{MENU}{STORY}"), ("Notice", "<h1>This shop was hacked by somebody</h1>")],
)
def test_a_claim_with_one_sign_alone_is_not_certain(title, body):
    assert signs(title, body) == [TamperSign.DEFACED_UNSURE]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("City hospital was hacked by a gang, police say", f"{MENU}{STORY}"),
        ("What to do after a break-in", f"{MENU}<p>Your site was hacked by robots?</p>{STORY}"),
        ("某网站被黑客入侵怎么办", f"{MENU}<p>本站已被黑客入侵过一次，处理步骤如下。</p>{STORY}"),
        ("Hacker news", f"{MENU}"),
        ("Rowing club", "<p>We row.</p>"),
    ],
)
def test_news_and_how_tos_about_break_ins_are_none(title, body):
    assert signs(title, body) == []


UPLOAD = "<form method=post><input type=file name=f></form>"
PAYS = '<form action="https://pay.test/"><input type="hidden" name="cmd" value="_s-xclick"></form>'


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("b374k 3.2", f"{MENU}{UPLOAD}"),
        ("-", f"<h1>Mini Shell</h1>{UPLOAD}"),
        ("Priv8 Uploader", '<form><input size=40 name="cmd"></form>'),
    ],
)
def test_what_an_intruder_comes_back_with_is_found(title, body):
    assert signs(title, body) == [TamperSign.DEFACED]


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Mini Shell Necklace", f"<p>A mini shell on a silver chain.</p>{PAYS}"),
        ("What is a webshell?", f"{MENU}{STORY}{UPLOAD}"),
        ("Webshell advice", "<p>Look for them.</p><form><input type=submit name=cmdSearch></form>"),
        ("b374k in the wild", f"{MENU}{STORY}{PAYS}"),
    ],
)
def test_shops_and_advice_about_shells_are_none(title, body):
    assert signs(title, body) == []


STAGED = (
    "<style>body{background:#000;color:#0f0;font-family:monospace}</style><div oncontextmenu='return false'>"
    "<p>Dear admin, your server is vulnerable. We took nothing.</p><p>Mail: sup@mail.test</p></div>"
)


@pytest.mark.parametrize(
    "html",
    [
        STAGED,
        STAGED.replace("Dear admin, your server is vulnerable.", "网站管理员：你的服务器太脆弱了。"),
        STAGED.replace("Dear admin, your server is vulnerable.", "Night crew was here.") + "<canvas></canvas>",
    ],
)
def test_a_stage_for_a_message_to_the_administrator_is_a_defaced_page(html):
    assert signs("~", html) == [TamperSign.DEFACED_UNSURE]
    assert signs("~ Night crew was here ~", html) == [
        TamperSign.DEFACED if "Night" not in html else TamperSign.DEFACED_UNSURE
    ]


@pytest.mark.parametrize(
    "html",
    [
        STAGED + "<a href='/'>Home</a> <a href='/news/'>News</a>",
        STAGED.replace("#000", "#fff"),
        STAGED.replace("oncontextmenu='return false'", ""),
        STAGED.replace("is vulnerable", "will be back at noon"),
        STAGED + "<p>" + "On the security of networks. " * 80,
    ],
)
def test_pages_with_a_way_on_notices_and_articles_are_not_defaced(html):
    assert signs("~", html) == []
