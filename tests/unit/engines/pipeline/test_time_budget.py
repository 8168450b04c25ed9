from app.engines.pipeline.time_budget import ELAPSED, TimeBudget
from tests.unit.engines.pipeline.test_stage_tracker import Ticks


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
