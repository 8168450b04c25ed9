"""What evidence shows of captured contents."""

from types import SimpleNamespace

import pytest

from app.captures.port import ContentDamaged, ContentMissing, ContentsUnavailable
from app.core.errors import Unavailable
from app.domain.scan_facts import Capture
from app.findings.evidence.exposures import Site
from app.findings.evidence.kept_contents import (
    REST_S,
    KeptContents,
    decode,
    find_excerpt,
    screenshot_of,
    screenshots_of,
)
from tests.support.cpu_time import least_cpu_s
from tests.unit.findings.evidence.conftest import CASINO, HOME


class Contents:
    def __init__(self, outcome):
        self.outcome, self.asked = outcome, 0

    def get(self, sha256):
        self.asked += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("lost", [ContentMissing("x"), ContentDamaged("x")])
def test_what_is_lost_is_none_and_the_storage_is_asked_again(lost):
    contents = Contents(lost)
    kept = KeptContents(contents)
    assert kept.read("x") is kept.read("x") is None
    assert contents.asked == 2


@pytest.mark.parametrize("failure", [ContentsUnavailable("no"), PermissionError(13, "no")])
def test_what_cannot_be_had_now_is_not_taken_for_lost(failure):
    with pytest.raises(Unavailable) as refused:
        KeptContents(Contents(failure)).read("x")
    assert refused.value.code == "captures_unavailable"
    assert KeptContents(Contents(failure)).read_if_possible("x") is None


def test_a_storage_that_did_not_answer_is_left_alone_for_a_while():
    """A finding shows many places in sources: one of them waits, the others do not."""
    contents, clock = Contents(ContentsUnavailable("no")), Clock()
    kept = KeptContents(contents, monotonic=clock)
    assert [kept.read_if_possible("x") for _ in range(20)] == [None] * 20
    assert contents.asked == 1
    contents.outcome = b"back"
    clock.now += REST_S
    assert kept.read("x") == b"back"


SOURCE = "<html>\n<body>\n<p>x</p>\n<a href='http://bad.test/?a=1&amp;b=2'>Casino</a>\n</body>"


def marked(found):
    return [found.text[mark.start : mark.end] for mark in found.marks]


def test_the_address_as_written_is_found_with_its_element_and_where_that_is():
    found = find_excerpt(SOURCE, "http://bad.test/?a=1&b=2")
    assert marked(found) == ["<a href='http://bad.test/?a=1&amp;b=2'>Casino</a>"]
    assert SOURCE[found.offset :].startswith(found.text)
    assert (found.offset, found.line, found.column) == (0, 4, 1)


def test_line_and_column_are_those_of_the_element_and_not_of_where_the_excerpt_begins():
    source = "\n" * 500 + "<p>\n" * 9 + "<p>中 <a\n  href='/x'>"
    found = find_excerpt(source, "/x")
    assert source.split("\n")[found.line - 1][found.column - 1 :] == "<a"
    assert source.count("\n", 0, found.offset) + 1 < found.line


def test_an_excerpt_begins_and_ends_where_tags_do():
    """On either side a tag lies across the limit: neither is cut."""
    shown = f'{"y" * 95}</i><a href="/x">Casino</a><b>{"z" * 80}</b>'
    assert find_excerpt(f'<p><i>{shown}<p class="{"x" * 60}">', "/x").text == shown


def test_what_hides_a_link_is_in_its_excerpt_and_marked():
    hider = '<div style="position:absolute;left:-9999px">'
    source = f'<p>{"y" * 500}</p>{hider}{"<a href=/o>o</a>" * 20}<a href="/x">Casino</a>\n</div><p>'
    found = find_excerpt(source, "/x", "Casino", hidden="off_screen")
    assert marked(found) == [hider, '<a href="/x">Casino</a>', "</div>"]
    assert source[found.offset :].startswith(found.text)


def test_of_several_places_the_one_with_the_links_text_is_meant():
    source = "<a href='/x'>" + "y" * 2_000 + "<a href='/x'>Casino</a>"
    assert find_excerpt(source, "/x", "Casino").offset > 1_000
    assert find_excerpt(source, "/x", "nowhere").offset == 0


