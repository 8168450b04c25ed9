import asyncio
import errno
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from app.domain.log_entry import LogEntry
from app.domain.verdict import Result, Verdict
from app.events.event import NewEvent, PendingLogs
from app.events.tables import scan_runs, scan_tasks, task_events, task_logs
from app.events.types import Statistics, TaskProgress
from app.findings.recorder import Recorder
from app.findings.tables import violations
from app.identity.queries import api_keys, audit, links
from app.identity.tables import api_keys as api_key_table
from app.identity.tables import audit_log, scan_links
from app.inventory.queries import differences
from app.inventory.queries.differences import Pair, RunKey
from app.inventory.tables import scan_differences
from app.maintenance.partition_keeper import PartitionKeeper
from app.maintenance.queries import retention
from app.maintenance.retention import EVERY_S, RESTART_S, TOMBSTONE_S, RetentionService
from app.migrations.partitions import AUDIT, EVENTS, LINES
from app.scans.queries import holds, idempotency, runs
from app.scans.tables import idempotency_keys
from tests.support.database_locks import until_locked_out
from tests.support.databases import postgres_only
from tests.support.violations import new_violation, write_violations

DAY_S = 86_400


@pytest.fixture
def removed():
    return []


@pytest.fixture
def purge(monitored, settings, removed):
    return RetentionService(
        db=monitored.db,
        clock=monitored.clock,
        settings=settings,
        remove_files=lambda *task, first_run=1: removed.append((*task, first_run)),
    )


@pytest.fixture
def finished(monitored):
    """A completed task with progress and a log line."""
    monitored.create()
    monitored.claim()
    progress = TaskProgress(progress=1, stage="x", message="x", stage_key="page_crawl", stage_index=2, stage_progress=1)
    lines = PendingLogs((LogEntry("INFO", "m", "x", datetime.now(UTC)),))
    recorder = Recorder(task_id="task-1", attempt=1, run=1, clock=monitored.clock)
    monitored.write(recorder.record([NewEvent(progress), NewEvent(lines)]))
    monitored.write(monitored.lifecycle.complete("task-1", 1, Statistics()))


def late_s(monitored, partitioned):
    """For how many seconds rows outside of a partition that can be dropped are kept longer."""
    return PartitionKeeper(db=monitored.db).patience(partitioned).total_seconds()


def count(monitored, table):
    return monitored.db.read_sync(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one())


async def test_progress_goes_a_day_after_the_end_and_older_positions_get_a_snapshot(monitored, purge, finished):
    await purge.purge()
    assert "task_progress" in monitored.types()
    monitored.clock.advance(DAY_S + 1)
    await purge.purge()
    assert monitored.types() == ["task_created", "task_started", "task_logs", "task_completed"]
    assert monitored.row().min_seq == monitored.row().last_seq + 1


async def test_what_comes_after_the_pruning_is_contiguous_again(monitored, purge, finished):
    await purge.purge()
    monitored.clock.advance(DAY_S + 1)
    await purge.purge()
    monitored.write(monitored.lifecycle.retry("task-1", by="user"))
    row = monitored.row()
    assert row.last_seq == row.min_seq


async def test_log_lines_go_after_a_month_and_events_after_a_year(monitored, purge, finished):
    await purge.purge()
    monitored.clock.advance(31 * DAY_S)
    await purge.purge()
    assert count(monitored, task_events) == 3
    monitored.clock.advance(late_s(monitored, LINES))
    await purge.purge()
    assert count(monitored, task_logs) == 0
    assert count(monitored, task_events) == 3
    monitored.clock.advance(340 * DAY_S + late_s(monitored, EVENTS))
    await purge.purge()
    assert count(monitored, task_events) == 0
    assert monitored.row().status == "completed"


async def test_keys_of_requests_go_after_a_day(monitored, purge):
    monitored.create()
    owner, now = monitored.row().user_id, monitored.clock.now()
    monitored.db.write_sync(
        lambda c: [
            idempotency.add(c, owner, f"k{n}", fingerprint="f", response="{}", now=now, since=now - timedelta(days=1))
            for n in range(25)
        ]
    )
    monitored.clock.advance(DAY_S - 1)
    await purge.purge()
    assert count(monitored, idempotency_keys) == 25
    monitored.clock.advance(EVERY_S)
    await purge.purge()
    assert count(monitored, idempotency_keys) == 0


