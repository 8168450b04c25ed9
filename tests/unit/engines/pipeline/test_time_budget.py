from app.engines.pipeline.time_budget import (
    BROWSER_MAX_S,
    BROWSER_MIN_S,
    BROWSER_PAGE_S,
    ELAPSED,
    TimeBudget,
)
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


def new_budget(*, spent_s=0.0, monotonic=lambda: 0.0):
    """Of a scan that has been at work so long."""
    return TimeBudget(limit_s=7_200, store=Checkpoints({ELAPSED: spent_s}), monotonic=monotonic)


def test_a_scan_waits_for_its_browser_as_long_as_the_rest_of_it_took_and_longer_for_what_violates():
    assert new_budget().browser_left_s() == BROWSER_MIN_S
    assert new_budget(spent_s=100).browser_left_s() == 100
    assert new_budget(spent_s=100).browser_left_s(urgent=2) == 100 + 2 * BROWSER_PAGE_S
    assert new_budget(spent_s=5_000).browser_left_s(urgent=9) == BROWSER_MAX_S


def test_what_a_page_that_violates_is_worth_counts_on_when_it_was_rendered_also_in_the_next_attempt():
    """As long as there is another one to wait for: the time that it took counts on, too."""
    store, ticks = Checkpoints(), Ticks()
    budget = TimeBudget(limit_s=7_200, store=store, monotonic=ticks)
    budget.note_browser_wait(BROWSER_MIN_S)
    budget.count_urgent_rendering()
    budget.count_urgent_rendering()
    assert budget.browser_left_s() == 0
    assert budget.browser_left_s(urgent=1) == 3 * BROWSER_PAGE_S
    budget.save()
    again = TimeBudget(limit_s=7_200, store=store, monotonic=ticks)
    assert (again.browser_left_s(), again.browser_left_s(urgent=1)) == (0, 3 * BROWSER_PAGE_S)


def test_what_it_has_waited_is_no_work_of_its_own_nor_is_it_forgotten_by_the_next_attempt():
    store, ticks = Checkpoints(), Ticks()
    budget = TimeBudget(limit_s=7_200, store=store, monotonic=ticks)
    ticks.now = 140
    budget.note_browser_wait(50)
    assert budget.browser_left_s() == 90 - 50
    budget.save()
    assert TimeBudget(limit_s=7_200, store=store, monotonic=ticks).browser_left_s() == 90 - 50
