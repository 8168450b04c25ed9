"""The element of a reference in the source of its page, and the one that hides it."""

import pytest

from app.findings.evidence.source_elements import Span, surroundings_of


def shown(source, hidden=None, reference="/x"):
    at = source.index(reference)
    found = surroundings_of(source, Span(at, at + len(reference)), hidden)
    return [source[part.start : part.end] for part in found.marked]


@pytest.mark.parametrize(
    ("source", "element"),
    [
        ("<p><a href=/x>text <b>bold</b></a></p>", "<a href=/x>text <b>bold</b></a>"),
        ("<A HREF='/x'\n>text</A><a>", "<A HREF='/x'\n>text</A>"),
        ("<img src='/x'><p>", "<img src='/x'>"),
        ("<div data-x='/x'><div>in</div></div><p>", "<div data-x='/x'><div>in</div></div>"),
        ("<a title='a > b' href=/x>text</a>", "<a title='a > b' href=/x>text</a>"),
        ("<a title=it's href=/x>text</a><p>it's", "<a title=it's href=/x>text</a>"),
        ("<script src=/x></script><p>", "<script src=/x></script>"),
        ("<p><!-- <a href=/x>text</a> --><p>", "<!-- <a href=/x>text</a> -->"),
        ("<a href=/x>never closed<a href=/o>o</a>", "<a href=/x>"),
        ("<a href=/x>never closed", "<a href=/x>"),
        ("<script>location='/x'</script>", "/x"),
        ("no tags /x", "/x"),
        ("<!-- never closed <a href=/x>text</a>", "/x"),
        ("a < b /x > c", "/x"),
    ],
)
def test_the_element_is_the_one_whose_start_tag_or_comment_has_the_reference(source, element):
    assert shown(source) == [element]


LINK = "<a href=/x>text</a>"


@pytest.mark.parametrize(
    ("before", "hider", "between", "after", "kind"),
    [
        ("<div>", "<div style='display:none'>", "<p>", "</div>", "display_none"),
        ("", "<div hidden>", "<br><p>other</p>", "</div>", "display_none"),
        ("", '<ul style="color:red; Position : absolute;LEFT:-9999px">', "<li>o<li>", "</ul>", "off_screen"),
        ("", "<span style=font-size:0>", "", "</span>", "zero_font"),
        ("", "<marquee height=1>", "", "</marquee>", "marquee"),
        ("<div style='display:none'>closed</div>", "<i style='display:none'>", "", "</i>", "display_none"),
    ],
)
def test_what_hides_it_is_the_element_around_it_that_says_so(before, hider, between, after, kind):
    assert shown(f"{before}{hider}{between}{LINK}{after}<p>", kind) == [hider, LINK, after]


def test_an_element_around_it_whose_end_is_not_near_has_its_start_tag_alone():
    assert shown(f"<div hidden>{LINK}{'y' * 2_000}</div>", "display_none") == ["<div hidden>", LINK]
    assert shown("<div hidden><a href=/x>text</div></a>", "display_none") == [
        "<div hidden>",
        "<a href=/x>text</div></a>",
    ]


@pytest.mark.parametrize(
    "source",
    [
        f"<div style='display:none'></div>{LINK}",
        f"<div style='color:red' class=hidden title='a hidden b'>{LINK}</div>",
        f"<div class=far>{LINK}</div>",
        f"<li style='display:none'>one<li>{LINK}",
        f"<img style='display:none'>{LINK}",
        f"<!-- <div style='display:none'> -->{LINK}",
        f"<div data-style='display:none'>{LINK}</div>",
    ],
)
def test_nothing_else_is_taken_for_what_hides_it(source):
    assert shown(source, "display_none") == [LINK]


def test_a_link_that_hides_itself_or_is_not_hidden_has_no_other_mark():
    own = "<a href=/x style='display:none'>text</a>"
    assert shown(f"<div style='display:none'>{own}</div>", "display_none") == [own]
    assert shown(f"<div style='display:none'>{LINK}</div>") == [LINK]


def test_the_borders_of_all_tags_around_are_given_in_order():
    found = surroundings_of(f"<p>{LINK}</p>", Span(11, 13), None)
    assert list(found.borders) == [0, 3, 3, 14, 18, 22, 22, 26]