async def test_keys_and_links_that_have_ended_go_after_a_month(monitored, purge):
    monitored.create()
    owner, now = monitored.row().user_id, monitored.clock.now()
    for days in (1, 10):
        row = {"id": f"t{days}", "user_id": owner, "digest": f"d{days}", "prefix": "p", "created_at": now}
        row["expires_at"] = now + timedelta(days=days)
        monitored.db.write_sync(lambda c, row=row: links.add(c, {**row, "task_id": "task-1"}))
        key = {**row, "name": "x", "scopes": "read", "networks": []}
        monitored.db.write_sync(lambda c, key=key: api_keys.add(c, key))
    for after_days, left in ((30, 2), (1.1, 1), (9, 0)):
        monitored.clock.advance(after_days * DAY_S)
        await purge.purge()
        assert [count(monitored, table) for table in (api_key_table, scan_links)] == [left, left]


async def test_a_scan_under_a_legal_hold_keeps_everything_until_it_is_released(monitored, purge, removed, finished):
    monitored.db.write_sync(lambda c: holds.place(c, "task-1", at=monitored.clock.now(), by="admin", reason="Case 1"))
    monitored.write(monitored.lifecycle.retry("task-1", by="user"))
    types = monitored.types()
    for _ in range(3):
        monitored.clock.advance(500 * DAY_S)
        await purge.purge()
    assert (monitored.types(), removed) == (types, [])
    assert "task_progress" in types
    assert count(monitored, task_logs) == 1
    monitored.db.write_sync(lambda c: holds.release(c, "task-1"))
    for _ in range(2):
        monitored.clock.advance(RESTART_S + late_s(monitored, EVENTS))
        await purge.purge()
    assert count(monitored, task_logs) == 0
    assert "task_progress" not in monitored.types()


async def test_an_unfinished_task_keeps_everything(monitored, purge):
    monitored.create()
    monitored.clock.advance(1_000 * DAY_S)
    await purge.purge()
    assert monitored.types() == ["task_created"]


async def test_a_deleted_task_goes_with_its_rows_and_files(monitored, purge, removed, finished):
    monitored.write(monitored.lifecycle.delete("task-1", by="user"))
    await purge.purge()
    assert count(monitored, scan_tasks) == 1
    monitored.clock.advance(TOMBSTONE_S + EVERY_S)
    await purge.purge()
    assert count(monitored, scan_tasks) + count(monitored, task_events) + count(monitored, task_logs) == 0
    assert removed == [("task-1", 1, 1)]


async def test_it_looks_once_a_minute(monitored, purge, removed):
    await purge.purge()
    monitored.create()
    monitored.write(monitored.lifecycle.delete("task-1", by="user"))
    monitored.clock.moment = monitored.clock.moment.replace(year=2030)
    await purge.purge()
    assert removed == []


async def test_rows_of_the_audit_log_go_after_a_year(monitored, purge):
    def row(now):
        return {"at": now, "action": "ws.connect", "outcome": "ok", "detail": {}}

    monitored.db.write_sync(lambda c: audit.add_all(c, [row(monitored.clock.now()) for _ in range(1_200)]))
    monitored.clock.advance(364 * DAY_S)
    monitored.db.write_sync(lambda c: audit.add_all(c, [row(monitored.clock.now())]))
    await purge.purge()
    assert count(monitored, audit_log) == 1_201
    monitored.clock.advance(2 * DAY_S + late_s(monitored, AUDIT))
    await purge.purge()
    assert count(monitored, audit_log) == 1


