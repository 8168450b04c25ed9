from hypothesis import given
from hypothesis import strategies as st

from app.tasks.sink.line_limit import WINDOW_S, LineLimit


def test_so_many_lines_a_second_are_kept_and_the_others_are_reported_once_after_it():
    limit = LineLimit(lines_per_s=3, max_bytes=1_000)
    assert [limit.admit(1, 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert limit.due_at() == WINDOW_S
    assert limit.take_dropped(0.5) == 0
    assert limit.take_dropped(WINDOW_S) == 2
    assert (limit.due_at(), limit.take_dropped(WINDOW_S)) == (None, 0)
    assert limit.admit(1, WINDOW_S)


def test_the_line_that_reaches_the_limit_of_bytes_is_the_last():
    limit = LineLimit(lines_per_s=100, max_bytes=100, used_bytes=50)
    assert limit.admit(30, 0.0)
    assert limit.admit(30, 0.0)
    assert limit.is_full
    assert not limit.admit(1, 0.0)
    assert limit.due_at() is None  # only the end of the log reports these
    assert limit.take_dropped(99.0) == 0
    assert limit.take_dropped(99.0, everything=True) == 1


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(1, 500), st.floats(0, 0.5)), max_size=200),
)
def test_every_line_is_kept_or_counted_and_none_above_the_rate(lines_per_s, steps):
    limit, now, kept, dropped, times = LineLimit(lines_per_s=lines_per_s, max_bytes=10_000), 0.0, 0, 0, []
    for size, pause_s in steps:
        now += pause_s
        dropped += limit.take_dropped(now)
        if limit.admit(size, now):
            kept += 1
            times.append(now)
    dropped += limit.take_dropped(now, everything=True)
    assert kept + dropped == len(steps)
    assert all(sum(moment <= other < moment + WINDOW_S for other in times) <= 2 * lines_per_s for moment in times)
