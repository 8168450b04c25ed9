"""Looks of pages: as text and back, and how far apart they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.page_looks import DIGITS, STEPS, PageLook

BITS = st.integers(0, (1 << STEPS) - 1)
LOOKS = st.builds(PageLook, BITS, BITS)


@given(LOOKS)
def test_a_look_is_read_as_it_was_written(look):
    text = str(look)
    assert len(text) == DIGITS
    assert PageLook.parse(text) == look


@pytest.mark.parametrize("text", ["", "0" * (DIGITS - 1), "0" * (DIGITS + 1), "-" + "0" * (DIGITS - 1), "g" * DIGITS])
def test_anything_else_is_none(text):
    assert PageLook.parse(text) is None


@given(LOOKS, LOOKS)
def test_distance_is_the_same_both_ways_and_a_share(one, other):
    assert one.distance(other) == other.distance(one)
    assert 0 <= one.distance(other) <= 1
    assert one.distance(one) == (0 if one.detail else 1)


def test_what_is_flat_in_both_does_not_make_them_alike():
    assert PageLook(0b0011, 0b1000).distance(PageLook(0b0110, 0b1000)) == 0.5
    assert PageLook(0b1, 0).distance(PageLook(0, 0b1)) == 1.0
    assert PageLook(0, 0).distance(PageLook(0, 0)) == 1.0
    assert PageLook(0b11, 0b110).detail == 3


def test_turns_are_counted_and_not_steps():
    assert PageLook((1 << 160) - 1, 0).turns == 1
    assert PageLook(0b0101, 0b1010).turns == 4
    assert PageLook(0, 0).turns == 0