async def test_a_clock_that_is_400_days_ahead_for_a_minute_deletes_nothing(monitored, purge, finished):
    await purge.purge()
    monitored.db.write_sync(
        lambda c: audit.add_all(c, [{"at": monitored.clock.now(), "action": "x", "outcome": "ok", "detail": {}}])
    )
    before = [count(monitored, table) for table in (task_events, task_logs, audit_log)]
    monitored.clock.moment += timedelta(days=400)
    monitored.clock.advance(EVERY_S)
    await purge.purge()
    monitored.clock.moment -= timedelta(days=400)
    monitored.clock.advance(EVERY_S)
    await purge.purge()
    assert [count(monitored, table) for table in (task_events, task_logs, audit_log)] == before


async def test_a_large_task_goes_in_many_short_transactions(monitored, purge, removed, finished, monkeypatch):
    monkeypatch.setattr("app.maintenance.chunked_writer.MAX_ROWS", 50)
    add_events(monitored, "task-1", 1_000)
    monitored.write(monitored.lifecycle.delete("task-1", by="user"))
    monitored.clock.advance(TOMBSTONE_S + 1)
    writes = count_writes(monitored, monkeypatch)
    await purge.purge()
    assert count(monitored, scan_tasks) + count(monitored, task_events) + count(monitored, task_logs) == 0
    assert writes["n"] >= 20


async def test_lines_of_a_task_that_has_more_than_a_chunk_all_go(monitored, purge, finished, monkeypatch):
    monkeypatch.setattr("app.maintenance.chunked_writer.MAX_ROWS", 20)
    await purge.purge()
    line = {"task_id": "task-1", "attempt": 1, "level": "INFO", "module": "m", "message": "x"}
    rows = [{**line, "log_seq": n, "created_at": monitored.clock.now()} for n in range(2, 300)]
    monitored.db.write_sync(lambda c: c.execute(insert(task_logs), rows))
    for table in (scan_tasks, scan_runs):
        monitored.db.write_sync(lambda c, table=table: c.execute(table.update().values(last_log_seq=299)))
    monitored.clock.advance(31 * DAY_S)
    await purge.purge()
    assert count(monitored, task_events) == 3
    monitored.clock.advance(late_s(monitored, LINES))
    await purge.purge()
    assert count(monitored, task_logs) == 0
    assert monitored.types() == ["task_created", "task_started", "task_completed"]


async def test_files_go_before_the_rows_so_that_a_crash_in_between_forgets_none(monitored, settings, finished):
    def fail(*_, **_kw):
        raise RuntimeError

    monitored.write(monitored.lifecycle.delete("task-1", by="user"))
    monitored.clock.advance(TOMBSTONE_S + 1)
    with pytest.raises(RuntimeError):
        await RetentionService(db=monitored.db, clock=monitored.clock, settings=settings, remove_files=fail).purge()
    assert count(monitored, scan_tasks) == 1


async def test_files_that_cannot_be_removed_keep_nothing_else_from_going(monitored, settings, finished):
    refused = []

    def remove(task_id, _run, **_):
        if task_id == "stuck":
            refused.append(task_id)
            raise PermissionError(errno.EACCES, "Permission denied", "stuck-1.db")

    purge = RetentionService(db=monitored.db, clock=monitored.clock, settings=settings, remove_files=remove)
    for task_id in ("stuck", "gone"):
        monitored.create(task_id)
        monitored.write(monitored.lifecycle.delete(task_id, by="user"))
    await purge.purge()
    monitored.clock.advance(DAY_S + 1)
    await purge.purge()
    assert refused == ["stuck"]
    assert set(monitored.db.read_sync(lambda c: c.execute(select(scan_tasks.c.id)).scalars().all())) == {
        "stuck",
        "task-1",
    }
    assert "task_progress" not in monitored.types()


async def test_the_log_of_a_task_that_is_pruned_halfway_is_still_contiguous(monitored, finished):
    """After each chunk a subscriber reads either all from `min_seq` on, or is told that there is a hole."""
    add_events(monitored, "task-1", 200)
    monitored.clock.advance(DAY_S + 1)
    cursors = [retention.PendingPrune("task-1", 205, 205)]
    while cursors:
        cursors = monitored.db.write_sync(
            lambda c: retention.prune_events(c, cursors, 30, retention.PROGRESS)  # noqa: B023
        )
        seqs = monitored.db.read_sync(lambda c: list(c.execute(select(task_events.c.seq)).scalars()))
        row = monitored.row()
        assert [seq for seq in sorted(seqs) if seq >= row.min_seq] == list(range(row.min_seq, row.last_seq + 1))
    assert monitored.row().min_seq == monitored.row().last_seq + 1


