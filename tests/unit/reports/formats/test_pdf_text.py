"""Texts of a PDF: what is drawn, what is cut, and what is marked."""

import pytest

from app.reports.formats.pdf_tags import Element
from app.reports.formats.pdf_text import MISSING, Badge, PlainText, TextStyle, known, text_width

STYLE = TextStyle(10)


@pytest.fixture
def text():
    return PlainText("word " * 100, STYLE, Element("P"))


def test_its_height_is_that_of_its_lines(text):
    width, height = text.wrap(100, 1_000)
    assert width == 100
    assert height == pytest.approx(STYLE.leading * round(height / STYLE.leading))
    assert height > 20 * STYLE.leading


def test_it_is_cut_between_lines_and_neither_part_is_a_single_line(text):
    _, height = text.wrap(100, 1_000)
    first, second = text.split(100, height / 2)
    assert first.wrap(100, 1_000)[1] + second.wrap(100, 1_000)[1] == pytest.approx(height)
    assert text.split(100, STYLE.leading * 1.5) == []
    short = PlainText("one line", STYLE, Element("P"))
    assert short.split(100, 5) == []


def test_characters_that_the_font_lacks_are_squares():
    assert known("a\u0639中\n") == f"a{MISSING}中\n"


def test_chinese_characters_are_as_wide_as_they_are_high():
    assert text_width("中文", 10) == pytest.approx(20)


def test_a_badge_is_as_wide_as_its_text_and_never_cut():
    badge = Badge("high 60", "high", Element("TD"))
    width, _ = badge.wrap(400, 100)
    assert text_width("high 60", 7.5) < width < 60
    assert badge.split(400, 1) == []
