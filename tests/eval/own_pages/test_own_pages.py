"""The set of own pages is what it says: every quote stands where somebody can find it, and nothing in it is real."""

import base64
import html
import re
from collections import Counter
from urllib.parse import unquote

import pytest

from app.domain.violations import ViolationKey
from tests.eval.own_pages.encodings import ENCODINGS, encoded
from tests.eval.own_pages.own_pages import FOLDER, KINDS, injected, site_host, site_html, twins
from tests.eval.provenance import named_hosts

SITES = sorted(path.stem for path in (FOLDER / "sites").glob("*.html"))
PAGES = (*injected(), *twins())


def test_there_are_enough_pages_of_each_kind():
    assert len(injected()) >= 36
    assert len(twins()) >= 20
    assert all(Counter(page.kind for page in injected())[kind] >= 3 for kind in KINDS)


def test_every_kind_and_every_site_has_honest_twins():
    assert {page.kind for page in twins()} == set(KINDS)
    assert {page.site for page in twins()} == {page.site for page in injected()} == set(SITES)


def test_ids_and_pages_are_unique():
    assert len({page.id for page in PAGES}) == len(PAGES)
    assert len({page.html for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", injected(), ids=lambda page: page.id)
def test_the_quote_of_an_injected_page_stands_in_it_and_not_on_the_honest_site(page):
    assert page.quote
    assert page.quote in page.html or page.quote in page.decoded
    assert page.quote not in site_html(page.site)
    assert page.trade in set(ViolationKey)


def test_of_a_block_of_links_any_may_be_quoted_and_none_of_the_honest_ones():
    page = next(page for page in injected() if page.id == "links-hospital-essay-mills")
    assert page.quotes == ("代写职称论文", "代写职称论文", "代开增值税发票", "刻章办证", "代孕包成功", "替考枪手")


@pytest.mark.parametrize("page", twins(), ids=lambda page: page.id)
def test_a_twin_has_nothing_to_quote(page):
    assert page.quote == page.trade == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.id)
def test_a_page_says_who_wrote_it_and_what_they_knew(page):
    assert re.fullmatch(r"2\d{3}-\d\d-\d\d", page.provenance.batch)
    assert "before the rules were touched" in page.provenance.origin


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.id)
def test_every_host_is_reserved_for_examples(page):
    assert named_hosts(f"{page.url} {page.final_url} {page.decoded}") <= {"www.w3.org"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.id)
def test_every_page_can_be_sent_in_its_charset(page):
    assert page.body.decode(page.charset) == page.html


def test_pages_are_long_as_real_ones_are():
    lengths = sorted(len(page.html) for page in PAGES if not page.forwards_to)
    assert lengths[len(lengths) // 2] > 2000
    assert sum(length > 15_000 for length in lengths) >= 15


def test_every_site_has_a_host_of_its_own():
    assert len({site_host(site) for site in SITES}) == len(SITES) >= 10


READ_BACK = {
    "entities": html.unescape,
    "entities_hex": html.unescape,
    "percent": unquote,
    "base64": lambda text: base64.b64decode(text).decode(),
    "base64_of_percent": lambda text: unquote(base64.b64decode(text).decode()),
    "codes": lambda text: "".join(chr(int(code)) for code in text.split(",")),
    "reversed": lambda text: text[::-1],
    "unescape": lambda text: re.sub(
        "%u(....)|%(..)", lambda found: chr(int(found.group(1) or found.group(2), 16)), text
    ),
    "hex_escapes": lambda text: text.encode("ascii").decode("unicode_escape"),
}


@pytest.mark.parametrize("name", sorted(READ_BACK))
def test_an_encoding_can_be_undone(name):
    text = "<a href='http://a.example/'>金澜 100%</a>"
    assert encoded(f"before [[{name}:{text}]] after") != f"before {text} after"
    assert READ_BACK[name](ENCODINGS[name](text)) == text


def test_all_but_the_packer_are_undone_here():
    assert set(ENCODINGS) - set(READ_BACK) == {"packed"}


def test_the_packer_gives_its_script_back():
    script = "document.writeln('a.example');var b=document.title;"
    packed = ENCODINGS["packed"](script)
    found = re.search(r"return p}\('(.*)',36,(\d+),'(.*)'\.split", packed)
    assert found
    body, words = found.group(1), found.group(3).split("|")
    assert "writeln('a" not in body
    assert len(words) == int(found.group(2))
    read = re.sub(r"\b\w+\b", lambda word: words[int(word.group(), 36)], body)
    assert read.replace("\\'", "'") == script