@pytest.mark.parametrize("limit", [5, 100])
async def test_a_task_that_is_retried_while_it_is_pruned_keeps_what_comes(monitored, finished, limit):
    end = monitored.row().last_seq
    monitored.write(monitored.lifecycle.retry("task-1", by="user"))
    cursors = [retention.PendingPrune("task-1", end, end)]
    while cursors:
        cursors = monitored.db.write_sync(lambda c: retention.prune_events(c, cursors, limit))  # noqa: B023
    assert monitored.types() == ["task_retrying"]
    assert monitored.row().min_seq == end + 1


@pytest.mark.parametrize("limit", [7, 1_000])
async def test_old_events_of_a_run_give_nothing_back_of_what_went_of_a_newer_one(monitored, finished, limit):
    """Progress goes after a day, all else after a year: by then that of a newer run is long gone."""
    first_end = monitored.row().last_seq
    begin_again(monitored, 2)
    end = monitored.row().last_seq
    for upto, types in ((end, retention.PROGRESS), (first_end, ())):
        pending = [retention.PendingPrune("task-1", upto, upto)]
        while pending:
            pending = monitored.db.write_sync(
                lambda c: retention.prune_events(c, pending, limit, types)  # noqa: B023 - run at once
            )
    assert monitored.types() == ["task_retrying", "task_started", "task_logs"]
    assert monitored.row().min_seq == end + 1


async def test_logs_of_an_attempt_go_in_their_time_though_the_task_was_tried_again_since(monitored, purge, finished):
    await purge.purge()
    monitored.clock.advance(29 * DAY_S)
    begin_again(monitored, 2)
    monitored.clock.advance(2 * DAY_S + late_s(monitored, LINES))
    await purge.purge()
    lines = monitored.db.read_sync(lambda c: list(c.execute(select(task_logs.c.attempt)).scalars()))
    assert lines == [2]
    assert monitored.row().status == "running"
    assert monitored.types() == [
        "task_created",
        "task_started",
        "task_completed",
        "task_retrying",
        "task_started",
        "task_logs",
    ]


@pytest.mark.parametrize(
    ("ends", "removed_runs"),
    [
        ([Result.CLEAN], []),
        ([Result.CLEAN, None], []),
        ([Result.CLEAN, Result.INCONCLUSIVE], []),
        ([Result.CLEAN, Result.VIOLATIONS], [1]),
        ([Result.INCONCLUSIVE, Result.CLEAN, None], [1]),
        ([Result.INCONCLUSIVE, None], [1]),
        ([Result.CLEAN, Result.INCONCLUSIVE, Result.INCONCLUSIVE], [2]),
    ],
)
async def test_results_go_when_another_attempt_has_taken_their_place(monitored, purge, removed, ends, removed_runs):
    """The newest run and the last conclusive one stay, however old they are."""
    monitored.create()
    for attempt, result in enumerate(ends, start=1):
        if attempt > 1:
            monitored.write(monitored.lifecycle.retry("task-1", by="user"))
        monitored.claim(attempt=attempt)
        if result is not None:
            monitored.write(monitored.lifecycle.complete("task-1", attempt, Statistics(), verdict=Verdict(result)))
    add_violations(monitored, len(ends))
    monitored.clock.advance(364 * DAY_S)
    await purge.purge()
    assert removed == []
    monitored.clock.advance(2 * DAY_S)
    await purge.purge()
    assert removed == [("task-1", run, run) for run in removed_runs]
    kept = monitored.db.read_sync(lambda c: list(c.execute(select(violations.c.run).distinct()).scalars()))
    assert sorted(kept) == [run for run in range(1, len(ends) + 1) if run not in removed_runs]
    gone = select(scan_runs.c.run).where(scan_runs.c.results_removed_at.is_not(None)).order_by(scan_runs.c.run)
    assert monitored.db.read_sync(lambda c: list(c.execute(gone).scalars())) == removed_runs
    monitored.clock.advance(2 * DAY_S)
    await purge.purge()
    assert len(removed) == len(removed_runs)


