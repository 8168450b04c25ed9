"""The state in the task's row equals the fold over its log, whatever happened."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.clock import to_wire
from app.core.db import Database
from app.core.ids import new_id
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.projection import TaskProjection, apply
from app.domain.stages import STAGES, StageKey, overall_progress
from app.events.bus.memory import MemoryBus
from app.events.event import NewEvent, PendingLogs
from app.events.log import read_after
from app.events.types import (
    ErrorInfo,
    FindingChanged,
    Statistics,
    TaskProgress,
    TaskStage,
    TaskWarning,
    Violation,
    ViolationDetected,
)
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.scans.lifecycle import Lifecycle
from app.scans.queries import tasks
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.rows import add_user

stage_keys = st.sampled_from(list(StageKey))


def progress(key, percent, overall):
    return TaskProgress(
        progress=overall,
        stage="s",
        message="m",
        stage_key=key,
        stage_index=1,
        stage_progress=percent,
        counts={"subdomains": percent, "pages": overall, "third_parties": 1},
    )


def violation(risk, review):
    return ViolationDetected(
        violation=Violation(domain="d", violation_type="t", risk_level=risk, confidence_score=0.9, description="x"),
        violation_id=new_id(),
        finding_id="gambling.d",
        violation_key="gambling",
        needs_review=review,
        violation_counts={"total": 2, risk: 2},
        finding_counts={"total": 1, risk: 1},
    )


def changed(risk, total):
    counts = {"total": total, risk: total}
    return FindingChanged(
        finding_id="gambling.d",
        domain="d",
        kinds=("gambling",),
        risk_level=risk,
        score=1,
        violation_counts=counts,
        finding_counts=counts,
    )


bodies = st.one_of(
    st.builds(progress, stage_keys, st.integers(0, 100), st.integers(0, 100)),
    st.builds(
        lambda key, status: TaskStage(stage_key=key, stage="s", status=status),
        stage_keys,
        st.sampled_from(["running", "completed", "failed", "skipped", "cancelled"]),
    ),
    st.builds(violation, st.sampled_from(["low", "medium", "high", "critical"]), st.booleans()),
    st.builds(changed, st.sampled_from(["low", "medium", "high", "critical"]), st.integers(1, 3)),
    st.builds(
        lambda levels: PendingLogs(tuple(LogEntry(level, "m", "x", FakeClock().now()) for level in levels)),
        st.lists(st.sampled_from(["DEBUG", "INFO", "WARNING", "ERROR"]), min_size=1, max_size=3),
    ),
    st.just(TaskWarning(code="partial", message="w")),
)
steps = st.lists(st.lists(bodies, min_size=1, max_size=4) | st.sampled_from(["requeue", "fail", "retry"]), max_size=12)


@settings(max_examples=40)
@given(steps)
def test_the_row_is_the_fold_of_the_log(tmp_path_factory, actions):
    clock = FakeClock()
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('fold')}/test.db")
    create_tables(db)
    event_writer = EventWriter(db=db, bus=MemoryBus())
    lifecycle = Lifecycle(clock=clock, texts=MessageCatalog("en"))
    task_id = new_id()
    user_id = add_user(db, clock, "u")
    event_writer.write_sync(lifecycle.create(task_id, user_id=user_id, target_domain="example.org", config={}))
    for action in actions:
        row = db.read_sync(lambda c: tasks.find(c, task_id))
        if row.status == "pending":
            event_writer.write_sync(lifecycle.claim(task_id, row.attempt, "w", "example.org"))
        carry_out(action, task_id, row, event_writer, lifecycle, clock)
        clock.advance(1)
    row = db.read_sync(lambda c: tasks.find(c, task_id))
    state = TaskProjection()
    events = db.read_sync(lambda c: read_after(c, task_id, 0, limit=1_000))
    for event in events:
        state = apply(state, event.type, event.payload(), attempt=event.attempt, at=to_wire(event.created_at))
    assert state.to_columns() == TaskProjection.from_row(row).to_columns()
    assert [event.seq for event in events] == list(range(1, row.last_seq + 1))
    db.close_sync()


def test_an_event_that_is_taken_twice_is_counted_once():
    def take(state, body):
        return apply(state, body.type, body.fields, attempt=1, at="now")

    for body in (violation("high", review=True), changed("critical", 3)):
        once = take(TaskProjection(), body)
        assert take(once, body) == once
        assert (once.violation_counts, once.finding_counts) == (body.violation_counts, body.finding_counts)
    assert take(TaskProjection(), violation("high", review=False)).statistics["total_violations"] == 2


def test_an_event_of_the_version_before_leaves_the_counts_as_they_are():
    known = TaskProjection(violation_counts={"total": 2}, finding_counts={"total": 1})
    for body in (violation("high", review=True), changed("critical", 3)):
        old = {name: value for name, value in body.fields.items() if name not in {"violation_counts", "finding_counts"}}
        taken = apply(known, body.type, old, attempt=1, at="now")
        assert (taken.violation_counts, taken.finding_counts) == ({"total": 2}, {"total": 1})


def carry_out(action, task_id, row, event_writer, lifecycle, clock):
    if action == "requeue":
        event_writer.write_sync(lifecycle.requeue(task_id, row.attempt))
    elif action == "fail":
        error = ErrorInfo(code="worker_lost", message="lost", retryable=True)
        event_writer.write_sync(lifecycle.fail(task_id, row.attempt, error, Statistics()))
    elif action == "retry":
        event_writer.write_sync(lifecycle.retry(task_id, by="u"))
    else:
        recorder = Recorder(task_id=task_id, attempt=row.attempt, run=row.run, clock=clock)
        event_writer.write_sync(recorder.record([NewEvent(body) for body in action]))


@given(st.dictionaries(stage_keys, st.floats(-1, 2)))
def test_overall_progress_is_0_to_100_and_100_only_when_all_is_done(fractions):
    value = overall_progress(fractions)
    assert 0 <= value <= 100
    assert (value == 100) == all(fractions.get(spec.key, 0) >= 1 for spec in STAGES)


def test_the_weights_sum_to_100():
    assert sum(spec.weight for spec in STAGES) == 100
