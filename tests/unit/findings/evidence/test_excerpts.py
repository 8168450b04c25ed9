"""Where a reference stands in a page's source."""

import pytest

from app.findings.evidence.excerpts import decode, find_excerpt
from tests.support.cpu_time import least_cpu_s

SOURCE = "<html>\n<body>\n<p>x</p>\n<a href='http://bad.test/?a=1&amp;b=2'>Casino</a>\n</body>"


def test_the_address_as_written_is_found_with_its_line():
    found = find_excerpt(SOURCE, "http://bad.test/?a=1&b=2")
    assert "http://bad.test/?a=1&amp;b=2" in found.text
    assert SOURCE[found.offset :].startswith(found.text)
    assert found.line == 1


def test_the_line_is_that_in_which_the_excerpt_begins():
    source = "\n" * 500 + SOURCE
    found = find_excerpt(source, "http://bad.test/?a=1&b=2")
    assert found.line == source.count("\n", 0, found.offset) + 1 > 400


def test_of_several_places_the_one_with_the_links_text_is_meant():
    source = "<a href='/x'>" + "y" * 2_000 + "<a href='/x'>Casino</a>"
    assert find_excerpt(source, "/x", "Casino").offset > 1_000
    assert find_excerpt(source, "/x", "nowhere").offset == 0


HIDDEN = '<a href="/x" style="display:none">Casino</a>'
SEEN = "<a href=/x>Casino</a>"


@pytest.mark.parametrize("source", [SEEN + "\n" * 300 + HIDDEN, HIDDEN + "\n" * 300 + SEEN])
def test_of_places_with_the_same_text_the_one_with_the_elements_attributes_is_meant(source):
    hidden = find_excerpt(source, "/x", "Casino", HIDDEN.removesuffix("</a>"))
    seen = find_excerpt(source, "/x", "Casino", '<a href="/x">Casino')
    assert HIDDEN in hidden.text
    assert HIDDEN not in seen.text


def test_places_that_look_the_same_are_taken_in_their_order():
    source = ("<i hidden>" + SEEN + "</i>\n" * 300) * 3
    found = [find_excerpt(source, "/x", "Casino", '<a href="/x">Casino', earlier=number).line for number in range(4)]
    assert found[0] < found[1] < found[2] == found[3]


def test_a_source_without_tags_around_the_address_is_searched_all_the_same():
    assert find_excerpt("/x Casino /x Casino", "/x", "Casino", "<a").offset == 0


@pytest.mark.parametrize("raw", ["", "http://not.there/"])
def test_what_is_not_there_is_not_found(raw):
    assert find_excerpt(SOURCE, raw) is None


@pytest.mark.parametrize("junk", ["a" * 560, ("a" * 60 + " ") * 9, "a=" * 270, "a='" * 180])
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
