from hypothesis import given
from hypothesis import strategies as st

from app.domain.stages import STAGES, StageKey, StageStatus
from app.engines.pipeline.stage_tracker import StageTracker

KEYS = [spec.key for spec in STAGES]


class Sink:
    def __init__(self):
        self.stages = []

    async def stage(self, key, status, *, duration_ms=None):
        self.stages.append((key, status, duration_ms))


class Ticks:
    now = 0.0

    def __call__(self):
        return self.now


@given(st.permutations(KEYS), st.sets(st.sampled_from(KEYS)))
async def test_stages_end_in_order_whatever_the_order_in_which_they_are_through(order, begun):
    sink, ticks = Sink(), Ticks()
    tracker = StageTracker(sink=sink, monotonic=ticks)
    for key in begun:
        await tracker.begin(key)
        await tracker.begin(key)
    for key in order:
        ticks.now += 1
        await tracker.finish(key)
    ends = [(key, status) for key, status, _ in sink.stages if status is not StageStatus.RUNNING]
    assert [key for key, _ in ends] == KEYS
    assert all((status is StageStatus.COMPLETED) == (key in begun) for key, status in ends)


async def test_the_duration_is_that_of_the_stages_own_work():
    sink, ticks = Sink(), Ticks()
    tracker = StageTracker(sink=sink, monotonic=ticks)
    await tracker.begin(StageKey.PAGE_CRAWL)
    ticks.now = 2.5
    await tracker.finish(StageKey.PAGE_CRAWL)
    assert tracker.has_finished(StageKey.PAGE_CRAWL)
    ticks.now = 60
    await tracker.finish(StageKey.SUBDOMAIN_DISCOVERY)
    assert (StageKey.PAGE_CRAWL, StageStatus.COMPLETED, 2_500) in sink.stages
