import asyncio
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.domain.tasks import TaskStatus
from app.scans.queries import workers
from app.scans.queries.workers import WorkerDescription
from app.scans.tables import workers as table
from tests.support.databases import sqlite_only
from tests.support.logs import captured_log
from tests.support.realtime import until


async def test_a_worker_that_misses_its_heartbeats_is_suspected_then_killed_and_requeued(monitored):
    monitored.create()
    monitored.claim()
    await monitored.rounds(4, beating=False)
    assert monitored.codes() == ["worker_suspect"]
    assert monitored.row().worker_state == "suspect"
    await monitored.rounds(2, beating=False)
    row = monitored.row()
    assert monitored.worker_control.killed == ["task-1"]
    assert (row.status, row.attempt, row.requeues, row.run) == (TaskStatus.PENDING, 2, 1, 1)
    assert monitored.types()[-1] == "task_retrying"


async def test_a_suspect_that_beats_again_is_alive(monitored):
    monitored.create()
    monitored.claim()
    await monitored.rounds(4, beating=False)
    await monitored.rounds(1)
    assert monitored.row().worker_state == "alive"


async def test_after_two_requeues_a_lost_worker_fails_the_task(monitored):
    monitored.create()
    for attempt in (1, 2, 3):
        monitored.claim(attempt=attempt)
        await monitored.rounds(7, beating=False)
    row = monitored.row()
    assert (row.status, row.attempt, row.error["code"]) == (TaskStatus.FAILED, 3, "worker_lost")
    assert monitored.types().count("task_completed") == 1


async def test_the_warning_at_six_hours_comes_once_whoever_watches(monitored, settings):
    monitored.create()
    monitored.claim()
    monitored.beat(settings.long_running_warning_s)
    await monitored.rounds(5, moving=True)
    monitored.monitor._watches.clear()  # a restarted server
    await monitored.rounds(5, moving=True)
    assert monitored.codes() == ["long_running"]


async def test_twelve_hours_of_running_time_end_the_scan_for_good(monitored, settings):
    monitored.create()
    monitored.claim()
    monitored.beat(settings.long_running_failure_s)
    await monitored.rounds(2)
    row = monitored.row()
    assert (row.status, row.error["code"]) == (TaskStatus.FAILED, "timeout")
    assert monitored.worker_control.killed == ["task-1"]
    assert monitored.types()[-2:] == ["task_error", "task_completed"]


async def test_a_scan_that_does_not_get_on_is_said_to_be_stalled_once(monitored):
    monitored.create()
    monitored.claim()
    await monitored.rounds(70)
    assert monitored.codes() == ["stalled"]


async def test_a_cancel_that_is_not_heard_is_forced(monitored):
    monitored.create()
    monitored.claim()
    await monitored.rounds(1)
    monitored.write(monitored.lifecycle.request_cancel("task-1", by="user"))
    await monitored.rounds(8)
    assert monitored.worker_control.killed == ["task-1"]
    assert monitored.row().status == TaskStatus.CANCELLED


async def test_a_task_that_waits_in_the_queue_says_so_once(monitored):
    monitored.create()
    await monitored.rounds(10, beating=False)
    assert monitored.codes() == ["queued"]


DISTRIBUTED = {"database_url": SecretStr("postgresql+psycopg://x/y"), "redis_url": SecretStr("redis://127.0.0.1:1/0")}
WORKER = WorkerDescription("worker-1", "host", "1.0", ("scan",), 2)
BROWSER = replace(WORKER, id="worker-2", queues=("browser",))


@pytest.fixture
def distributed(monitored, settings):
    monitored.monitor.settings = settings.model_copy(update=DISTRIBUTED)
    return monitored


def arrive(monitored, worker):
    monitored.db.write_sync(lambda c: workers.beat(c, worker, None))


