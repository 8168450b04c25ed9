"""Nothing is lost when markup and styles are made harmless."""

import pytest

from app.engines.extract.entities import unescape
from app.engines.extract.page import extract
from app.engines.extract.selectors import Shape
from app.engines.extract.tame import MAX_ATTRIBUTES, MAX_BRACKETS, tame_css, tame_markup


def test_an_ordinary_sheet_stays_as_it_is():
    text = "@media (min-width:10px){a:not(.b)[c]{width:calc(1px + (2px * 3))}}"
    assert tame_css(text) == text


def test_blocks_beyond_the_limit_lose_their_brackets_and_what_follows_is_read():
    deep = "(" * 500 + "x" + ")" * 500
    tamed = tame_css(f"a{{b:{deep}}} c{{display:none}}")
    assert tamed.count("(") == MAX_BRACKETS - 1 == tamed.count(")")
    assert tamed.endswith("} c{display:none}")


def test_long_numbers_keep_their_first_digits_and_lose_their_zeros():
    assert tame_css("0" * 500 + "12") == "12"
    assert tame_css("0" * 500) == "0"
    assert tame_css("7" * 5_000) == "7" * 20


def test_every_attribute_of_an_overfull_element_is_read():
    hrefs = "".join(f" data-{number}='//h{number}.test/a'" for number in range(4 * MAX_ATTRIBUTES))
    page = f"<p>before<a{hrefs} href=http://last.test/>text</a>".encode()
    hosts = {reference.url for reference in extract(page, url="http://corp.test/", headers=[]).references}
    assert "http://last.test/" in hosts
    assert len(hosts) == 4 * MAX_ATTRIBUTES + 1


def test_an_ordinary_document_stays_as_it_is():
    text = "<a href='b>c' d=\"e\" f>g</a> 1 < 2 " * 1_000
    assert tame_markup(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&#65;&#x41;&amp;", "AA&"),
        ("&#00000000000065;", "A"),
        ("&#" + "9" * 5_000 + ";", "\ufffd"),
        ("&#x" + "f" * 5_000, "\ufffd"),
        ("&#0000000000;", "\ufffd"),
    ],
)
def test_references_are_undone_whatever_their_numbers_are(text, expected):
    assert unescape(text) == expected


def test_what_a_selector_costs_depends_on_the_tree():
    flat, deep = Shape(nodes=2_000, depth=15, siblings=80), Shape(nodes=2_000, depth=900, siblings=80)
    for selector in ("a", ".a .b > .c .d", "ul li a:not(.x)", "h1 ~ p", "main:not(:is(.a, .b)) p"):
        assert flat.affords(selector), selector
    for selector in (".x * * *", "a:has(b):has(c)", ":not(:not(:not(a)))", "a" * 600):
        assert not deep.affords(selector), selector
