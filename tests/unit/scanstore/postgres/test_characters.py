"""Texts that PostgreSQL cannot hold come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.scanstore.postgres.characters import original, original_row, storable

TEXTS = st.text(st.sampled_from("\x00\x01\x0201aé🎲")) | st.text()


@given(TEXTS)
def test_every_text_comes_back_and_holds_nothing_that_is_refused(text):
    stored = storable(text)
    assert "\x00" not in stored
    assert original(stored) == text


@given(TEXTS, TEXTS)
def test_texts_that_differ_stay_different(one, other):
    assert (storable(one) == storable(other)) == (one == other)


@given(TEXTS, TEXTS)
def test_what_is_in_a_text_is_found_in_it(part, around):
    assert storable(part) in storable(around + part + around)


def test_half_a_surrogate_pair_becomes_a_question_mark():
    assert storable("x\ud800y\x00") == "x?y\x010"


@pytest.mark.parametrize("value", [None, 7, True, b"\x00\x01"])
def test_what_is_no_text_stays(value):
    assert storable(value) is value
    assert original(value) is value


def test_a_row_comes_back_field_by_field():
    assert original_row((1, "a\x010", None)) == (1, "a\x00", None)