async def test_a_task_that_nobody_can_take_says_so_once_in_its_run(distributed):
    distributed.create()
    arrive(distributed, BROWSER)
    await distributed.rounds(6, beating=False)
    assert distributed.codes() == []
    await distributed.rounds(6, beating=False)
    assert distributed.codes() == ["no_worker"]
    distributed.monitor._watches.clear()  # another server has the lease now
    await distributed.rounds(8, beating=False)
    distributed.claim()
    distributed.write(distributed.lifecycle.requeue("task-1", 1))
    await distributed.rounds(8, beating=False)
    assert distributed.codes() == ["no_worker"]
    distributed.write(distributed.lifecycle.cancel_pending("task-1", by="mei"))
    distributed.write(distributed.lifecycle.retry("task-1", by="mei"))
    await distributed.rounds(8, beating=False)
    assert distributed.codes() == ["no_worker", "no_worker"]


async def test_a_worker_that_comes_makes_it_wait_for_its_turn_only(distributed):
    distributed.create()
    await distributed.rounds(7, beating=False)
    arrive(distributed, WORKER)
    await distributed.rounds(5, beating=False)
    assert distributed.codes() == ["no_worker", "queued"]


async def test_a_worker_that_ends_is_missed_after_a_minute(distributed):
    distributed.create()
    arrive(distributed, WORKER)
    await distributed.rounds(8, beating=False)
    assert distributed.codes() == ["queued"]
    distributed.db.write_sync(lambda c: workers.leave(c, WORKER.id))
    await distributed.rounds(5, beating=False)  # one that is begun anew is back by then
    assert distributed.codes() == ["queued"]
    await distributed.rounds(2, beating=False)
    assert distributed.codes() == ["queued", "no_worker"]


async def test_a_worker_that_was_lost_is_forgotten_after_a_while(distributed):
    for worker, silent_s in ((WORKER, 500), (BROWSER, 700)):
        arrive(distributed, worker)
        at = datetime.now(UTC) - timedelta(seconds=silent_s)
        query = table.update().where(table.c.id == worker.id).values(heartbeat_at=at)
        distributed.db.write_sync(lambda c, query=query: c.execute(query) and None)
    await distributed.rounds(1, beating=False)
    assert [worker.id for worker in distributed.db.read_sync(workers.known)] == [WORKER.id]


