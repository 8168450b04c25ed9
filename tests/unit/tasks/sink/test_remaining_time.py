import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tasks.sink.remaining_time import FROM_PERCENT, MIN_ELAPSED_S, MIN_SAMPLE, Estimate, RemainingTime

LAST = RemainingTime([100, 200, 300, 400, 500])


def test_at_first_the_others_say_how_long_it_takes():
    assert LAST.estimate(10, 0.0) == Estimate(162, 243, 324)


def test_towards_the_end_its_own_pace_does_and_the_range_is_narrow():
    slow = LAST.estimate(90, 9_000.0)
    assert slow == Estimate(902, 903, 904)


@pytest.mark.parametrize("percent", [0, FROM_PERCENT - 1, 100])
def test_nothing_is_said_before_ten_percent_and_at_the_end(percent):
    assert LAST.estimate(percent, 60.0) is None


def test_where_too_few_scans_were_completed_its_own_pace_gives_a_wide_range():
    alone = RemainingTime([100] * (MIN_SAMPLE - 1))
    assert alone.estimate(25, 60.0) == Estimate(90, 180, 540)
    assert alone.estimate(50, MIN_ELAPSED_S - 1) is None, "its pace is that of its start"
    assert RemainingTime([100] * MIN_SAMPLE).estimate(50, 100.0) == Estimate(75, 75, 75)


@given(
    st.lists(st.integers(0, 10**6), min_size=MIN_SAMPLE, max_size=50),
    st.integers(FROM_PERCENT, 99),
    st.floats(0, 10**6),
)
def test_the_range_holds_what_is_likely_and_is_never_negative(durations, percent, elapsed_s):
    estimate = RemainingTime(durations).estimate(percent, elapsed_s)
    assert 0 <= estimate.min_s <= estimate.likely_s <= estimate.max_s
