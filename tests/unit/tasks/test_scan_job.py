import asyncio
import contextlib
import errno
import gc
import os
import sqlite3

import pytest

from app.domain.coverage import Coverage, Seen
from app.domain.stages import STAGES, StageStatus
from app.engines.model import Counts, HostFact
from app.engines.ports import ScanStopped
from app.scanstore.errors import StoreMismatch, StoreUnavailable
from app.scanstore.sqlite import SqliteScanStore
from app.tasks import scan_job, scan_tasks, store_keeper
from app.tasks.pulse import LoopPulse
from app.tasks.reporter import StopReason
from app.tasks.scan_job import JobSpec, Outcome, ScanJob
from app.tasks.store_keeper import StoreKeeper
from app.tasks.writer import UnitWriter
from tests.support.logs import captured_log
from tests.unit.tasks.test_reporter import FACT


class ScriptedScan:
    """Does what the test says, with the store and the sink of the job."""

    def __init__(self, script, store, sink):
        self.script, self.store, self.sink = script, store, sink

    async def run(self):
        await self.script(self.store, self.sink)


@pytest.fixture
def make_job(house, tmp_path):
    """A job whose scans follow the scripts, one after the other."""
    writers = []

    def make(*scripts, attempt=1, open_store=SqliteScanStore, interval_s=0.05, max_bytes=1 << 20):
        remaining = list(scripts)
        writers.append(UnitWriter(house.journal))
        return ScanJob(
            spec=JobSpec("task-1", attempt, 1, "worker", "corp.example", {}),
            db=house.db,
            writer=writers[-1],
            lifecycle=house.lifecycle,
            texts=house.texts,
            clock=house.clock,
            keeper=StoreKeeper(path=tmp_path / "task-1-1.db", open_store=open_store, clock=house.clock),
            make_scan=lambda spec, store, sink: ScriptedScan(remaining.pop(0), store, sink),
            heartbeat_interval_s=interval_s,
            log_lines_per_s=200,
            log_max_bytes=max_bytes,
            pulse=LoopPulse(),
        )

    yield make
    for writer in writers:
        writer.close()


async def full_scan(store, sink):
    store.put_host(HostFact("corp.example", ("target",), addresses=("192.0.2.1",)))
    await sink.log("INFO", "page_crawl", "hello")
    for spec in STAGES:
        await sink.stage(spec.key, StageStatus.RUNNING)
        await sink.progress(spec.key, 0.5, "half", Counts(subdomains=1))
        await sink.stage(spec.key, StageStatus.COMPLETED, duration_ms=1)
    await sink.violation(FACT)


async def wait_for_ever(store, sink):
    store.put_host(HostFact("corp.example", ("target",), addresses=("192.0.2.1",)))
    await sink.log("INFO", "page_crawl", "working")
    await asyncio.Event().wait()


async def until(condition, within_s=5):
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


async def test_a_scan_that_ends_completes_its_task_with_the_folds_as_statistics(house, make_job):
    house.create()
    assert await make_job(full_scan).run() is Outcome.COMPLETED
    row = house.row()
    assert (row.status, row.progress) == ("completed", 100)
    assert row.statistics == {
        "total_subdomains": 1,
        "total_pages_crawled": 0,
        "total_third_party_domains": 0,
        "total_violations": 1,
        "execution_duration": 0,
    }
    types = house.types()
    assert types[:2] == ["task_created", "task_started"]
    assert types[-1] == "task_completed"


@pytest.mark.parametrize(
    ("coverage", "result", "warnings"),
    [
        (None, "inconclusive", ["inconclusive"]),  # a scan that does not say what it saw has seen nothing
        (Coverage({"a": {Seen.JUDGED: 1, Seen.SERVER_ERROR: 1}}, start_page=True), "inconclusive", ["inconclusive"]),
        (Coverage({"a": {Seen.JUDGED: 9, Seen.DEPTH: 5}}, start_page=True), "clean", []),
    ],
)
async def test_the_verdict_follows_from_what_was_seen(house, make_job, coverage, result, warnings):
    async def seen(store, sink):
        if coverage is not None:
            await sink.covered(coverage)

    house.create()
    assert await make_job(seen).run() is Outcome.COMPLETED
    row = house.row()
    assert row.verdict["result"] == result
    assert [said["code"] for said in row.warnings] == warnings
    assert house.types()[-1] == "task_completed"