async def test_comparisons_go_with_the_results_of_either_run(monitored, purge):
    monitored.create()
    for attempt in (1, 2, 3):
        if attempt > 1:
            monitored.write(monitored.lifecycle.retry("task-1", by="user"))
        monitored.claim(attempt=attempt)
        monitored.write(monitored.lifecycle.complete("task-1", attempt, Statistics(), verdict=Verdict(Result.CLEAN)))
    pairs = [Pair(RunKey("task-1", one), RunKey("task-1", other)) for one, other in ((3, 1), (2, 1), (3, 2), (1, 2))]
    unread = Pair(RunKey("task-1", 3), RunKey("task-1", 3))

    def keep(pair):
        at = monitored.clock.now()
        monitored.db.write_sync(lambda c: differences.put(c, pair, 1, at=at, counts={}, body=b"x"))

    for pair in (*pairs, unread):
        keep(pair)
    monitored.clock.advance(364 * DAY_S)
    await purge.purge()
    assert count(monitored, scan_differences) == 5
    monitored.clock.advance(2 * DAY_S)
    await purge.purge()
    assert count(monitored, scan_differences) == 1
    for pair in pairs:  # as one does that was made meanwhile
        keep(pair)
    assert count(monitored, scan_differences) == 1


async def test_results_whose_file_cannot_be_removed_are_not_shown_any_more_and_found_again(monitored, settings):
    stuck, removed = [True], []

    def remove(*task, first_run=1):
        if stuck:
            raise PermissionError(errno.EACCES, "Permission denied", "task-1-1.db")
        removed.append((*task, first_run))

    monitored.create()
    monitored.claim()
    monitored.write(monitored.lifecycle.complete("task-1", 1, Statistics()))
    begin_again(monitored, 2)
    add_violations(monitored, 1)
    monitored.write(monitored.lifecycle.complete("task-1", 2, Statistics(), verdict=Verdict(Result.CLEAN)))
    purge = RetentionService(db=monitored.db, clock=monitored.clock, settings=settings, remove_files=remove)
    await purge.purge_all()
    monitored.clock.advance(366 * DAY_S)
    began = monitored.clock.now()
    await purge.purge_all()
    assert (count(monitored, violations), removed_at(monitored)) == (3, {1: began})
    stuck.clear()
    for _ in range(2):
        monitored.clock.advance(RESTART_S)
        await purge.purge_all()
    assert (count(monitored, violations), removed_at(monitored)) == (0, {1: began})
    assert removed == [("task-1", 1, 1)]


async def test_what_is_held_after_it_was_found_due_stays(monitored, settings, finished, monkeypatch):
    """The hold comes between the read of a page and its first write."""
    begin_again(monitored, 2)
    add_violations(monitored, 2)
    pair = Pair(RunKey("task-1", 2), RunKey("task-1", 1))
    at = monitored.clock.now()
    monitored.db.write_sync(lambda c: differences.put(c, pair, 1, at=at, counts={}, body=b"x"))
    monitored.write(monitored.lifecycle.complete("task-1", 2, Statistics(), verdict=Verdict(Result.CLEAN)))
    removed, pages = [], []
    purge = RetentionService(
        db=monitored.db, clock=monitored.clock, settings=settings, remove_files=lambda *task, **_: removed.append(task)
    )
    ended_page = retention.ended

    def hold_once_read(connection, **wanted):
        pages.append(page := ended_page(connection, **wanted))
        return page

    def hold_first():
        if pages:
            monitored.db.write_sync(lambda c: holds.place(c, "task-1", at=at, by="admin", reason="Case 1"))

    write, write_timed = monitored.db.write, monitored.db.write_timed
    monkeypatch.setattr(retention, "ended", hold_once_read)
    monkeypatch.setattr(monitored.db, "write", lambda work: hold_first() or write(work))
    monkeypatch.setattr(monitored.db, "write_timed", lambda work: hold_first() or write_timed(work))
    monitored.clock.advance(500 * DAY_S)
    types = monitored.types()
    tables = (task_events, task_logs, violations, scan_differences)
    before = [count(monitored, table) for table in tables]
    for step in (purge._prune_logs, purge._remove_results):
        await step(monitored.clock.now())
        monitored.db.write_sync(lambda c: holds.release(c, "task-1"))
        purge._page_ends.clear()
    assert any(run.has for page in pages for run in page)
    assert [count(monitored, table) for table in tables] == before
    assert (monitored.types(), monitored.row().min_seq) == (types, 1)
    assert (removed, removed_at(monitored)) == ([], {})


