from hypothesis import given
from hypothesis import strategies as st

from app.domain.stages import STAGES, StageKey, StageStatus
from app.engines.model import Counts
from app.events.state import TaskState
from app.tasks.progress import ProgressTracker

KEYS = [spec.key for spec in STAGES]


def test_the_stage_named_is_the_lowest_that_has_not_ended():
    tracker = ProgressTracker("en")
    tracker.enter(StageKey.PAGE_CRAWL, StageStatus.RUNNING)
    tracker.move(StageKey.PAGE_CRAWL, 0.5, "crawling", Counts())
    assert tracker.body().stage_key == StageKey.SUBDOMAIN_DISCOVERY
    tracker.enter(StageKey.SUBDOMAIN_DISCOVERY, StageStatus.COMPLETED)
    body = tracker.body()
    assert (body.stage_key, body.stage_index, body.message, body.stage_progress) == (
        StageKey.PAGE_CRAWL,
        2,
        "crawling",
        50,
    )


def test_100_is_reached_by_the_end_of_every_stage_alone():
    tracker = ProgressTracker("en")
    for key in KEYS:
        tracker.move(key, 1.0, "", Counts())
    assert tracker.body().progress == 99
    for key in KEYS:
        tracker.enter(key, StageStatus.COMPLETED)
    assert tracker.body().progress == 100


def test_a_status_is_news_once():
    tracker = ProgressTracker("en")
    assert tracker.enter(StageKey.PAGE_CRAWL, StageStatus.RUNNING)
    assert not tracker.enter(StageKey.PAGE_CRAWL, StageStatus.RUNNING)
    assert tracker.enter(StageKey.PAGE_CRAWL, StageStatus.COMPLETED)
    assert not tracker.enter(StageKey.PAGE_CRAWL, StageStatus.RUNNING)


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.floats(-1, 2), st.booleans(), st.integers(0, 9))))
def test_progress_and_counts_never_fall_not_even_over_a_requeue(steps):
    tracker, last = ProgressTracker("en"), (0, 0)
    for key, fraction, ends, pages in steps:
        tracker.move(key, fraction, "", Counts(pages=pages))
        if ends:
            tracker.enter(key, StageStatus.COMPLETED)
        body = tracker.body()
        assert (body.progress, body.counts["pages"]) >= last
        last = (body.progress, body.counts["pages"])
    state = TaskState(progress=last[0], statistics={"total_pages_crawled": last[1]})
    resumed = ProgressTracker.resume(state, "en")
    resumed.move(StageKey.PAGE_CRAWL, 0.0, "", Counts())
    assert (resumed.body().progress, resumed.body().counts["pages"]) >= last