async def test_a_violation_is_the_verdict_however_little_was_seen(house, make_job):
    house.create()
    await make_job(full_scan).run()
    assert house.row().verdict == {"result": "violations", "reasons": ["start_page"]}


async def test_the_seeds_name_runs_the_same_body(house, make_job):
    house.create()
    assert await scan_tasks.execute_scan_task(make_job(full_scan)) is Outcome.COMPLETED
    assert scan_tasks.run_scan is scan_tasks.execute_scan_task


async def test_an_internal_error_fails_the_task_once_and_says_nothing_of_its_insides(house, make_job):
    async def broken(store, sink):
        await sink.log("INFO", "page_crawl", "before")
        raise RuntimeError("secret path /x")

    house.create()
    assert await make_job(broken).run() is Outcome.FAILED
    assert house.row().error == {"code": "internal", "message": "The scan met an internal error", "retryable": True}
    assert house.types()[-2:] == ["task_error", "task_completed"]
    assert [line.message for line in house.lines()] == ["before"]


async def test_a_cancel_ends_the_scan_with_what_it_had(house, make_job):
    house.create()
    job = make_job(wait_for_ever)
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(job.run())
        await until(lambda: house.row().status == "running")
        house.write(house.lifecycle.request_cancel("task-1", by="user"))
        job.stop(StopReason.CANCELLED)
    assert outcome.result() is Outcome.CANCELLED
    assert house.row().statistics["total_subdomains"] == 1
    assert house.types()[-1] == "task_completed"


async def test_a_cancel_is_seen_by_the_heart_too(house, make_job):
    house.create()
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(make_job(wait_for_ever).run())
        await until(lambda: house.row().status == "running")
        house.write(house.lifecycle.request_cancel("task-1", by="user"))
    assert outcome.result() is Outcome.CANCELLED


async def test_a_cancel_that_comes_in_the_last_moment_is_not_overtaken(house, make_job):
    async def cancelled_at_the_end(store, sink):
        house.write(house.lifecycle.request_cancel("task-1", by="user"))

    house.create()
    assert await make_job(cancelled_at_the_end, interval_s=60).run() is Outcome.CANCELLED
    assert house.row().status == "cancelled"


async def test_a_stop_that_comes_before_the_claim_counts(house, make_job):
    house.create()
    house.claim()
    house.write(house.lifecycle.requeue("task-1", 1))
    job = make_job(wait_for_ever, attempt=2)
    job.stop(StopReason.CANCELLED)
    async with asyncio.timeout(5):
        assert await job.run() is Outcome.STALE  # the database knows of no cancel
    assert house.row().status == "running"


async def test_a_scan_that_does_not_let_go_is_left_behind(house, make_job, monkeypatch):
    async def stubborn(store, sink):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await released.wait()

    monkeypatch.setattr(scan_job, "UNWIND_S", 0.05)
    released = asyncio.Event()
    house.create()
    job = make_job(stubborn)
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(job.run())
        await until(lambda: house.row().status == "running")
        house.write(house.lifecycle.request_cancel("task-1", by="user"))
        job.stop(StopReason.CANCELLED)
    assert outcome.result() is Outcome.CANCELLED
    released.set()


