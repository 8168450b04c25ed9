"""The client's fold is the server's fold."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.client.events import Event
from app.client.taskview import MAX_LINES, TaskView
from app.domain.projection import TaskProjection, apply
from app.domain.stages import STAGES, StageKey
from app.domain.tasks import TaskStatus
from app.events import types as events
from app.events.event import Event as CommittedEvent

KEYS = [spec.key for spec in STAGES]
COUNTS = st.dictionaries(st.sampled_from(["subdomains", "pages", "third_parties"]), st.integers(0, 99))
STATISTICS = {
    "total_subdomains": 1,
    "total_pages_crawled": 2,
    "total_third_party_domains": 3,
    "total_violations": 4,
    "execution_duration": 5,
}
PROGRESS = st.builds(
    lambda percent, index, stage, counts: events.TaskProgress(
        progress=percent,
        stage="s",
        message="m",
        stage_key=KEYS[index],
        stage_index=index + 1,
        stage_progress=stage,
        counts=counts or None,
    ),
    st.integers(0, 100),
    st.integers(0, 4),
    st.integers(0, 100),
    COUNTS,
)
STAGE = st.builds(
    lambda key, status: events.TaskStage(stage_key=key, stage="s", status=status),
    st.sampled_from(KEYS),
    st.sampled_from(["running", "completed", "failed", "skipped", "cancelled"]),
)
VIOLATION = st.builds(
    lambda risk, review, number: events.ViolationDetected(
        violation=events.Violation(
            domain="d.example", violation_type="t", risk_level=risk, confidence_score=0.9, description="x"
        ),
        violation_id="v",
        finding_id="gambling.d.example",
        violation_key="gambling",
        needs_review=review,
        violation_counts={"total": number, risk: number},
        finding_counts={"total": 1, risk: 1},
    ),
    st.sampled_from(["low", "medium", "high", "critical"]),
    st.booleans(),
    st.integers(1, 9),
)
WARNING = st.builds(
    lambda place: events.TaskWarning(code="partial", message="w", **place),
    st.sampled_from([{}, {"reason": "robots", "host": "a.example", "count": 3}]),
)
ERROR = st.builds(lambda: events.TaskError(code="internal", error="e", message="m", retryable=True))
RETRYING = st.builds(
    lambda reason: events.TaskRetrying(by="x", reason=reason, next_attempt=2), st.sampled_from([None, "worker_lost"])
)
COMPLETED = st.builds(
    lambda verdict: events.TaskCompleted(
        status="completed", statistics=events.Statistics(**STATISTICS), message="m", verdict=verdict
    ),
    st.sampled_from([None, events.VerdictInfo(result="inconclusive", reasons=("start_page", "server_error"))]),
)
BODIES = st.lists(st.one_of(PROGRESS, STAGE, VIOLATION, WARNING, ERROR, RETRYING, COMPLETED), max_size=40)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def committed(body, seq, attempt=1):
    return CommittedEvent("t", seq, attempt, body.type, body.encoded, NOW)


def received(event):
    fields = {"type": event.type, "task_id": "t", "seq": event.seq, "attempt": event.attempt, "timestamp": "now"}
    return Event.of({**fields, **event.payload()})


@given(bodies=BODIES)
def test_it_is_the_servers_fold(bodies):
    server, view = TaskProjection(), TaskView("t")
    for seq, body in enumerate(bodies, start=1):
        event = committed(body, seq)
        server = apply(server, event.type, event.payload(), attempt=event.attempt, at="now")
        view.apply(received(event))
    assert view.seq == len(bodies)
    assert view.progress == server.progress
    assert view.stage_key == server.stage_key
    assert [(s.key, s.status, s.progress) for s in view.stages] == [
        (s.key, s.status, s.progress) for s in server.stages
    ]
    assert {k: v for k, v in view.statistics.items() if v} == {k: v for k, v in server.statistics.items() if v}
    assert {k: v for k, v in view.violation_counts.items() if v} == dict(server.violation_counts)
    assert view.warnings == server.warnings
    assert view.error == server.error
    assert view.verdict == server.verdict


def snapshot(**changes):
    fields = {
        "type": "task_snapshot",
        "task_id": "t",
        "seq": 40,
        "attempt": 2,
        "timestamp": "now",
        "target_domain": "example.org",
        "status": "running",
        "progress": 30,
        "stage_key": "page_crawl",
        "stages": [{"key": key, "status": "running", "progress": 7} for key in KEYS],
        "statistics": STATISTICS,
        "violations": {"total": 4, "critical": 1, "high": 1, "medium": 1, "low": 1, "needs_review": 2, "recent": []},
        "warnings": [],
        "logs": [{"log_seq": 1, "level": "INFO", "module": "m", "message": "x", "created_at": "now"}],
    }
    return Event.of({**fields, **changes})


def test_a_snapshot_replaces_everything():
    view = TaskView("t")
    view.apply(received(committed(events.TaskWarning(code="partial", message="w"), 99)))
    view.apply(snapshot(queue_position=3))
    assert (view.seq, view.status, view.attempt, view.progress) == (40, TaskStatus.RUNNING, 2, 30)
    assert (view.stage_key, view.queue_position, view.warnings) == (StageKey.PAGE_CRAWL, 3, ())
    assert view.violation_counts["needs_review"] == 2
    assert [line["message"] for line in view.lines] == ["x"]


def test_the_log_keeps_its_newest_lines_only():
    view = TaskView("t")
    for number in range(1, MAX_LINES + 11):
        line = events.LogLine(log_seq=number, level="INFO", module="m", message=str(number), created_at="now")
        view.apply(received(committed(events.TaskLogs(logs=(line,)), number)))
    assert len(view.lines) == MAX_LINES
    assert view.lines[0]["message"] == "11"


def test_its_life_ends_with_a_terminal_status_or_with_the_task():
    view = TaskView("t")
    view.apply(received(committed(events.TaskCreated(target_domain="example.org", message="m"), 1)))
    view.apply(received(committed(events.TaskStarted(target_domain="example.org", message="m"), 2)))
    assert (view.target_domain, view.status, view.ended) == ("example.org", TaskStatus.RUNNING, False)
    view.apply(received(committed(events.TaskCancelling(by="x"), 3)))
    assert view.status is TaskStatus.CANCELLING
    body = events.TaskCompleted(status="cancelled", statistics=events.Statistics(), message="m")
    view.apply(received(committed(body, 4)))
    assert (view.status, view.ended) == (TaskStatus.CANCELLED, True)
    view.apply(received(committed(events.TaskRetrying(by="x", next_attempt=2), 5)))
    assert view.ended is False
    view.apply(Event.of({"type": "task_deleted", "task_id": "t", "by": "x"}))
    assert (view.ended, view.seq) == (True, 5)


def test_what_is_not_known_changes_only_the_position():
    view = TaskView("t")
    view.apply(Event.of({"type": "something_new", "task_id": "t", "seq": 8, "attempt": 1, "timestamp": "now"}))
    assert (view.seq, view.progress, view.status) == (8, 0, TaskStatus.PENDING)
