"""XML, written as a parser of HTML understands it."""

import pytest

from app.engines.html.xml import as_html, is_xml


@pytest.mark.parametrize(
    ("content_type", "text", "expected"),
    [
        ("application/xhtml+xml; charset=utf-8", "<html>", True),
        ("text/xml", "", True),
        ("image/svg+xml", "<svg>", True),
        ("text/html", "\ufeff \n<?xml version='1.0'?><html>", True),
        ("text/html", "<p><?xml", False),
        ("application/xmlfoo", "<p>", False),
    ],
)
def test_xml_is_known_by_its_type_or_its_beginning(content_type, text, expected):
    assert is_xml(content_type, text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a href='x/y'/>after", "<a href='x/y'></a>after"),
        ("<br/><img src=x/>", "<br/><img src=x/>"),
        ("<p><![CDATA[<b>x</b>]]></p>", "<p><b>x</b></p>"),
        ("<p>nothing to do</p>", "<p>nothing to do</p>"),
    ],
)
def test_nothing_closes_itself_and_sections_are_markup(text, expected):
    assert as_html(text) == expected
