"""The event log: contiguous seqs in commit order, one transaction with the state, and nothing twice."""

import asyncio
import threading
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core.db import Database
from app.core.ids import new_id
from app.domain.log_entry import LogEntry
from app.domain.projection import TaskProjection
from app.events.event import NewEvent, PendingLogs
from app.events.log import LogHead, append, draft, read_after
from app.events.tables import scan_tasks, task_events, task_logs
from app.events.types import Statistics, TaskCompleted, TaskWarning
from app.findings.recorder import Recorder
from app.scans.queries import tasks

ALWAYS = scan_tasks.c.attempt >= 1


def warning(text="w"):
    return NewEvent(TaskWarning(code="partial", message=text))


def completion():
    return NewEvent(TaskCompleted(status="completed", statistics=Statistics(), message="done"))


@pytest.fixture
async def task(event_writer, lifecycle, user_id):
    task_id = new_id()
    await event_writer.write(lifecycle.create(task_id, user_id=user_id, target_domain="example.org", config={}))
    await event_writer.write(lifecycle.claim(task_id, 1, "w1", "example.org"))
    return task_id


def log_of(db, task_id):
    return db.read_sync(lambda connection: read_after(connection, task_id, 0, limit=10_000))


async def test_seqs_are_contiguous_from_one(db, event_writer, task, clock):
    recorder = Recorder(task_id=task, attempt=1, run=1, clock=clock)
    for _ in range(5):
        await event_writer.write(recorder.record([warning(), warning()]))
    assert [event.seq for event in log_of(db, task)] == list(range(1, 13))


def test_writers_in_many_threads_leave_no_gap_and_no_double(tmp_path, db, event_writer, lifecycle, user_id, clock):
    task_id = new_id()
    event_writer.write_sync(lifecycle.create(task_id, user_id=user_id, target_domain="example.org", config={}))
    event_writer.write_sync(lifecycle.claim(task_id, 1, "w1", "example.org"))
    others = [Database(db.url, busy_timeout_s=10) for _ in range(4)]

    def write(database):
        for _ in range(25):
            database.write_sync(lambda c: append(c, task_id, [warning()], now=clock.now(), where=ALWAYS))

    threads = [threading.Thread(target=write, args=(database,)) for database in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in others:
        asyncio.run(database.close())
    assert [event.seq for event in log_of(db, task_id)] == list(range(1, 103))


async def test_the_same_unit_again_adds_nothing_and_says_where_it_landed(db, event_writer, task, clock):
    recorder = Recorder(task_id=task, attempt=1, run=1, clock=clock)
    unit = recorder.record([warning("a"), warning("b")])
    first = await event_writer.write(unit)
    again = await event_writer.write(unit)
    assert replace(again, commits=first.commits) == first
    assert again.commits >= first.commits
    assert len(log_of(db, task)) == 4
    more = await event_writer.write(recorder.record([warning("c")]))
    assert more.last_seq == first.last_seq + 1


async def test_a_stale_attempt_writes_nothing(db, event_writer, task, lifecycle, clock):
    stale = Recorder(task_id=task, attempt=1, run=1, clock=clock)
    await event_writer.write(lifecycle.requeue(task, 1))
    before = log_of(db, task)
    assert await event_writer.write(stale.record([warning()])) is None
    assert db.write_sync(lambda connection: stale.heartbeat(connection, 5.0)) is None
    assert log_of(db, task) == before


async def test_a_failing_transaction_leaves_neither_event_nor_counter(db, event_writer, task, clock):
    def unit(connection):
        append(connection, task, [warning()], now=clock.now(), where=ALWAYS)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await event_writer.write(unit)
    assert len(log_of(db, task)) == 2
    assert db.read_sync(lambda c: tasks.find(c, task)).last_seq == 2


async def test_nothing_is_published_before_the_commit_and_one_hint_after(event_writer, task, clock, bus):
    hints = []
    bus.subscribe(hints.append)
    recorder = Recorder(task_id=task, attempt=1, run=1, clock=clock)
    await event_writer.write(recorder.record([warning()]))
    await asyncio.sleep(0)
    assert [(hint.task_id, hint.seq, len(hint.events), hint.status) for hint in hints] == [(task, 3, 1, "running")]


async def test_big_batches_are_hinted_without_their_bodies(event_writer, task, clock, bus):
    hints = []
    bus.subscribe(hints.append)
    recorder = Recorder(task_id=task, attempt=1, run=1, clock=clock)
    await event_writer.write(recorder.record([warning("x" * 20_000)]))
    await asyncio.sleep(0)
    assert (hints[0].seq, hints[0].events) == (3, ())


async def test_log_lines_are_numbered_through_all_groups_and_kept_as_rows(db, event_writer, task, clock):
    recorder = Recorder(task_id=task, attempt=1, run=1, clock=clock)
    lines = tuple(LogEntry("INFO", "crawl", f"line {n}", clock.now()) for n in range(3))
    await event_writer.write(
        recorder.record([NewEvent(PendingLogs(lines)), warning(), NewEvent(PendingLogs(lines[:1]))])
    )
    await event_writer.write(recorder.record([NewEvent(PendingLogs(lines[:2]))]))
    rows = db.read_sync(lambda c: c.execute(select(task_logs).order_by(task_logs.c.log_seq)).all())
    assert [row.log_seq for row in rows] == [1, 2, 3, 4, 5, 6]
    events = [event.payload() for event in log_of(db, task) if event.type == "task_logs"]
    assert [[line["log_seq"] for line in body["logs"]] for body in events] == [[1, 2, 3], [4], [5, 6]]


async def test_each_row_of_a_line_has_every_column_so_that_they_are_inserted_together(db, task, clock):
    head = LogHead(1, 2, db.read_sync(lambda c: TaskProjection.from_row(tasks.find(c, task))))
    lines = (LogEntry("INFO", "crawl", "now"), LogEntry("ERROR", "crawl", "then", clock.now()))
    rows = draft(task, head, [NewEvent(PendingLogs(lines))], clock.now()).line_rows
    assert [set(row) for row in rows] == [{column.name for column in task_logs.columns}] * 2
    assert [row["message"] for row in rows] == ["now", "then"]


async def test_the_database_itself_refuses_a_second_completion_of_an_attempt(db, task, clock):
    db.write_sync(lambda c: append(c, task, [completion()], now=clock.now(), where=ALWAYS))
    with pytest.raises(IntegrityError):
        db.write_sync(lambda c: append(c, task, [completion()], now=clock.now(), where=ALWAYS))
    types = db.read_sync(lambda c: c.execute(select(task_events.c.type)).scalars().all())
    assert types.count("task_completed") == 1


async def test_a_listener_that_fails_does_not_silence_the_others(bus):
    heard = []

    def fail(_hint):
        raise RuntimeError

    bus.subscribe(fail)
    end = bus.subscribe(heard.append)
    bus.publish("hint")
    await asyncio.sleep(0)
    end()
    end()
    bus.publish("unheard")
    await asyncio.sleep(0)
    assert heard == ["hint"]
    assert bus.healthy
