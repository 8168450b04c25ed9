"""The oracle finds what is wrong: it needs no process for that."""

import copy
from datetime import UTC, datetime, timedelta

import pytest

from tests.fault.distributed.oracle import Story, judge, latest_s
from tests.fault.distributed.watcher import Watcher

NOW = datetime(2026, 11, 26, tzinfo=UTC)
TYPES = ["task_started", "task_progress", "violation_detected", "task_progress", "task_completed"]
BODIES = [{}, {"progress": 10}, {"violation_id": "v"}, {"progress": 100}, {}]


@pytest.fixture
def story():
    events = [
        {"seq": seq, "attempt": 1, "type": kind, "body": body, "created_at": NOW}
        for seq, (kind, body) in enumerate(zip(TYPES, BODIES, strict=True), start=1)
    ]
    row = {"min_seq": 1, "last_seq": 5, "status": "completed", "worker_id": None, "attempt": 1, "progress": 100}
    return Story(row, events, [{"id": "v", "run": 1, "domain": "a.test", "violation_key": "gambling"}])


@pytest.fixture
def watcher(story):
    """It was told everything but the progress that was overtaken."""
    watcher = Watcher(["http://a.test"], "token", "task")
    watcher._take({"type": "task_snapshot", "seq": 0})
    last = 0
    for event in story.events:
        if event["seq"] != 2:
            watcher._take({"type": event["type"], "seq": event["seq"], "prev_seq": last})
            last = event["seq"]
    return watcher


def test_a_sound_story_has_no_fault(story, watcher):
    assert list(judge(story, [watcher])) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("min_seq", 0),
        ("last_seq", 6),
        ("last_seq", 4),
        ("status", "running"),
        ("worker_id", "worker-1"),
        ("attempt", 2),
        ("progress", 90),
    ],
)
def test_a_row_that_says_otherwise_is_found(story, column, value):
    assert list(judge(Story({**story.row, column: value}, story.events, story.violations), []))


@pytest.mark.parametrize(
    ("seq", "change"),
    [
        (1, {"type": "task_completed"}),
        (2, {"body": {"progress": 101}}),
        (3, {"body": {"violation_id": "another"}}),
        (4, {"attempt": 0}),
        (5, {"type": "task_warning"}),
        (1, {"seq": 2}),
        (5, {"attempt": 2}),
    ],
)
def test_a_log_that_cannot_be_is_found(story, seq, change):
    events = copy.deepcopy(story.events)
    events[seq - 1].update(change)
    assert list(judge(Story(story.row, events, story.violations), []))


def test_what_was_pruned_is_not_missed_and_what_is_above_it_is(story):
    pruned = Story({**story.row, "min_seq": 3}, story.events[1:], story.violations)
    assert list(judge(pruned, [])) == []
    assert list(judge(Story(pruned.row, [story.events[0], *story.events[3:]], []), []))


def test_a_client_may_have_been_told_what_was_pruned_since(story, watcher):
    pruned = Story({**story.row, "min_seq": 3}, story.events[1:], story.violations)
    assert list(judge(pruned, [watcher])) == []
    watcher.subscriber.events[2] = {"type": "task_started"}  # which is still there, and is something else
    assert list(judge(pruned, [watcher]))


def test_a_log_that_goes_on_after_its_end_is_found(story):
    warning = {"seq": 6, "attempt": 1, "type": "task_warning", "body": {}, "created_at": NOW}
    assert list(judge(Story({**story.row, "last_seq": 6}, [*story.events, warning], story.violations), []))


@pytest.fixture
def requeued(story):
    """The same after an attempt that was lost with its worker."""
    before = [
        {"seq": 1, "attempt": 1, "type": "task_started", "body": {}, "created_at": NOW},
        {"seq": 2, "attempt": 1, "type": "task_retrying", "body": {"reason": "worker_lost"}, "created_at": NOW},
    ]
    after = [{**event, "seq": event["seq"] + 2, "attempt": 2} for event in story.events]
    return Story({**story.row, "last_seq": 7, "attempt": 2}, before + after, story.violations)


def test_an_attempt_that_was_lost_needs_no_completion(requeued):
    assert list(judge(requeued, [])) == []


@pytest.mark.parametrize(
    ("seq", "change"),
    [
        (1, {"type": "task_completed"}),  # completed, and lost
        (2, {"body": {"reason": None}}),  # begun anew by a user, and never completed
        (2, {"type": "task_warning"}),  # nothing says why the next one began
        (3, {"type": "task_completed"}),  # twice
        (3, {"type": "task_retrying"}),  # and the next one never began
    ],
)
def test_an_attempt_that_does_not_end_once_is_found(requeued, seq, change):
    requeued.events[seq - 1].update(change)
    assert list(judge(requeued, []))


def test_progress_that_falls_is_found_unless_a_user_has_begun_anew(story):
    falling = copy.deepcopy(story.events)
    falling[1]["body"]["progress"] = 100
    falling[3]["body"]["progress"] = 90
    fallen = Story({**story.row, "progress": 90}, falling, story.violations)
    assert list(judge(fallen, []))
    falling[2].update({"type": "task_retrying", "body": {}})
    assert not any("progress" in fault for fault in judge(fallen, []))


def test_an_event_that_the_log_lost_is_found(story):
    assert list(judge(Story(story.row, story.events[:2] + story.events[3:], []), []))


def test_a_violation_that_was_kept_twice_is_found(story):
    assert list(judge(Story(story.row, story.events, story.violations * 2), []))


@pytest.mark.parametrize("seq", [1, 3, 4, 5])
def test_an_event_that_a_client_was_not_told_is_found(story, watcher, seq):
    del watcher.subscriber.events[seq]
    assert list(judge(story, [watcher]))


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "task_completed", "seq": 5, "prev_seq": 4},  # twice
        {"type": "task_started", "seq": 7, "prev_seq": 6},  # a gap
        {"type": "task_started", "seq": 6, "prev_seq": 5},  # not in the log
        {"type": "task_snapshot", "seq": 5},  # in place of a replay
    ],
)
def test_a_frame_too_many_is_found(story, watcher, frame):
    watcher._take(frame)
    assert list(judge(story, [watcher]))


def test_a_second_snapshot_tells_what_is_below_it_and_is_expected_of_some_alone(story, watcher):
    anew = Watcher(["http://a.test"], "token", "task")
    for frame in ({"type": "task_snapshot", "seq": 0}, {"type": "task_snapshot", "seq": 4}):
        anew._take(frame)
    anew._take({"type": "task_completed", "seq": 5, "prev_seq": 4})
    assert list(judge(story, [anew, watcher], told_anew=[anew])) == []
    assert list(judge(story, [anew]))
    assert list(judge(story, [watcher], told_anew=[watcher]))


def test_the_latest_event_counts(story, watcher):
    watcher.told_at = {1: NOW.timestamp() + 1, 5: (NOW + timedelta(seconds=3)).timestamp()}
    assert latest_s(story, [watcher]) == 3
