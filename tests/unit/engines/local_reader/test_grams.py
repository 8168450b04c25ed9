"""What of a page the local reader looks at, however the page is written."""

from hypothesis import given
from hypothesis import strategies as st

from app.engines.local_reader.grams import LONGEST, MAX_TEXT, MAX_TITLE, grams_of, plain_text


def test_how_a_word_is_written_changes_nothing():
    assert plain_text("", "赌\u200b博 ＣＡＳＩＮＯ—888") == plain_text("", "赌博，casino 123") == "赌博 casino 000"


def test_every_group_of_one_to_four_characters_is_seen_once():
    assert grams_of("abcab") == {"a", "b", "c", "ab", "bc", "ca", "abc", "bca", "cab", "abca", "bcab"}
    assert grams_of("") == set()


def test_only_the_beginning_counts():
    assert plain_text("t" * 10_000, "x" * 10_000_000) == f"{'t' * MAX_TITLE} {'x' * MAX_TEXT}"


@given(st.text(), st.text())
def test_no_text_is_too_long_or_too_odd(title, text):
    plain = plain_text(title, text * 9)
    assert len(plain) <= MAX_TITLE + MAX_TEXT + 1
    assert all(0 < len(gram) <= LONGEST and gram in plain for gram in grams_of(plain))


def test_a_character_that_stands_for_many_makes_no_long_text():
    assert len(plain_text("", "\ufdfa" * 5_000)) <= MAX_TITLE + MAX_TEXT + 1