@pytest.mark.parametrize("limit", [5, 1_000])
async def test_no_write_of_retention_removes_anything_of_a_held_scan(monitored, finished, limit):
    add_violations(monitored, 1)
    now, end = monitored.clock.now(), monitored.row().last_seq
    pair = Pair(RunKey("task-1", 1), RunKey("task-1", 1))
    monitored.db.write_sync(lambda c: differences.put(c, pair, 1, at=now, counts={}, body=b"x"))
    monitored.db.write_sync(lambda c: holds.place(c, "task-1", at=now, by="admin", reason="Case 1"))
    tables = (task_events, task_logs, violations, scan_differences)
    before = [count(monitored, table) for table in tables]
    pending = [retention.PendingPrune("task-1", end, end)]
    writes = [
        (lambda c: retention.prune_events(c, pending, limit), []),
        (lambda c: retention.prune_lines(c, pending, limit), []),
        (lambda c: retention.prune_violations(c, "task-1", 1, limit), 0),
        (lambda c: retention.prune_differences(c, "task-1", 1, limit), 0),
        (lambda c: runs.mark_results_removed(c, "task-1", 1, now), False),
    ]
    for write, left in writes:
        assert monitored.db.write_sync(write) == left
    assert [count(monitored, table) for table in tables] == before
    assert (monitored.row().min_seq, removed_at(monitored)) == (1, {})


@postgres_only
@pytest.mark.parametrize("status", ["completed", "pending"])
async def test_a_hold_that_comes_while_scans_of_a_user_are_marked_keeps_its_scan(monitored, finished, status):
    if status == "pending":
        monitored.write(monitored.lifecycle.retry("task-1", by="user"))
    owner, now = monitored.row().user_id, monitored.clock.now()
    marks = {
        "completed": lambda c: retention.mark_deleted_some(c, owner, now, 10),
        "pending": lambda c: retention.mark_deleted_unfinished(c, owner, now) or [],
    }
    with monitored.db.engine.connect() as held, held.begin():
        holds.place(held, "task-1", at=now, by="admin", reason="Case 1")
        marking = asyncio.create_task(monitored.db.write(marks[status]))
        await until_locked_out(monitored.db)
    assert await marking == []
    assert monitored.row().deleted_at is None


async def test_the_database_itself_refuses_a_scan_that_is_held_and_deleted(monitored, finished):
    now = monitored.clock.now()
    monitored.db.write_sync(lambda c: holds.place(c, "task-1", at=now, by="admin", reason="Case 1"))
    with pytest.raises(IntegrityError):
        monitored.db.write_sync(lambda c: c.execute(scan_tasks.update().values(deleted_at=now)) and None)


@postgres_only
async def test_a_hold_waits_for_a_write_that_removes_and_that_write_for_it(monitored, finished):
    """What is removed was removed before the scan was held."""
    now, end = monitored.clock.now(), monitored.row().last_seq
    place = partial(holds.place, task_id="task-1", at=now, by="admin", reason="Case 1")
    lines = [retention.PendingPrune("task-1", end, end)]
    with monitored.db.engine.connect() as pruning, pruning.begin() as transaction:
        retention.prune_lines(pruning, lines, 1_000)
        holding = asyncio.create_task(monitored.db.write(place))
        await until_locked_out(monitored.db)
        assert not holding.done()
        transaction.rollback()
    assert await holding
    monitored.db.write_sync(lambda c: holds.release(c, "task-1"))
    with monitored.db.engine.connect() as held, held.begin():
        place(held)
        pruning = asyncio.create_task(monitored.db.write(lambda c: retention.prune_lines(c, lines, 1_000)))
        await until_locked_out(monitored.db)
    assert await pruning == []
    assert count(monitored, task_logs) == 1