HIDDEN = '<a href="/x" style="display:none">Casino</a>'
SEEN = "<a href=/x>Casino</a>"


@pytest.mark.parametrize("source", [SEEN + "\n" * 300 + HIDDEN, HIDDEN + "\n" * 300 + SEEN])
def test_of_places_with_the_same_text_the_one_with_the_elements_attributes_is_meant(source):
    assert marked(find_excerpt(source, "/x", "Casino", HIDDEN.removesuffix("</a>"))) == [HIDDEN]
    assert marked(find_excerpt(source, "/x", "Casino", '<a href="/x">Casino')) == [SEEN]


def test_places_that_look_the_same_are_taken_in_their_order():
    source = ("<i hidden>" + SEEN + "</i>\n" * 300) * 3
    found = [find_excerpt(source, "/x", "Casino", '<a href="/x">Casino', earlier=number).line for number in range(4)]
    assert found[0] < found[1] < found[2] == found[3]


def test_a_source_without_tags_around_the_address_is_searched_all_the_same():
    assert find_excerpt("/x Casino /x Casino", "/x", "Casino", "<a").offset == 0


@pytest.mark.parametrize("raw", ["", "http://not.there/"])
def test_what_is_not_there_is_not_found(raw):
    assert find_excerpt(SOURCE, raw) is None


def test_links_whose_text_is_their_address_are_taken_in_their_order():
    source = "\n".join(["<a href='/x'>/x</a>"] * 3)
    assert [find_excerpt(source, "/x", "/x", '<a href="/x">/x', earlier=number).line for number in range(3)] == [
        1,
        2,
        3,
    ]


@pytest.mark.parametrize(
    "junk", ["a" * 560, ("a" * 60 + " ") * 9, "a=" * 270, "a='" * 180, '<a ="' * 100, "<!--" * 140, "<a" * 280]
)
def test_a_page_cannot_make_a_search_among_its_tags_long(junk):
    source = f'<a {junk} href="/x">Casino</a>\n' * 3_000
    found = []
    cost_s = least_cpu_s(
        lambda: found.append(find_excerpt(source, "/x", "Casino", '<a href="/x">Casino')), enough_s=0.1
    )
    assert None not in found
    assert cost_s < 0.1  # seconds; fifty references of one finding may be looked for


@pytest.mark.parametrize("charset", ["gbk", "GB18030", "no such", "", "hex", "zlib", "rot13", "idna", "x\0y"])
def test_any_charset_that_a_page_names_gives_a_text(charset):
    assert decode("中文".encode("gbk"), charset)
    assert decode(b"", charset) == ""


def test_the_declared_charset_is_used():
    assert decode("中文".encode("gbk"), "gbk") == "中文"
    assert decode("中文".encode(), "nonsense") == "中文"


def found(domain, url):
    return SimpleNamespace(domain=domain, url=url, violation_id=url, content_hosts=None)


def test_the_page_of_the_content_comes_before_others_of_a_third_party_and_alone_of_the_site(store, reader):
    other, seen = "https://casino.test/a", "https://casino.test/z"
    for url, final_url, sha256 in ((other, other, "aa"), (CASINO + "go", seen, "bb")):
        store.put_capture(Capture("casino.test", "casino.test", url, final_url, 200, screenshot_sha256=sha256))
    store.put_capture(Capture("corp.test", "www.corp.test", HOME, HOME, 200, screenshot_sha256="cc"))
    store.flush()
    rows = [
        found("casino.test", seen),
        found("casino.test", "https://casino.test/never-captured"),
        found("partner.test", "http://partner.test/"),
        found("corp.test", HOME),
        found("corp.test", "https://www.corp.test/other"),
    ]
    assert list(screenshots_of(reader, Site("corp.test"), rows).values()) == ["bb", "aa", "", "cc", ""]


def test_the_screenshot_of_a_host_that_is_not_accused_stands_for_no_other(reader, tenants):
    captures = reader.capture_fields_of(["farm.test"])["farm.test"]
    seen = "https://a.farm.test/never-captured"
    assert screenshot_of(captures, seen, ["a.farm.test"]) == "a" * 64
    assert screenshot_of(captures[1:], seen, ["a.farm.test"]) == ""
    assert screenshot_of(captures[1:], seen, None) == "b" * 64