async def test_a_scan_that_was_left_behind_and_fails_later_makes_no_traceback(house, make_job, monkeypatch):
    async def stubborn(store, sink):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await released.wait()
        ended.set()
        raise RuntimeError("too late")

    monkeypatch.setattr(scan_job, "UNWIND_S", 0.05)
    released, ended = asyncio.Event(), asyncio.Event()
    house.create()
    with captured_log("INFO") as said:
        job = make_job(stubborn)
        async with asyncio.TaskGroup() as group:
            outcome = group.create_task(job.run())
            await until(lambda: house.row().status == "running")
            job.stop(StopReason.ORPHANED)
        assert outcome.result() is Outcome.ORPHANED
        released.set()
        await ended.wait()
        await asyncio.sleep(0)
        del job, outcome, group
        gc.collect()
    assert "scan_does_not_unwind" in said.getvalue()
    assert "Traceback" not in said.getvalue()


async def test_a_task_that_somebody_else_has_is_left_alone(house, make_job):
    house.create()
    house.claim()
    assert await make_job(full_scan).run() is Outcome.STALE
    assert house.types() == ["task_created", "task_started"]


async def test_a_lost_attempt_writes_nothing_more(house, make_job):
    house.create()
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(make_job(wait_for_ever).run())
        await until(lambda: house.row().status == "running")
        house.write(house.lifecycle.requeue("task-1", 1))
    assert outcome.result() is Outcome.STALE
    assert house.types()[-1] == "task_retrying"


async def test_an_orphan_leaves_its_checkpoint_and_its_last_words(house, make_job, tmp_path):
    house.create()
    job = make_job(wait_for_ever)
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(job.run())
        await until(lambda: house.row().status == "running")
        await asyncio.sleep(0.05)
        job.stop(StopReason.ORPHANED)
    assert outcome.result() is Outcome.ORPHANED
    assert house.row().status == "running"
    assert [line.message for line in house.lines()] == ["working"]
    store = SqliteScanStore(tmp_path / "task-1-1.db")
    assert [host.name for host in store.hosts()] == ["corp.example"]
    store.close()


async def test_the_next_attempt_knows_what_was_found_and_how_far_it_was(house, make_job):
    async def half(store, sink):
        await sink.progress(STAGES[1].key, 1.0, "", Counts(pages=7))
        await sink.violation(FACT)
        house.write(house.lifecycle.requeue("task-1", 1))
        with contextlib.suppress(ScanStopped):
            while True:
                await sink.log("INFO", "x", "y")
                await asyncio.sleep(0)

    async def again(store, sink):
        assert not await sink.violation(FACT)
        await sink.progress(STAGES[0].key, 0.0, "", Counts())
        await full_scan(store, sink)

    house.create()
    assert await make_job(half).run() is Outcome.STALE
    reached = house.row().progress
    assert reached > 0
    assert await make_job(again, attempt=2).run() is Outcome.COMPLETED
    assert len(house.findings()) == 1
    percents = [event.payload()["progress"] for event in map(to_event, house.events()) if event.type == "task_progress"]
    assert percents == sorted(percents)


def to_event(row):
    from app.events.log import to_event as convert

    return convert(row)


@pytest.mark.parametrize(
    "trouble", [StoreUnavailable("full"), OSError(errno.ENOSPC, "full"), ExceptionGroup("x", [StoreUnavailable("y")])]
)
async def test_a_scan_whose_disk_failed_goes_on_from_its_checkpoint(trouble, house, make_job, monkeypatch):
    async def fails(store, sink):
        store.put_host(HostFact("corp.example", ("target",), addresses=("192.0.2.1",)))
        raise trouble

    async def goes_on(store, sink):
        assert [host.name for host in store.hosts()] == ["corp.example"]

    monkeypatch.setattr(store_keeper, "STORE_RETRY_S", (0.01,))
    house.create()
    assert await make_job(fails, goes_on).run() is Outcome.COMPLETED


async def test_a_scan_that_waits_for_its_disk_can_be_cancelled(house, make_job, tmp_path):
    async def fails(store, sink):
        raise StoreUnavailable("full")

    house.create()
    job = make_job(fails)
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(job.run())
        await until(lambda: house.row().status == "running")
        house.write(house.lifecycle.request_cancel("task-1", by="user"))
    assert outcome.result() is Outcome.CANCELLED


