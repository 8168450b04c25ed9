"""Batches that are drafted before the lock is asked for, beside others that write to the same task."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from app.core.db import Database
from app.core.ids import new_id
from app.events.bus.memory import MemoryBus
from app.events.journal import Journal
from app.events.log import AlreadyCommitted, read_after
from app.events.state import TaskState, apply
from app.events.types import NewEvent, PendingLine, PendingLogs, TaskProgress, TaskWarning
from app.models import metadata, scan_tasks, task_logs, violations
from app.services.lifecycle import Lifecycle
from app.services.recorder import Finding, Recorder
from app.services.texts import Texts
from tests.support.clock import FakeClock
from tests.support.rows import add_user


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def db(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/test.db", busy_timeout_s=0.2)
    metadata.create_all(database.engine)
    yield database
    await database.close()


@pytest.fixture
def journal(db):
    return Journal(db=db, bus=MemoryBus())


@pytest.fixture
def lifecycle(clock):
    return Lifecycle(clock=clock, texts=Texts("en"))


@pytest.fixture
def user_id(db, clock):
    return add_user(db, clock, "owner")


@pytest.fixture
async def task(journal, lifecycle, user_id):
    task_id = new_id()
    await journal.write(lifecycle.create(task_id, user_id=user_id, target_domain="example.org", config={}))
    await journal.write(lifecycle.claim(task_id, 1, "w1", "example.org"))
    return task_id


@pytest.fixture
def recorder(task, clock):
    return Recorder(task_id=task, attempt=1, run=1, clock=clock)


def progress(percent):
    values = {"progress": percent, "stage_progress": percent, "stage_key": "page_crawl", "stage_index": 2}
    return NewEvent(TaskProgress(stage="x", message="x", **values))


def lines(*texts):
    return NewEvent(PendingLogs(tuple(PendingLine("INFO", "m", text, datetime.now(UTC)) for text in texts)))


def write(journal, unit):
    unit.prepare()
    return journal.write_sync(unit)


def row_of(db, task_id):
    return db.read_sync(lambda c: c.execute(select(scan_tasks).where(scan_tasks.c.id == task_id)).one())


def assert_row_is_the_fold(db, task_id):
    state = TaskState()
    events = db.read_sync(lambda c: read_after(c, task_id, 0, limit=10_000))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for one in events:
        state = apply(state, one)
    row = row_of(db, task_id)
    assert TaskState.from_row(row) == state
    assert row.last_seq == len(events)
    numbers = db.read_sync(lambda c: list(c.execute(select(task_logs.c.log_seq)).scalars()))
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def statements_under_the_lock(db):
    said = []
    event.listen(
        db.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: said.append(statement.split()[0])
    )
    return said


def test_from_the_second_batch_on_nothing_is_read_under_the_lock(db, journal, recorder):
    write(journal, recorder.record([progress(1)]))
    said = statements_under_the_lock(db)
    place = write(journal, recorder.record([progress(2), lines("a", "b")]))
    assert [one.seq for one in place.events] == [4, 5]
    assert "SELECT" not in said
    assert_row_is_the_fold(db, recorder.task_id)


def test_whoever_writes_in_between_makes_the_draft_void_and_nothing_wrong(db, journal, lifecycle, recorder):
    write(journal, recorder.record([progress(1), lines("a")]))
    unit = recorder.record([progress(2), lines("b")])
    unit.prepare()
    warning = TaskWarning(code="stalled", message="no progress")
    journal.write_sync(lifecycle.warn(recorder.task_id, 1, warning))
    assert [one.seq for one in journal.write_sync(unit).events] == [6, 7]
    write(journal, recorder.record([lines("c")]))
    assert_row_is_the_fold(db, recorder.task_id)


def test_a_batch_that_was_not_committed_is_written_again_at_its_place(db, journal, recorder):
    write(journal, recorder.record([progress(1)]))
    unit = recorder.record([progress(2)])
    unit.prepare()
    with pytest.raises(RuntimeError):
        db.write_sync(lambda connection: (unit(connection), fail())[0])
    assert [one.seq for one in write(journal, unit).events] == [4]
    assert_row_is_the_fold(db, recorder.task_id)


def test_a_batch_that_was_committed_after_all_is_not_written_twice(db, journal, recorder):
    write(journal, recorder.record([progress(1)]))
    unit = recorder.record([progress(2)])
    assert write(journal, unit).last_seq == 4
    assert write(journal, unit).last_seq == 4  # told where it is
    with pytest.raises(AlreadyCommitted):
        db.write_sync(unit)
    assert_row_is_the_fold(db, recorder.task_id)


def test_a_stale_attempt_writes_neither_events_nor_findings(db, journal, lifecycle, recorder):
    write(journal, recorder.record([progress(1)]))
    unit = recorder.record([progress(2)], [finding("late.example")])
    unit.prepare()
    journal.write_sync(lifecycle.requeue(recorder.task_id, 1))
    assert journal.write_sync(unit) is None
    assert db.read_sync(lambda c: list(c.execute(select(violations.c.domain)).scalars())) == []


def test_findings_land_with_their_events(db, journal, recorder):
    write(journal, recorder.record([progress(1)], [finding("a.example")]))
    write(journal, recorder.record([progress(2)], [finding("b.example")]))
    found = db.read_sync(lambda c: set(c.execute(select(violations.c.domain)).scalars()))
    assert found == {"a.example", "b.example"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["batch", "lost", "warning", "twice"]), max_size=12))
def test_in_every_order_of_writers_and_failures_the_row_is_the_fold_of_the_log(
    db, journal, lifecycle, user_id, clock, steps
):
    task_id = new_id()
    db.write_sync(lambda c: c.execute(task_logs.delete()))
    journal.write_sync(lifecycle.create(task_id, user_id=user_id, target_domain="example.org", config={}))
    journal.write_sync(lifecycle.claim(task_id, 1, "w1", "example.org"))
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=clock)
    for number, step in enumerate(steps):
        unit = recorder.record([progress(number), lines(f"{number}")])
        unit.prepare()
        match step:
            case "warning":
                journal.write_sync(lifecycle.warn(task_id, 1, TaskWarning(code="stalled", message=f"{number}")))
            case "lost":
                with pytest.raises(RuntimeError):
                    db.write_sync(lambda connection, unit=unit: (unit(connection), fail())[0])
            case "twice":
                journal.write_sync(unit)
                unit.prepare()
        journal.write_sync(unit)
    assert_row_is_the_fold(db, task_id)


def finding(domain):
    return Finding(new_id(), domain, "gambling", "high", 0.9, "x", [], needs_review=False, url="u", found_on="f")


def fail():
    raise RuntimeError
