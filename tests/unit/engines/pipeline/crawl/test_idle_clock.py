"""Only waiting counts, and all of it."""

from hypothesis import given
from hypothesis import strategies as st

from app.engines.pipeline.crawl.idle_clock import IdleClock


class Now:
    seconds = 0.0

    def __call__(self):
        return self.seconds


def test_time_counts_between_looks_with_no_work_between_them_and_else_not():
    now = Now()
    clock = IdleClock(now)
    for at, work, waited_s in [(0, 1, 0), (300, 1, 300), (310, 2, 300), (320, None, 300), (330, 2, 300), (331, 2, 301)]:
        now.seconds = at
        clock.look(work)
        assert clock.waited_s == waited_s


@given(st.lists(st.floats(0.0, 1_000.0), min_size=1))
def test_however_seldom_somebody_looks_all_the_time_counts(pauses):
    now = Now()
    clock = IdleClock(now)
    clock.look(7)
    for pause in pauses:
        now.seconds += pause
        clock.look(7)
    assert abs(clock.waited_s - now.seconds) < 1e-6 * max(1.0, now.seconds)
