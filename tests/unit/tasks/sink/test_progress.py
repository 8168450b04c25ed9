from hypothesis import given
from hypothesis import strategies as st

from app.domain.projection import TaskProjection, apply
from app.domain.scan_facts import Counts
from app.domain.stages import STAGES, StageKey, StageStatus
from app.tasks.sink.progress import ProgressTracker
from app.tasks.sink.remaining_time import RemainingTime

KEYS = [spec.key for spec in STAGES]


def test_the_stage_named_is_the_lowest_that_has_not_ended():
    tracker = ProgressTracker("en")
    tracker.enter(StageKey.PAGE_CRAWL, StageStatus.RUNNING)
    tracker.move(StageKey.PAGE_CRAWL, 0.5, "crawling", Counts())
    assert tracker.body(0.0).stage_key == StageKey.SUBDOMAIN_DISCOVERY
    tracker.enter(StageKey.SUBDOMAIN_DISCOVERY, StageStatus.COMPLETED)
    body = tracker.body(0.0)
    assert (body.stage_key, body.stage_index, body.message, body.stage_progress) == (
        StageKey.PAGE_CRAWL,
        2,
        "crawling",
        50,
    )


def test_the_message_is_that_of_the_running_stage_that_moves_most_of_late():
    tracker = ProgressTracker("en")
    for key in KEYS[:4]:
        tracker.enter(key, StageStatus.RUNNING)
    tracker.move(StageKey.SUBDOMAIN_DISCOVERY, 0.3, "discovering", Counts())
    assert tracker.body(0.0).message == "discovering"
    for step in range(1, 20):
        tracker.move(StageKey.PAGE_CRAWL, step / 20, f"crawling {step}", Counts())
        tracker.move(StageKey.SUBDOMAIN_DISCOVERY, 0.3 + step / 200, "still discovering", Counts())
    body = tracker.body(0.0)
    assert (body.stage_key, body.message) == (StageKey.SUBDOMAIN_DISCOVERY, "crawling 19")
    tracker.enter(StageKey.PAGE_CRAWL, StageStatus.COMPLETED)
    assert tracker.body(0.0).message == "still discovering"


def test_before_a_stage_says_anything_its_name_is_the_message():
    body = ProgressTracker("en").body(0.0)
    assert (body.message, body.text_key, body.lang) == ("Subdomain discovery", "stage.subdomain_discovery", "en")


def test_100_is_reached_by_the_end_of_every_stage_alone():
    tracker = ProgressTracker("en")
    for key in KEYS:
        tracker.move(key, 1.0, "", Counts())
    assert tracker.body(0.0).progress == 99
    for key in KEYS:
        tracker.enter(key, StageStatus.COMPLETED)
    assert tracker.body(0.0).progress == 100


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
        body = tracker.body(0.0)
        assert (body.progress, body.counts["pages"]) >= last
        last = (body.progress, body.counts["pages"])
    state = TaskProjection(progress=last[0], statistics={"total_pages_crawled": last[1]})
    resumed = ProgressTracker.resume(state, "en", RemainingTime())
    resumed.move(StageKey.PAGE_CRAWL, 0.0, "", Counts())
    assert (resumed.body(0.0).progress, resumed.body(0.0).counts["pages"]) >= last


def test_each_stage_that_runs_says_how_far_it_is():
    tracker = ProgressTracker("en")
    for key in (StageKey.PAGE_CRAWL, StageKey.AI_ANALYSIS):
        tracker.enter(key, StageStatus.RUNNING)
    tracker.move(StageKey.AI_ANALYSIS, 0.4, "analysing", Counts())
    body = tracker.body(1.0)
    assert (body.stage_key, body.stage_progress) == (StageKey.SUBDOMAIN_DISCOVERY, 0)
    assert body.stages_progress == {StageKey.PAGE_CRAWL: 0, StageKey.AI_ANALYSIS: 40}
    state = apply(TaskProjection(), "task_progress", body.fields, attempt=1, at="now")
    assert {stage.key: stage.progress for stage in state.stages if stage.progress} == {StageKey.AI_ANALYSIS: 40}
