from hypothesis import given
from hypothesis import strategies as st

from app.domain.stages import STAGES, StageKey, StageStatus
from app.engines.graph.budget import ELAPSED, TimeBudget
from app.engines.graph.gauge import NOT_YET, crawl_fraction, follow_fraction
from app.engines.graph.stages import StageBoard
from app.engines.graph.teller import ProgressTeller
from app.engines.model import Counts

KEYS = [spec.key for spec in STAGES]


class Sink:
    def __init__(self):
        self.stages, self.told = [], []

    async def stage(self, key, status, *, duration_ms=None):
        self.stages.append((key, status, duration_ms))

    async def progress(self, key, fraction, message, counts):
        self.told.append((key, fraction, message))


class Ticks:
    now = 0.0

    def __call__(self):
        return self.now


@given(st.permutations(KEYS), st.sets(st.sampled_from(KEYS)))
async def test_stages_end_in_order_whatever_the_order_in_which_they_are_through(order, begun):
    sink, ticks = Sink(), Ticks()
    board = StageBoard(sink=sink, monotonic=ticks)
    for key in begun:
        await board.begin(key)
        await board.begin(key)
    for key in order:
        ticks.now += 1
        await board.finish(key)
    ends = [(key, status) for key, status, _ in sink.stages if status is not StageStatus.RUNNING]
    assert [key for key, _ in ends] == KEYS
    assert all((status is StageStatus.COMPLETED) == (key in begun) for key, status in ends)


async def test_the_duration_is_that_of_the_stages_own_work():
    sink, ticks = Sink(), Ticks()
    board = StageBoard(sink=sink, monotonic=ticks)
    await board.begin(StageKey.PAGE_CRAWL)
    ticks.now = 2.5
    await board.finish(StageKey.PAGE_CRAWL)
    assert board.has_finished(StageKey.PAGE_CRAWL)
    ticks.now = 60
    await board.finish(StageKey.SUBDOMAIN_DISCOVERY)
    assert (StageKey.PAGE_CRAWL, StageStatus.COMPLETED, 2_500) in sink.stages


async def test_only_news_are_told_and_nothing_of_a_stage_that_is_through():
    sink = Sink()
    board = StageBoard(sink=sink, monotonic=Ticks())
    teller = ProgressTeller(sink=sink, board=board)
    for fraction in (0.1, 0.1, 0.2):
        await teller.tell(StageKey.PAGE_CRAWL, fraction, "x", Counts())
    await board.finish(StageKey.PAGE_CRAWL)
    await teller.tell(StageKey.PAGE_CRAWL, 0.3, "x", Counts())
    assert [fraction for _, fraction, _ in sink.told] == [0.1, 0.2]


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1))
def test_fractions_stay_below_the_end(done, more, leading):
    assert 0 <= crawl_fraction(done, done + more, leading) <= NOT_YET
    assert 0 <= follow_fraction(done, done + more, leading) <= NOT_YET


class Checkpoints(dict):
    def checkpoint(self, key):
        return self.get(key)

    put_checkpoint = dict.__setitem__


def test_time_goes_on_where_the_last_attempt_stopped():
    store, ticks = Checkpoints(), Ticks()
    budget = TimeBudget(limit_s=100, store=store, monotonic=ticks)
    ticks.now = 30
    assert (budget.left_s, budget.crawl_limit_s()) == (70, 60)
    budget.save()
    later = TimeBudget(limit_s=100, store=store, monotonic=ticks)
    ticks.now = 200
    assert store[ELAPSED] == 30
    assert later.left_s == 0
    assert later.crawl_limit_s() == 1
