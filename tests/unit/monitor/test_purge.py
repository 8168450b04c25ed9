import errno
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from app.events.types import NewEvent, PendingLine, PendingLogs, Statistics, TaskProgress
from app.models import audit_log, idempotency_keys, scan_tasks, task_events, task_logs
from app.monitor.purge import EVERY_S, TOMBSTONE_S, Purge
from app.repositories import audit, idempotency, retention
from app.services.recorder import Recorder

DAY_S = 86_400


@pytest.fixture
def removed():
    return []


@pytest.fixture
def purge(post, settings, removed):
    return Purge(db=post.db, clock=post.clock, settings=settings, remove_files=lambda *task: removed.append(task))


@pytest.fixture
def finished(post):
    """A completed task with progress and a log line."""
    post.create()
    post.claim()
    progress = TaskProgress(progress=1, stage="x", message="x", stage_key="page_crawl", stage_index=2, stage_progress=1)
    lines = PendingLogs((PendingLine("INFO", "m", "x", datetime.now(UTC)),))
    recorder = Recorder(task_id="task-1", attempt=1, run=1, clock=post.clock)
    post.write(recorder.record([NewEvent(progress), NewEvent(lines)]))
    post.write(post.lifecycle.complete("task-1", 1, Statistics()))


def count(post, table):
    return post.db.read_sync(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one())


async def test_progress_goes_a_day_after_the_end_and_older_positions_get_a_snapshot(post, purge, finished):
    await purge.purge()
    assert "task_progress" in post.types()
    post.clock.advance(DAY_S + 1)
    await purge.purge()
    assert post.types() == ["task_created", "task_started", "task_logs", "task_completed"]
    assert post.row().min_seq == post.row().last_seq + 1


async def test_what_comes_after_the_pruning_is_contiguous_again(post, purge, finished):
    await purge.purge()
    post.clock.advance(DAY_S + 1)
    await purge.purge()
    post.write(post.lifecycle.retry("task-1", by="user"))
    row = post.row()
    assert row.last_seq == row.min_seq


async def test_log_lines_go_after_a_month_and_events_after_a_year(post, purge, finished):
    await purge.purge()
    post.clock.advance(31 * DAY_S)
    await purge.purge()
    assert count(post, task_logs) == 0
    assert count(post, task_events) == 3
    post.clock.advance(340 * DAY_S)
    await purge.purge()
    assert count(post, task_events) == 0
    assert post.row().status == "completed"


async def test_keys_of_requests_go_after_a_day(post, purge):
    post.create()
    owner = post.row().user_id
    post.db.write_sync(
        lambda c: [
            idempotency.add(c, owner, f"k{n}", fingerprint="f", response="{}", now=post.clock.now()) for n in range(25)
        ]
    )
    post.clock.advance(DAY_S - 1)
    await purge.purge()
    assert count(post, idempotency_keys) == 25
    post.clock.advance(EVERY_S)
    await purge.purge()
    assert count(post, idempotency_keys) == 0


async def test_an_unfinished_task_keeps_everything(post, purge):
    post.create()
    post.clock.advance(1_000 * DAY_S)
    await purge.purge()
    assert post.types() == ["task_created"]


async def test_a_deleted_task_goes_with_its_rows_and_files(post, purge, removed, finished):
    post.write(post.lifecycle.delete("task-1", by="user"))
    await purge.purge()
    assert count(post, scan_tasks) == 1
    post.clock.advance(TOMBSTONE_S + EVERY_S)
    await purge.purge()
    assert count(post, scan_tasks) + count(post, task_events) + count(post, task_logs) == 0
    assert removed == [("task-1", 1)]


async def test_it_looks_once_a_minute(post, purge, removed):
    await purge.purge()
    post.create()
    post.write(post.lifecycle.delete("task-1", by="user"))
    post.clock.moment = post.clock.moment.replace(year=2030)
    await purge.purge()
    assert removed == []


async def test_rows_of_the_audit_log_go_after_a_year(post, purge):
    def row(now):
        return {"at": now, "action": "ws.connect", "outcome": "ok", "detail": {}}

    post.db.write_sync(lambda c: audit.add_all(c, [row(post.clock.now()) for _ in range(1_200)]))
    post.clock.advance(364 * DAY_S)
    post.db.write_sync(lambda c: audit.add_all(c, [row(post.clock.now())]))
    await purge.purge()
    assert count(post, audit_log) == 1_201
    post.clock.advance(2 * DAY_S)
    await purge.purge()
    assert count(post, audit_log) == 1


async def test_a_clock_that_is_400_days_ahead_for_a_minute_deletes_nothing(post, purge, finished):
    await purge.purge()
    post.db.write_sync(
        lambda c: audit.add_all(c, [{"at": post.clock.now(), "action": "x", "outcome": "ok", "detail": {}}])
    )
    before = [count(post, table) for table in (task_events, task_logs, audit_log)]
    post.clock.moment += timedelta(days=400)
    post.clock.advance(EVERY_S)
    await purge.purge()
    post.clock.moment -= timedelta(days=400)
    post.clock.advance(EVERY_S)
    await purge.purge()
    assert [count(post, table) for table in (task_events, task_logs, audit_log)] == before


async def test_a_large_task_goes_in_many_short_transactions(post, purge, removed, finished, monkeypatch):
    monkeypatch.setattr("app.monitor.chunks.MAX_ROWS", 50)
    add_events(post, "task-1", 1_000)
    post.write(post.lifecycle.delete("task-1", by="user"))
    post.clock.advance(TOMBSTONE_S + 1)
    writes = count_writes(post, monkeypatch)
    await purge.purge()
    assert count(post, scan_tasks) + count(post, task_events) + count(post, task_logs) == 0
    assert writes["n"] >= 20