def removed_at(monitored):
    """When the results of runs were said to be removed, by run."""
    r = scan_runs.c
    rows = select(r.run, r.results_removed_at).where(r.results_removed_at.is_not(None))
    return {row.run: row.results_removed_at for row in monitored.db.read_sync(lambda c: c.execute(rows).all())}


async def test_with_nothing_due_no_write_lock_is_asked_for_but_to_remember_the_time(
    monitored, purge, finished, monkeypatch
):
    await purge.purge()
    monitored.clock.advance(EVERY_S)
    writes = count_writes(monitored, monkeypatch)
    await purge.purge()
    assert writes["n"] == 1


async def test_what_was_found_clean_is_not_looked_at_again(monitored, settings, monkeypatch):
    monkeypatch.setattr("app.maintenance.retention.RESTART_S", 100 * DAY_S)
    purge = RetentionService(
        db=monitored.db, clock=monitored.clock, settings=settings, remove_files=lambda *_, **_more: None
    )
    await purge.purge()
    for number in range(30):
        finish(monitored, f"task-{number:02}")
    monitored.clock.advance(2 * DAY_S)
    await purge.purge()
    looked_at = []
    ended_page = retention.ended
    monkeypatch.setattr(retention, "ended", lambda *a, **k: looked_at.extend(page := ended_page(*a, **k)) or page)
    monitored.clock.advance(EVERY_S)
    await purge.purge()
    assert looked_at == []
    finish(monitored, "task-99")
    monitored.clock.advance(2 * DAY_S)
    await purge.purge()
    assert {run.task_id for run in looked_at} == {"task-99"}


def begin_again(monitored, attempt):
    """A retry that runs, with a log line."""
    monitored.write(monitored.lifecycle.retry("task-1", by="user"))
    monitored.claim(attempt=attempt)
    recorder = Recorder(task_id="task-1", attempt=attempt, run=attempt, clock=monitored.clock)
    lines = PendingLogs((LogEntry("INFO", "m", "x", datetime.now(UTC)),))
    monitored.write(recorder.record([NewEvent(lines)]))


def add_violations(monitored, last_run):
    """Three of each run."""
    now = monitored.clock.now()
    for run in range(1, last_run + 1):
        found = [new_violation(f"{number}.test", violation_id=f"v{run}-{number}") for number in range(3)]
        monitored.db.write_sync(lambda c, found=found, run=run: write_violations(c, "task-1", *found, at=now, run=run))


def finish(monitored, task_id):
    monitored.create(task_id)
    monitored.claim(task_id)
    monitored.write(monitored.lifecycle.complete(task_id, 1, Statistics()))
    monitored.clock.advance(1)


def add_events(monitored, task_id, number):
    """Progress of a task that is over, behind its log's end."""
    last_seq = monitored.row(task_id).last_seq
    row = {"task_id": task_id, "attempt": 1, "type": "task_progress", "body": "{}", "created_at": monitored.clock.now()}
    rows = [{**row, "seq": last_seq + n, "event_id": f"more-{n}"} for n in range(1, number + 1)]
    monitored.db.write_sync(lambda c: c.execute(insert(task_events), rows))
    for table in (scan_tasks, scan_runs):
        monitored.db.write_sync(lambda c, table=table: c.execute(table.update().values(last_seq=last_seq + number)))


def count_writes(monitored, monkeypatch):
    counted = {"n": 0}
    run = monitored.db.write

    async def write(work):
        counted["n"] += 1
        return await run(work)

    monkeypatch.setattr(monitored.db, "write", write)
    return counted