async def test_a_store_that_cannot_be_used_fails_the_task(house, make_job):
    def refuse(path):
        raise StoreMismatch("version 99")

    house.create()
    assert await make_job(full_scan, open_store=refuse).run() is Outcome.FAILED
    assert house.row().error["code"] == "scan_store_mismatch"


async def test_a_scan_that_finds_no_room_for_its_store_leaves_its_task_waiting(house, make_job, tmp_path):
    house.create()
    (tmp_path / "task-1-1.db.lock").mkdir()  # as unusable as a folder that is not writable, for root too
    assert await make_job(full_scan).run() is Outcome.STARVED
    (tmp_path / "task-1-1.db.lock").rmdir()
    assert (house.row().status, house.row().attempt) == ("pending", 1)
    assert await make_job(full_scan).run() is Outcome.COMPLETED


async def test_a_damaged_store_fails_the_task(house, make_job, tmp_path):
    house.create()
    (tmp_path / "task-1-1.db").write_bytes(b"garbage" * 1_000)
    assert await make_job(full_scan).run() is Outcome.FAILED
    assert house.row().error["code"] == "scan_store_damaged"


async def test_a_holder_of_the_store_is_waited_for(house, make_job, tmp_path):
    house.create()
    store = SqliteScanStore(tmp_path / "task-1-1.db")
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(make_job(full_scan).run())
        await asyncio.sleep(0.1)
        assert house.row().status == "pending"
        store.close()
    assert outcome.result() is Outcome.COMPLETED


async def test_a_locked_database_delays_the_end_and_changes_nothing(house, make_job, database_path):
    other = sqlite3.connect(database_path, isolation_level=None)

    async def ends_while_locked(store, sink):
        other.execute("BEGIN IMMEDIATE")

    house.create()
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(make_job(ends_while_locked).run())
        await asyncio.sleep(0.6)
        assert not outcome.done()
        other.execute("ROLLBACK")
    other.close()
    assert outcome.result() is Outcome.COMPLETED
    assert house.types().count("task_completed") == 1


def test_only_the_disk_is_the_disks_fault():
    assert store_keeper.is_disk_failure(OSError(errno.EIO, os.strerror(errno.EIO)))
    assert not store_keeper.is_disk_failure(OSError(errno.EPERM, "no"))
    assert not store_keeper.is_disk_failure(ExceptionGroup("x", [StoreUnavailable("y"), RuntimeError()]))
    assert not store_keeper.is_disk_failure(None)


async def test_the_limit_of_a_log_counts_the_lines_of_earlier_attempts(house, make_job):
    async def talk(store, sink):
        for _ in range(10):
            await sink.log("INFO", "page_crawl", "é" * 40)

    async def talk_and_wait(store, sink):
        await talk(store, sink)
        await wait_for_ever(store, sink)

    house.create()
    first = make_job(talk_and_wait, max_bytes=1_200)
    async with asyncio.TaskGroup() as group:
        group.create_task(first.run())
        await until(lambda: len(house.lines()) == 11)
        first.stop(StopReason.ORPHANED)
    house.write(house.lifecycle.requeue("task-1", 1))
    assert await make_job(talk, attempt=2, max_bytes=1_200).run() is Outcome.COMPLETED
    kept = [line for line in house.lines() if line.module != "log"]
    assert len(kept) == 11 + 4  # of 90 bytes each, with the name of the module


async def test_a_task_that_was_deleted_before_its_claim_is_not_scanned(house, make_job):
    house.create()
    house.write(house.lifecycle.delete("task-1", by="user"))
    assert await make_job().run() is Outcome.STALE  # there is no script: a scan that began would fail
    assert house.types() == ["task_created", "task_deleted"]
    assert (house.row().status, house.row().worker_id) == ("pending", None)
