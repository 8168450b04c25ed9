from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from app.events.types import NewEvent, PendingLine, PendingLogs, Statistics, TaskProgress
from app.models import audit_log, idempotency_keys, scan_tasks, task_events, task_logs
from app.monitor.purge import EVERY_S, TOMBSTONE_S, Purge
from app.repositories import audit, idempotency
from app.services.recorder import Recorder

DAY_S = 86_400


@pytest.fixture
def removed():
    return []


@pytest.fixture
def purge(post, settings, removed):
    return Purge(db=post.db, clock=post.clock, settings=settings, remove_files=removed.append)


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
    post.clock.advance(DAY_S + 1)
    await purge.purge()
    post.write(post.lifecycle.retry("task-1", by="user"))
    row = post.row()
    assert row.last_seq == row.min_seq


async def test_log_lines_go_after_a_month_and_events_after_a_year(post, purge, finished):
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
    assert removed == ["task-1"]


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