async def test_lines_of_a_task_that_has_more_than_a_chunk_all_go(post, purge, finished, monkeypatch):
    monkeypatch.setattr("app.monitor.chunks.MAX_ROWS", 20)
    await purge.purge()
    line = {"task_id": "task-1", "attempt": 1, "level": "INFO", "module": "m", "message": "x"}
    rows = [{**line, "log_seq": n, "created_at": post.clock.now()} for n in range(2, 300)]
    post.db.write_sync(lambda c: c.execute(insert(task_logs), rows))
    post.db.write_sync(lambda c: c.execute(scan_tasks.update().values(last_log_seq=299)))
    post.clock.advance(31 * DAY_S)
    await purge.purge()
    assert count(post, task_logs) == 0
    assert post.types() == ["task_created", "task_started", "task_completed"]


async def test_files_go_before_the_rows_so_that_a_crash_in_between_forgets_none(post, settings, finished):
    def fail(*_):
        raise RuntimeError

    post.write(post.lifecycle.delete("task-1", by="user"))
    post.clock.advance(TOMBSTONE_S + 1)
    with pytest.raises(RuntimeError):
        await Purge(db=post.db, clock=post.clock, settings=settings, remove_files=fail).purge()
    assert count(post, scan_tasks) == 1


async def test_files_that_cannot_be_removed_keep_nothing_else_from_going(post, settings, finished):
    refused = []

    def remove(task_id, _run):
        if task_id == "stuck":
            refused.append(task_id)
            raise PermissionError(errno.EACCES, "Permission denied", "stuck-1.db")

    purge = Purge(db=post.db, clock=post.clock, settings=settings, remove_files=remove)
    for task_id in ("stuck", "gone"):
        post.create(task_id)
        post.write(post.lifecycle.delete(task_id, by="user"))
    await purge.purge()
    post.clock.advance(DAY_S + 1)
    await purge.purge()
    assert refused == ["stuck"]
    assert set(post.db.read_sync(lambda c: c.execute(select(scan_tasks.c.id)).scalars().all())) == {"stuck", "task-1"}
    assert "task_progress" not in post.types()


async def test_the_log_of_a_task_that_is_pruned_halfway_is_still_contiguous(post, finished):
    """After each chunk a follower reads either all from `min_seq` on, or is told that there is a hole."""
    add_events(post, "task-1", 200)
    post.clock.advance(DAY_S + 1)
    places = [retention.Place("task-1", 204)]
    while places:
        places = post.db.write_sync(
            lambda c: retention.prune_events(c, places, post.clock.now(), 30, retention.PROGRESS)  # noqa: B023
        )
        seqs = post.db.read_sync(lambda c: list(c.execute(select(task_events.c.seq)).scalars()))
        row = post.row()
        assert [seq for seq in sorted(seqs) if seq >= row.min_seq] == list(range(row.min_seq, row.last_seq + 1))
    assert post.row().min_seq == post.row().last_seq + 1


async def test_a_task_that_is_retried_while_it_is_pruned_keeps_what_comes(post, finished):
    post.clock.advance(DAY_S + 1)
    post.write(post.lifecycle.retry("task-1", by="user"))
    place = retention.Place("task-1", 5)
    assert post.db.write_sync(lambda c: retention.prune_events(c, [place], post.clock.now(), 10)) == []
    assert post.types()[-1] == "task_retrying"


async def test_with_nothing_due_no_write_lock_is_asked_for_but_to_remember_the_time(post, purge, finished, monkeypatch):
    await purge.purge()
    post.clock.advance(EVERY_S)
    writes = count_writes(post, monkeypatch)
    await purge.purge()
    assert writes["n"] == 1


async def test_what_was_found_clean_is_not_looked_at_again(post, settings, monkeypatch):
    monkeypatch.setattr("app.monitor.purge.ALL_AGAIN_S", 100 * DAY_S)
    purge = Purge(db=post.db, clock=post.clock, settings=settings, remove_files=lambda *_: None)
    await purge.purge()
    for number in range(30):
        finish(post, f"task-{number:02}")
    post.clock.advance(2 * DAY_S)
    await purge.purge()
    looked_at = []
    finished_page = retention.finished
    monkeypatch.setattr(retention, "finished", lambda *a, **k: looked_at.extend(page := finished_page(*a, **k)) or page)
    post.clock.advance(EVERY_S)
    await purge.purge()
    assert looked_at == []
    finish(post, "task-99")
    post.clock.advance(2 * DAY_S)
    await purge.purge()
    assert {task.id for task in looked_at} == {"task-99"}


def finish(post, task_id):
    post.create(task_id)
    post.claim(task_id)
    post.write(post.lifecycle.complete(task_id, 1, Statistics()))
    post.clock.advance(1)


def add_events(post, task_id, number):
    """Progress of a task that is over, behind its log's end."""
    last_seq = post.row(task_id).last_seq
    row = {"task_id": task_id, "attempt": 1, "type": "task_progress", "body": "{}", "created_at": post.clock.now()}
    rows = [{**row, "seq": last_seq + n, "event_id": f"more-{n}"} for n in range(1, number + 1)]
    post.db.write_sync(lambda c: c.execute(insert(task_events), rows))
    post.db.write_sync(lambda c: c.execute(scan_tasks.update().values(last_seq=last_seq + number)))


def count_writes(post, monkeypatch):
    counted = {"n": 0}
    run = post.db.write

    async def write(work):
        counted["n"] += 1
        return await run(work)

    monkeypatch.setattr(post.db, "write", write)
    return counted
