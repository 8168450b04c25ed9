"""Batches that are drafted before the lock is asked for, beside others that write to the same task."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from app.core.clock import to_wire
from app.core.db import Database
from app.core.ids import new_id
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.projection import TaskProjection, apply
from app.domain.violations import Evidence, Layer, RiskLevel
from app.events.bus.memory import MemoryBus
from app.events.event import NewEvent, PendingLogs
from app.events.log import AlreadyCommitted, read_after
from app.events.tables import scan_tasks, task_logs
from app.events.types import Statistics, TaskProgress, TaskWarning
from app.events.writer import EventWriter
from app.findings.queries import findings
from app.findings.recorder import Recorder
from app.findings.run_findings import RunFindings
from app.findings.tables import violations
from app.scans.lifecycle import Lifecycle
from tests.support.databases import create_tables
from tests.support.rows import add_user
from tests.support.violations import new_violation


@pytest.fixture
async def db(database_url):
    database = Database(database_url, busy_timeout_s=30)
    create_tables(database)
    yield database
    await database.close()


@pytest.fixture
def event_writer(db):
    return EventWriter(db=db, bus=MemoryBus())


@pytest.fixture
def lifecycle(clock):
    return Lifecycle(clock=clock, texts=MessageCatalog("en"))


@pytest.fixture
def user_id(db, clock):
    return add_user(db, clock, "owner")


@pytest.fixture
async def task(event_writer, lifecycle, user_id):
    task_id = new_id()
    await event_writer.write(lifecycle.create(task_id, user_id=user_id, target_domain="example.org", config={}))
    await event_writer.write(lifecycle.claim(task_id, 1, "w1", "example.org"))
    return task_id


@pytest.fixture
def recorder(task, clock):
    return Recorder(task_id=task, attempt=1, run=1, clock=clock)


def progress(percent):
    values = {"progress": percent, "stage_progress": percent, "stage_key": "page_crawl", "stage_index": 2}
    return NewEvent(TaskProgress(stage="x", message="x", **values))


def lines(*texts):
    return NewEvent(PendingLogs(tuple(LogEntry("INFO", "m", text, datetime.now(UTC)) for text in texts)))


def write(event_writer, unit):
    unit.prepare()
    return event_writer.write_sync(unit)


def row_of(db, task_id):
    return db.read_sync(lambda c: c.execute(select(scan_tasks).where(scan_tasks.c.id == task_id)).one())


def assert_row_is_the_fold(db, task_id):
    state = TaskProjection()
    events = db.read_sync(lambda c: read_after(c, task_id, 0, limit=10_000))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for one in events:
        state = apply(state, one.type, one.payload(), attempt=one.attempt, at=to_wire(one.created_at))
    row = row_of(db, task_id)
    assert TaskProjection.from_row(row) == state
    assert row.last_seq == len(events)
    numbers = db.read_sync(lambda c: list(c.execute(select(task_logs.c.log_seq)).scalars()))
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def statements_under_the_lock(db):
    said = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: said.append(statement))
    return said


def test_from_the_second_batch_on_nothing_is_read_under_the_lock(db, event_writer, recorder):
    write(event_writer, recorder.record([progress(1)]))
    said = statements_under_the_lock(db)
    result = write(event_writer, recorder.record([progress(2), lines("a", "b")]))
    assert [one.seq for one in result.events] == [4, 5]
    assert any(statement.startswith("INSERT") for statement in said)
    assert [statement for statement in said if statement.startswith("SELECT") and " FROM " in statement] == []
    assert_row_is_the_fold(db, recorder.task_id)


def test_whoever_writes_in_between_makes_the_draft_void_and_nothing_wrong(db, event_writer, lifecycle, recorder):
    write(event_writer, recorder.record([progress(1), lines("a")]))
    unit = recorder.record([progress(2), lines("b")])
    unit.prepare()
    warning = TaskWarning(code="stalled", message="no progress")
    event_writer.write_sync(lifecycle.warn(recorder.task_id, 1, warning))
    assert [one.seq for one in event_writer.write_sync(unit).events] == [6, 7]
    write(event_writer, recorder.record([lines("c")]))
    assert_row_is_the_fold(db, recorder.task_id)


def test_a_batch_that_was_not_committed_is_written_again_at_its_place(db, event_writer, recorder):
    write(event_writer, recorder.record([progress(1)]))
    unit = recorder.record([progress(2)])
    unit.prepare()
    with pytest.raises(RuntimeError):
        db.write_sync(lambda connection: (unit(connection), fail())[0])
    assert [one.seq for one in write(event_writer, unit).events] == [4]
    assert_row_is_the_fold(db, recorder.task_id)


def test_a_batch_that_was_committed_after_all_is_not_written_twice(db, event_writer, recorder):
    write(event_writer, recorder.record([progress(1)]))
    unit = recorder.record([progress(2)])
    assert write(event_writer, unit).last_seq == 4
    assert write(event_writer, unit).last_seq == 4  # told where it is
    with pytest.raises(AlreadyCommitted):
        db.write_sync(unit)
    assert_row_is_the_fold(db, recorder.task_id)


def test_a_stale_attempt_writes_neither_events_nor_violations(db, event_writer, lifecycle, recorder):
    write(event_writer, recorder.record([progress(1)]))
    unit = recorder.record([progress(2)], [new_violation("late.example")])
    unit.prepare()
    event_writer.write_sync(lifecycle.requeue(recorder.task_id, 1))
    assert event_writer.write_sync(unit) is None
    assert db.read_sync(lambda c: list(c.execute(select(violations.c.domain)).scalars())) == []


def test_violations_land_with_their_events(db, event_writer, recorder):
    write(event_writer, recorder.record([progress(1)], [new_violation("a.example")]))
    write(event_writer, recorder.record([progress(2)], [new_violation("b.example")]))
    found = db.read_sync(lambda c: set(c.execute(select(violations.c.domain)).scalars()))
    assert found == {"a.example", "b.example"}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["batch", "lost", "warning", "twice"]), max_size=12))
def test_in_every_order_of_writers_and_failures_the_row_is_the_fold_of_the_log(
    db, event_writer, lifecycle, user_id, clock, steps
):
    task_id = new_id()
    db.write_sync(lambda c: c.execute(task_logs.delete()))
    event_writer.write_sync(lifecycle.create(task_id, user_id=user_id, target_domain="example.org", config={}))
    event_writer.write_sync(lifecycle.claim(task_id, 1, "w1", "example.org"))
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=clock)
    for number, step in enumerate(steps):
        unit = recorder.record([progress(number), lines(f"{number}")])
        unit.prepare()
        match step:
            case "warning":
                event_writer.write_sync(lifecycle.warn(task_id, 1, TaskWarning(code="stalled", message=f"{number}")))
            case "lost":
                with pytest.raises(RuntimeError):
                    db.write_sync(lambda connection, unit=unit: (unit(connection), fail())[0])
            case "twice":
                event_writer.write_sync(unit)
                unit.prepare()
        event_writer.write_sync(unit)
    assert_row_is_the_fold(db, task_id)


@pytest.mark.parametrize("warned_between", [False, True], ids=["as drafted", "drafted again under the lock"])
async def test_a_violations_row_has_the_time_of_its_event(db, event_writer, lifecycle, task, clock, warned_between):
    ticking = TickingClock(clock)
    recorder = Recorder(task_id=task, attempt=1, run=1, clock=ticking)
    write(event_writer, recorder.record([progress(1)]))
    unit = recorder.record([progress(2), progress(3)], [new_violation("a.example")])
    unit.prepare()
    if warned_between:
        await event_writer.write(lifecycle.warn(task, 1, TaskWarning(code="stalled", message="x")))
    result = event_writer.write_sync(unit)
    row = db.read_sync(lambda c: c.execute(select(violations)).one())
    assert {event.created_at for event in result.events} == {row.created_at}


class TickingClock:
    """Never shows the same time twice."""

    def __init__(self, clock):
        self.clock = clock

    def now(self):
        self.clock.advance(1)
        return self.clock.now()


def fail():
    raise RuntimeError


async def test_a_batch_without_events_is_written_by_the_attempt_that_owns_the_task_alone(
    db, event_writer, recorder, task, lifecycle
):
    violation = new_violation()
    told = RunFindings()
    told.tell_stated(violation.fact, RiskLevel.HIGH, violation.id)
    event = NewEvent(told.event(violation, "en"))
    write(event_writer, recorder.record([event], [violation]))
    last_seq, head = row_of(db, task).last_seq, recorder.head
    more = replace(violation.fact, evidence=(Evidence(Layer.TEXT, "more", 0.9),))
    unit = recorder.record([], findings=[told.note_page(more)])
    assert write(event_writer, unit).events == ()
    assert (row_of(db, task).last_seq, recorder.head) == (last_seq, head)
    (stored,) = db.read_sync(lambda c: findings.with_rules_of_run(c, task, 1))
    assert stored.matched_rules == {"gambling more": ()}
    assert write(event_writer, recorder.record([progress(5)])) is not None  # the head still fits
    await event_writer.write(lifecycle.request_cancel(task, by="owner"))
    await event_writer.write(lifecycle.cancelled(task, 1, Statistics()))
    assert write(event_writer, unit) is None