@sqlite_only
async def test_while_nobody_can_write_nobody_is_lost(monitored, tmp_path):
    monitored.create()
    monitored.claim()
    await monitored.rounds(2)
    other = sqlite3.connect(tmp_path / "compliance.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(10):
        with pytest.raises(DatabaseUnavailable):
            await monitored.monitor.check_running_tasks()
        monitored.clock.advance(10)
    other.execute("ROLLBACK")
    other.close()
    monitored.monitor._looked_at = monitored.clock.monotonic()  # as if it had not been that long
    await monitored.monitor.check_running_tasks()
    assert monitored.codes() == []
    assert monitored.worker_control.killed == []


class HeldUp:
    """A database in which somebody who has frozen has the lock on a task, until their connection is ended."""

    def __init__(self, db, *failures):
        self.db, self.failures = db, list(failures)
        self.ended = 0

    async def write(self, work):
        if self.failures:
            raise DatabaseUnavailable(self.failures[0])
        return await self.db.write(work)

    async def read(self, work):
        return await self.db.read(work)

    async def end_stuck(self):
        self.failures.clear()
        self.ended += 1
        return self.ended


@pytest.mark.parametrize(("failure", "ended"), [(Failure.BUSY, 1), (Failure.FULL, 0)])
async def test_somebody_frozen_who_holds_a_task_holds_up_one_round_of_all(monitored, failure, ended):
    monitored.create()
    monitored.claim()
    await monitored.rounds(2)
    db = monitored.monitor.db = HeldUp(monitored.db, failure)
    with pytest.raises(DatabaseUnavailable):
        await monitored.monitor.check_running_tasks()
    assert db.ended == ended
    if ended:
        await monitored.monitor.check_running_tasks()


class LeaseThatIsAway:
    """Fulfils `core.lease.Lease` for a database that answers now and then."""

    is_away = False

    async def is_held(self):
        if self.is_away:
            raise DatabaseUnavailable(Failure.UNREACHABLE)
        return True


async def test_no_scan_is_lost_while_the_lease_cannot_be_read(monitored):
    monitored.create()
    monitored.claim()
    await monitored.rounds(2)
    lease = monitored.monitor.lease = LeaseThatIsAway()
    for _ in range(8):  # every second round, so that none is late
        lease.is_away = True
        with pytest.raises(DatabaseUnavailable):
            await monitored.monitor._check_if_held()
        monitored.clock.advance(10)
        lease.is_away = False
        await monitored.monitor._check_if_held()
        monitored.clock.advance(10)
    assert monitored.codes() == []
    assert monitored.worker_control.killed == []


async def test_a_process_that_is_responsive_is_not_lost_although_its_heartbeat_stands(monitored):
    monitored.create()
    monitored.claim()
    monitored.worker_control.responsive.add("task-1")
    await monitored.rounds(10, beating=False)
    assert monitored.codes() == []
    monitored.worker_control.responsive.clear()
    await monitored.rounds(6, beating=False)
    assert monitored.worker_control.killed == ["task-1"]


async def test_an_observer_that_slept_expires_nothing(monitored):
    monitored.create()
    monitored.claim()
    await monitored.rounds(2)
    monitored.clock.advance(3_600)
    await monitored.rounds(3, beating=False)
    assert monitored.codes() == []


async def test_an_observer_whose_rounds_are_all_late_notices_a_lost_worker(monitored):
    monitored.create()
    monitored.claim()
    for _ in range(8):
        await monitored.rounds(1, beating=False)
        monitored.clock.advance(21)
    assert monitored.codes() == ["worker_suspect"]
    assert monitored.worker_control.killed == ["task-1"]


async def test_the_gauge_counts_running_and_cancelling_tasks(monitored):
    for number in range(3):
        monitored.create(f"task-{number}")
    monitored.claim("task-0")
    monitored.claim("task-1")
    monitored.write(monitored.lifecycle.request_cancel("task-1", by="user"))
    await monitored.monitor.check_running_tasks()
    assert monitored.concurrent.value == 2


async def test_the_loop_looks_every_ten_seconds_and_outlives_a_failed_round(monitored):
    async def fail():
        monitored.retention.calls += 1
        if monitored.retention.calls == 3:
            raise asyncio.CancelledError
        raise RuntimeError

    monitored.monitor.check_running_tasks = fail
    with suppress(asyncio.CancelledError):
        await monitored.monitor.run()
    assert monitored.clock.slept == [10, 10]
    monitored.retention.calls, monitored.retention.purge = 0, fail
    with suppress(asyncio.CancelledError):
        await monitored.monitor.run_retention()
    assert monitored.clock.slept == [10, 10, 10, 10]
    assert monitored.errors.value == 4


@sqlite_only
async def test_a_database_that_is_away_costs_rounds_and_is_no_mistake(monitored, tmp_path):
    with captured_log() as log, closing(sqlite3.connect(tmp_path / "compliance.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        watching = asyncio.create_task(monitored.monitor.run())
        await until(lambda: monitored.errors.value >= 2)
        watching.cancel()
        other.execute("ROLLBACK")
    assert "monitor_waits" in log.getvalue()
    assert "Traceback" not in log.getvalue()


async def test_a_purge_that_takes_for_ever_hides_no_lost_worker(monitored):
    """The purge stands for what takes minutes; the rounds of the monitor go on beside it."""
    purging = asyncio.Event()

    async def purge_for_ever():
        purging.set()
        await asyncio.Event().wait()

    async def sleep(seconds):
        monitored.clock.advance(seconds)
        await asyncio.sleep(0)

    monitored.retention.purge, monitored.clock.sleep = purge_for_ever, sleep
    monitored.create()
    monitored.claim()
    await monitored.monitor.start()
    async with asyncio.timeout(30):
        await purging.wait()
        while monitored.worker_control.killed != ["task-1"]:  # noqa: ASYNC110 - the worker_control tells nobody
            await asyncio.sleep(0.01)
    await monitored.monitor.stop()
    assert "worker_suspect" in monitored.codes()


async def test_it_starts_and_stops_more_than_once(monitored):
    await monitored.monitor.stop()
    await monitored.monitor.start()
    await monitored.monitor.start()
    await monitored.monitor.stop()
    await monitored.monitor.stop()
