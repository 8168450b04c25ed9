"""Where lines end, in either language, with a font in which every character has its class's width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.formats.line_breaks import break_lines

OPENING, CLOSING = "（“《", "，。”）》；"


def measure(text):
    """Return the width: 2 for a Chinese character, 1 for any other."""
    return sum(2.0 if char >= "⺀" or char in "“”" else 1.0 for char in text)


def lines(text, width):
    return [line.rstrip() for line in break_lines(text, width, measure)]


def test_words_stay_whole():
    assert lines("a findings report of words", 12) == ["a findings", "report of", "words"]


def test_chinese_text_breaks_between_characters_but_not_within_latin_words():
    assert lines("扫描发现corp.test存在", 14) == ["扫描发现", "corp.test存在"]


def test_a_closing_mark_begins_no_line_and_may_hang_over_the_margin():
    assert lines("发现问题，处理", 8) == ["发现问题，", "处理"]
    assert lines("发现问题）。处理", 8) == ["发现问", "题）。处", "理"]  # two marks do not hang


def test_an_opening_mark_ends_no_line():
    assert lines("风险为“严重”", 8) == ["风险为", "“严重”"]


def test_a_url_that_is_longer_than_a_line_breaks_behind_its_marks():
    assert lines("see https://a.example/long/path/of/it", 16) == ["see", "https://a.", "example/long/", "path/of/it"]


def test_a_word_without_marks_is_cut_where_the_line_ends():
    assert lines("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]


def test_lines_of_a_text_stay_lines_and_an_empty_text_is_one():
    assert break_lines("a\n\nb", 10, measure) == ["a", "", "b"]
    assert break_lines("", 10, measure) == [""]


@given(st.text(st.sampled_from("ab 中文，。（）“”/.\n"), max_size=80), st.integers(4, 30))
def test_nothing_is_lost_and_every_line_fits(text, width):
    found = break_lines(text, width, measure)
    assert "".join(found) == text.replace("\n", "")
    for line in found:
        seen = line.rstrip(" ")
        assert measure(seen[:-1] if seen[-1:] in (*CLOSING, "（") else seen) <= width


@pytest.mark.parametrize("width", [0.5, 1])
def test_even_a_column_without_room_ends(width):
    assert lines("中文ab", width) == ["中", "文", "a", "b"]
