import asyncio
import sqlite3
from contextlib import closing, suppress

import pytest

from app.core.db import DatabaseUnavailable
from app.domain.tasks import TaskStatus
from tests.support.logs import captured_log
from tests.support.realtime import until


async def test_a_worker_that_misses_its_heartbeats_is_suspected_then_killed_and_requeued(post):
    post.create()
    post.claim()
    await post.rounds(4, beating=False)
    assert post.codes() == ["worker_suspect"]
    assert post.row().worker_state == "suspect"
    await post.rounds(2, beating=False)
    row = post.row()
    assert post.killer.killed == ["task-1"]
    assert (row.status, row.attempt, row.requeues, row.run) == (TaskStatus.PENDING, 2, 1, 1)
    assert post.types()[-1] == "task_retrying"


async def test_a_suspect_that_beats_again_is_alive(post):
    post.create()
    post.claim()
    await post.rounds(4, beating=False)
    await post.rounds(1)
    assert post.row().worker_state == "alive"


async def test_after_two_requeues_a_lost_worker_fails_the_task(post):
    post.create()
    for attempt in (1, 2, 3):
        post.claim(attempt=attempt)
        await post.rounds(7, beating=False)
    row = post.row()
    assert (row.status, row.attempt, row.error["code"]) == (TaskStatus.FAILED, 3, "worker_lost")
    assert post.types().count("task_completed") == 1


async def test_the_warning_at_six_hours_comes_once_whoever_watches(post, settings):
    post.create()
    post.claim()
    post.beat(settings.long_running_warning_s)
    await post.rounds(5, moving=True)
    post.monitor._watches.clear()  # a restarted server
    await post.rounds(5, moving=True)
    assert post.codes() == ["long_running"]


async def test_twelve_hours_of_running_time_end_the_scan_for_good(post, settings):
    post.create()
    post.claim()
    post.beat(settings.long_running_failure_s)
    await post.rounds(2)
    row = post.row()
    assert (row.status, row.error["code"]) == (TaskStatus.FAILED, "timeout")
    assert post.killer.killed == ["task-1"]
    assert post.types()[-2:] == ["task_error", "task_completed"]


async def test_a_scan_that_does_not_get_on_is_said_to_be_stalled_once(post):
    post.create()
    post.claim()
    await post.rounds(70)
    assert post.codes() == ["stalled"]


async def test_a_cancel_that_is_not_heard_is_forced(post):
    post.create()
    post.claim()
    await post.rounds(1)
    post.write(post.lifecycle.request_cancel("task-1", by="user"))
    await post.rounds(8)
    assert post.killer.killed == ["task-1"]
    assert post.row().status == TaskStatus.CANCELLED


async def test_a_task_that_waits_in_the_queue_says_so_once(post):
    post.create()
    await post.rounds(10, beating=False)
    assert post.codes() == ["queued"]


async def test_while_nobody_can_write_nobody_is_lost(post, tmp_path):
    post.create()
    post.claim()
    await post.rounds(2)
    other = sqlite3.connect(tmp_path / "compliance.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(10):
        with pytest.raises(DatabaseUnavailable):
            await post.monitor.check_running_tasks()
        post.clock.advance(10)
    other.execute("ROLLBACK")
    other.close()
    post.monitor._looked_at = post.clock.monotonic()  # as if it had not been that long
    await post.monitor.check_running_tasks()
    assert post.codes() == []
    assert post.killer.killed == []


async def test_a_process_that_is_heard_is_not_lost_although_its_heart_stands(post):
    post.create()
    post.claim()
    post.killer.heard.add("task-1")
    await post.rounds(10, beating=False)
    assert post.codes() == []
    post.killer.heard.clear()
    await post.rounds(6, beating=False)
    assert post.killer.killed == ["task-1"]


async def test_an_observer_that_slept_expires_nothing(post):
    post.create()
    post.claim()
    await post.rounds(2)
    post.clock.advance(3_600)
    await post.rounds(3, beating=False)
    assert post.codes() == []


async def test_the_gauge_counts_running_and_cancelling_tasks(post):
    for number in range(3):
        post.create(f"task-{number}")
    post.claim("task-0")
    post.claim("task-1")
    post.write(post.lifecycle.request_cancel("task-1", by="user"))
    await post.monitor.check_running_tasks()
    assert post.concurrent.value == 2


async def test_the_loop_looks_every_ten_seconds_and_outlives_a_failed_round(post):
    async def fail():
        post.purger.calls += 1
        if post.purger.calls == 3:
            raise asyncio.CancelledError
        raise RuntimeError

    post.monitor.check_running_tasks = fail
    with suppress(asyncio.CancelledError):
        await post.monitor.run()
    assert post.clock.slept == [10, 10]
    post.purger.calls, post.purger.purge = 0, fail
    with suppress(asyncio.CancelledError):
        await post.monitor.keep_house()
    assert post.clock.slept == [10, 10, 10, 10]
    assert post.errors.value == 4


async def test_a_database_that_is_away_costs_rounds_and_is_no_mistake(post, tmp_path):
    with captured_log() as log, closing(sqlite3.connect(tmp_path / "compliance.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        watching = asyncio.create_task(post.monitor.run())
        await until(lambda: post.errors.value >= 2)
        watching.cancel()
        other.execute("ROLLBACK")
    assert "monitor_waits" in log.getvalue()
    assert "Traceback" not in log.getvalue()


async def test_a_purge_that_takes_for_ever_hides_no_lost_worker(post):
    """The purge stands for what takes minutes; the rounds of the monitor go on beside it."""
    purging = asyncio.Event()

    async def purge_for_ever():
        purging.set()
        await asyncio.Event().wait()

    async def sleep(seconds):
        post.clock.advance(seconds)
        await asyncio.sleep(0)

    post.purger.purge, post.clock.sleep = purge_for_ever, sleep
    post.create()
    post.claim()
    await post.monitor.start()
    async with asyncio.timeout(10):
        await purging.wait()
        while post.killer.killed != ["task-1"]:  # noqa: ASYNC110 - the killer tells nobody
            await asyncio.sleep(0.01)
    await post.monitor.stop()
    assert "worker_suspect" in post.codes()


async def test_it_starts_and_stops_more_than_once(post):
    await post.monitor.stop()
    await post.monitor.start()
    await post.monitor.start()
    await post.monitor.stop()
    await post.monitor.stop()
