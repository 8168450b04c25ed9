import asyncio
import contextlib
import errno
import gc
import sqlite3
import threading
from dataclasses import replace
from functools import partial

import orjson
import pytest

from app.core.db import Database
from app.domain.coverage import Coverage, Seen
from app.domain.log_entry import LogEntry
from app.domain.scan_facts import Counts, HostFact
from app.domain.stages import STAGES, StageKey, StageStatus
from app.domain.third_parties import PartyCoverage
from app.engines.ports import ScanStopped
from app.events.types import Statistics
from app.scanstore.errors import StoreLocked, StoreMismatch, StoreStale, StoreUnavailable
from app.scanstore.scan_folder import ScanFile
from app.scanstore.sqlite import SqliteScanStore
from app.tasks import scan_tasks
from app.tasks.process_protocol import JobSpec
from app.tasks.sink.reporter import StopReason
from app.tasks.sink.writer import RetryingWriter
from app.tasks.worker import scan_job, store_lease
from app.tasks.worker.heartbeat import WorkerHeartbeat
from app.tasks.worker.loop_watchdog import LoopWatchdog
from app.tasks.worker.scan_job import JobOutcome, ScanJob
from app.tasks.worker.store_lease import StoreLease
from tests.support.logs import captured_log
from tests.support.said import said
from tests.support.violations import assess_unseen
from tests.unit.tasks.sink.test_reporter import FACT


class ScriptedScan:
    """Does what the test says, with the store and the sink of the job."""

    def __init__(self, script, store, sink):
        self.script, self.store, self.sink = script, store, sink

    async def run(self):
        await self.script(self.store, self.sink)


@pytest.fixture
def make_job(backend, tmp_path):
    """A job whose scans follow the scripts, one after the other."""
    writers = []

    def make(*scripts, attempt=1, open_store=SqliteScanStore, interval_s=0.05, max_bytes=1 << 20):
        remaining = list(scripts)
        writers.append(RetryingWriter(backend.event_writer))
        return ScanJob(
            spec=JobSpec("task-1", attempt, 1, "worker", "corp.example", {}),
            db=backend.db,
            writer=writers[-1],
            lifecycle=backend.lifecycle,
            texts=backend.texts,
            clock=backend.clock,
            lease=StoreLease(ScanFile(tmp_path / "task-1-1.db", open_store), backend.clock),
            make_scan=lambda spec, store, sink: ScriptedScan(remaining.pop(0), store, sink),
            assess=assess_unseen,
            read_parties=PartyCoverage,
            make_heartbeat=partial(WorkerHeartbeat, db=backend.db, watchdog=LoopWatchdog(), interval_s=interval_s),
            log_lines_per_s=200,
            log_max_bytes=max_bytes,
        )

    yield make
    for writer in writers:
        writer.close()


async def full_scan(store, sink):
    store.put_host(HostFact("corp.example", ("target",), addresses=("192.0.2.1",)))
    await sink.log(LogEntry("INFO", "page_crawl", "hello"))
    for spec in STAGES:
        await sink.stage(spec.key, StageStatus.RUNNING)
        await sink.progress(spec.key, 0.5, "half", Counts(subdomains=1))
        await sink.stage(spec.key, StageStatus.COMPLETED, duration_ms=1)
    await sink.violation(FACT)


async def begin(store, sink):
    store.put_host(HostFact("corp.example", ("target",), addresses=("192.0.2.1",)))
    await sink.log(LogEntry("INFO", "page_crawl", "working"))


async def wait_for_ever(store, sink):
    await begin(store, sink)
    await asyncio.Event().wait()


async def until(condition, within_s=60):
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


async def test_a_scan_that_ends_completes_its_task_with_the_folds_as_statistics(backend, make_job):
    backend.create()
    assert await make_job(full_scan).run() is JobOutcome.COMPLETED
    row = backend.row()
    assert (row.status, row.progress) == ("completed", 100)
    assert row.statistics == {
        "total_subdomains": 1,
        "total_pages_crawled": 0,
        "total_third_party_domains": 0,
        "total_violations": 1,
        "execution_duration": 0,
    }
    types = backend.types()
    assert types[:2] == ["task_created", "task_started"]
    assert types[-1] == "task_completed"


async def test_a_scan_says_how_long_it_will_take_once_others_were_completed(backend, make_job):
    for number in range(3):
        task_id = backend.create(f"task-{number + 2}")
        backend.claim(task_id)
        numbers = dict.fromkeys(("total_subdomains", "total_pages_crawled", "total_third_party_domains"), 0)
        last = Statistics(**numbers, total_violations=0, execution_duration=1_000 * (number + 1))
        assert backend.write(backend.lifecycle.complete(task_id, 1, last))

    async def early_and_late(store, sink):
        await sink.stage(StageKey.SUBDOMAIN_DISCOVERY, StageStatus.RUNNING)
        await sink.stage(StageKey.SUBDOMAIN_DISCOVERY, StageStatus.COMPLETED)
        await sink.progress(StageKey.PAGE_CRAWL, 0.5, "half", Counts())

    backend.create()
    await make_job(early_and_late).run()
    said = [orjson.loads(event.body) for event in backend.events() if event.type == "task_progress"]
    assert [body for body in said if body["progress"] < 10 and "eta_s" in body] == []
    (known,) = [body for body in said if body["stage_key"] == "page_crawl" and body["progress"] >= 30]
    left = 1 - known["progress"] / 100
    shown = [known["eta_min_s"], known["eta_s"], known["eta_max_s"]]
    assert shown == pytest.approx([left * left * total_s for total_s in (1_500, 2_000, 2_500)], abs=2)


@pytest.mark.parametrize(
    ("coverage", "result", "warnings"),
    [
        (None, "inconclusive", ["inconclusive"]),  # a scan that does not say what it saw has seen nothing
        (Coverage({"a": {Seen.JUDGED: 1, Seen.SERVER_ERROR: 1}}, start_page=True), "inconclusive", ["inconclusive"]),
        (Coverage({"a": {Seen.JUDGED: 9, Seen.DEPTH: 5}}, start_page=True), "clean", []),
    ],
)
async def test_the_verdict_follows_from_what_was_seen(backend, make_job, coverage, result, warnings):
    async def seen(store, sink):
        if coverage is not None:
            await sink.covered(coverage)

    backend.create()
    assert await make_job(seen).run() is JobOutcome.COMPLETED
    row = backend.row()
    assert row.verdict["result"] == result
    assert [said["code"] for said in row.warnings] == warnings
    assert backend.types()[-1] == "task_completed"


async def test_a_violation_is_the_verdict_however_little_was_seen(backend, make_job):
    backend.create()
    await make_job(full_scan).run()
    assert backend.row().verdict == {"result": "violations", "reasons": ["start_page"]}


async def test_the_seeds_name_runs_the_same_body(backend, make_job):
    backend.create()
    assert await scan_tasks.run_scan(make_job(full_scan)) is JobOutcome.COMPLETED


async def test_an_attempt_that_was_claimed_for_the_process_is_not_claimed_again(backend, make_job):
    backend.create()
    backend.claim()
    job = make_job(full_scan)
    job.spec = replace(job.spec, claimed=True)
    assert await job.run() is JobOutcome.COMPLETED
    assert backend.types().count("task_started") == 1


class SlowToRead(Database):
    """A database that answers no read before it is told to, as on a machine that has too much to do."""

    def __init__(self, url):
        super().__init__(url)
        self.answers = threading.Event()

    def read_sync(self, work):
        self.answers.wait(60)
        return super().read_sync(work)


async def test_a_claimed_attempt_beats_before_it_has_read_what_is_known(backend, make_job, database_path):
    backend.create()
    job = make_job(full_scan)
    job.db = slow = SlowToRead(f"sqlite:///{database_path}")
    running = asyncio.create_task(job.run())
    await until(lambda: backend.row().heartbeat >= 3, within_s=60)  # the claim is the first
    assert backend.row().status == "running"
    slow.answers.set()
    assert await running is JobOutcome.COMPLETED


async def test_one_that_was_claimed_and_taken_over_since_writes_nothing(backend, make_job):
    backend.create()
    backend.claim()
    backend.write(backend.lifecycle.requeue("task-1", 1))
    before = backend.types()
    job = make_job(full_scan)
    job.spec = replace(job.spec, claimed=True)
    assert await job.run() is JobOutcome.STALE
    assert backend.types() == before


async def test_an_internal_error_fails_the_task_once_and_says_nothing_of_its_insides(backend, make_job):
    async def broken(store, sink):
        await sink.log(LogEntry("INFO", "page_crawl", "before"))
        raise RuntimeError("secret path /x")

    backend.create()
    assert await make_job(broken).run() is JobOutcome.FAILED
    assert backend.row().error == {
        "code": "internal",
        "message": said("scan_failed"),
        "text_key": "scan_failed",
        "params": {},
        "retryable": True,
    }
    assert backend.types()[-2:] == ["task_error", "task_completed"]
    assert [line.message for line in backend.lines()] == ["before"]


async def test_a_cancel_ends_the_scan_with_what_it_had(backend, make_job):
    backend.create()
    job = make_job(wait_for_ever)
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(job.run())
        await until(lambda: backend.row().status == "running")
        backend.write(backend.lifecycle.request_cancel("task-1", by="user"))
        job.stop(StopReason.CANCELLED)
    assert outcome.result() is JobOutcome.CANCELLED
    assert backend.row().statistics["total_subdomains"] == 1
    assert backend.types()[-1] == "task_completed"


async def test_a_cancel_is_seen_by_the_heart_too(backend, make_job):
    backend.create()
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(make_job(wait_for_ever).run())
        await until(lambda: backend.row().status == "running")
        backend.write(backend.lifecycle.request_cancel("task-1", by="user"))
    assert outcome.result() is JobOutcome.CANCELLED


async def test_a_cancel_that_comes_in_the_last_moment_is_not_overtaken(backend, make_job):
    async def cancelled_at_the_end(store, sink):
        backend.write(backend.lifecycle.request_cancel("task-1", by="user"))

    backend.create()
    assert await make_job(cancelled_at_the_end, interval_s=60).run() is JobOutcome.CANCELLED
    assert backend.row().status == "cancelled"


async def test_a_stop_that_comes_before_the_claim_counts(backend, make_job):
    backend.create()
    backend.claim()
    backend.write(backend.lifecycle.requeue("task-1", 1))
    job = make_job(wait_for_ever, attempt=2)
    job.stop(StopReason.CANCELLED)
    async with asyncio.timeout(30):
        assert await job.run() is JobOutcome.STALE  # the database knows of no cancel
    assert backend.row().status == "running"


async def test_a_scan_that_does_not_let_go_is_left_behind(backend, make_job, monkeypatch):
    async def stubborn(store, sink):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await released.wait()

    monkeypatch.setattr(scan_job, "UNWIND_S", 0.05)
    released = asyncio.Event()
    backend.create()
    job = make_job(stubborn)
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(job.run())
        await until(lambda: backend.row().status == "running")
        backend.write(backend.lifecycle.request_cancel("task-1", by="user"))
        job.stop(StopReason.CANCELLED)
    assert outcome.result() is JobOutcome.CANCELLED
    released.set()


async def test_a_scan_that_was_left_behind_and_fails_later_makes_no_traceback(backend, make_job, monkeypatch):
    async def stubborn(store, sink):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await released.wait()
        ended.set()
        raise RuntimeError("too late")

    monkeypatch.setattr(scan_job, "UNWIND_S", 0.05)
    released, ended = asyncio.Event(), asyncio.Event()
    backend.create()
    with captured_log("INFO") as said:
        job = make_job(stubborn)
        async with asyncio.TaskGroup() as group:
            outcome = group.create_task(job.run())
            await until(lambda: backend.row().status == "running")
            job.stop(StopReason.ORPHANED)
        assert outcome.result() is JobOutcome.ORPHANED
        released.set()
        await ended.wait()
        await asyncio.sleep(0)
        del job, outcome, group
        gc.collect()
    assert "scan_does_not_unwind" in said.getvalue()
    assert "Traceback" not in said.getvalue()


async def test_a_task_that_somebody_else_has_is_left_alone(backend, make_job):
    backend.create()
    backend.claim()
    assert await make_job(full_scan).run() is JobOutcome.STALE
    assert backend.types() == ["task_created", "task_started"]


async def test_a_lost_attempt_writes_nothing_more(backend, make_job):
    backend.create()
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(make_job(wait_for_ever).run())
        await until(lambda: backend.row().status == "running")
        backend.write(backend.lifecycle.requeue("task-1", 1))
    assert outcome.result() is JobOutcome.STALE
    assert backend.types()[-1] == "task_retrying"


async def test_an_orphan_leaves_its_checkpoint_and_its_last_words(backend, make_job, tmp_path):
    at_work = asyncio.Event()

    async def work(store, sink):
        await begin(store, sink)
        at_work.set()
        await asyncio.Event().wait()

    backend.create()
    job = make_job(work)
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(job.run())
        async with asyncio.timeout(30):
            await at_work.wait()
        job.stop(StopReason.ORPHANED)
    assert outcome.result() is JobOutcome.ORPHANED
    assert backend.row().status == "running"
    assert [line.message for line in backend.lines()] == ["working"]
    store = SqliteScanStore(tmp_path / "task-1-1.db")
    assert [host.name for host in store.hosts()] == ["corp.example"]
    store.close()


async def test_the_next_attempt_knows_what_was_found_and_how_far_it_was(backend, make_job):
    async def half(store, sink):
        await sink.progress(STAGES[1].key, 1.0, "", Counts(pages=7))
        await sink.violation(FACT)
        backend.write(backend.lifecycle.requeue("task-1", 1))
        with contextlib.suppress(ScanStopped):
            while True:
                await sink.log(LogEntry("INFO", "x", "y"))
                await asyncio.sleep(0)

    async def again(store, sink):
        assert not await sink.violation(FACT)
        await sink.progress(STAGES[0].key, 0.0, "", Counts())
        await full_scan(store, sink)

    backend.create()
    assert await make_job(half).run() is JobOutcome.STALE
    reached = backend.row().progress
    assert reached > 0
    assert await make_job(again, attempt=2).run() is JobOutcome.COMPLETED
    assert len(backend.violations()) == 1
    percents = [
        event.payload()["progress"] for event in map(to_event, backend.events()) if event.type == "task_progress"
    ]
    assert percents == sorted(percents)


def to_event(row):
    from app.events.log import to_event as convert

    return convert(row)


@pytest.mark.parametrize(
    "trouble", [StoreUnavailable("full"), OSError(errno.ENOSPC, "full"), ExceptionGroup("x", [StoreUnavailable("y")])]
)
async def test_a_scan_whose_disk_failed_goes_on_from_its_checkpoint(trouble, backend, make_job, monkeypatch):
    async def fails(store, sink):
        store.put_host(HostFact("corp.example", ("target",), addresses=("192.0.2.1",)))
        raise trouble

    async def goes_on(store, sink):
        assert [host.name for host in store.hosts()] == ["corp.example"]

    monkeypatch.setattr(store_lease, "STORE_RETRY_S", (0.01,))
    backend.create()
    assert await make_job(fails, goes_on).run() is JobOutcome.COMPLETED


@pytest.mark.parametrize("failing_call", [1, 2], ids=["when it is found", "at the end"])
async def test_a_store_that_fails_while_findings_are_assessed_costs_none_of_them(
    failing_call, backend, make_job, monkeypatch
):
    calls = iter(range(1, 100))

    def assess(grouped):
        if next(calls) == failing_call:
            raise StoreUnavailable("full")
        return assess_unseen(grouped)

    monkeypatch.setattr(store_lease, "STORE_RETRY_S", (0.01,))
    backend.create()
    job = make_job(full_scan, full_scan)
    job.assess = assess
    assert await job.run() is JobOutcome.COMPLETED
    assert len(backend.violations()) == 1
    assert backend.row().violation_counts["total"] == backend.row().finding_counts["total"] == 1
    assert next(calls) == 4  # it failed once, and was asked once more


async def test_a_scan_whose_store_a_later_attempt_has_taken_ends_without_a_word(backend, make_job, capsys):
    async def fails(store, sink):
        raise ExceptionGroup("x", [StoreStale("taken")])

    backend.create()
    assert await make_job(fails).run() is JobOutcome.STALE
    assert backend.row().status == "running"
    assert "Traceback" not in capsys.readouterr().err


async def test_a_store_that_a_later_attempt_has_taken_is_not_begun(backend, make_job):
    def refuse(path):
        raise StoreStale("taken")

    backend.create()
    assert await make_job(full_scan, open_store=refuse).run() is JobOutcome.STALE
    assert backend.row().status == "pending"


@pytest.mark.parametrize("taken", [StoreStale("taken"), StoreLocked("held")])
async def test_a_store_that_a_later_attempt_takes_while_it_is_waited_for_is_left_to_it(
    taken, backend, make_job, monkeypatch, capsys
):
    async def fails(store, sink):
        raise StoreUnavailable("away")

    opened = []

    def open_once(path):
        if opened:
            raise taken
        opened.append(SqliteScanStore(path))
        return opened[0]

    monkeypatch.setattr(store_lease, "STORE_RETRY_S", (0.01,))
    backend.create()
    assert await make_job(fails, open_store=open_once).run() is JobOutcome.STALE
    assert backend.row().status == "running"
    assert "Traceback" not in capsys.readouterr().err


async def test_a_store_that_is_damaged_when_it_is_there_again_fails_the_scan(backend, make_job, monkeypatch):
    async def fails(store, sink):
        raise StoreUnavailable("away")

    opened = []

    def open_once(path):
        if opened:
            raise StoreMismatch("another version")
        opened.append(SqliteScanStore(path))
        return opened[0]

    monkeypatch.setattr(store_lease, "STORE_RETRY_S", (0.01,))
    backend.create()
    assert await make_job(fails, open_store=open_once).run() is JobOutcome.FAILED
    assert backend.row().status == "failed"


async def test_a_scan_that_waits_for_its_disk_can_be_cancelled(backend, make_job, tmp_path):
    async def fails(store, sink):
        raise StoreUnavailable("full")

    backend.create()
    job = make_job(fails)
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(job.run())
        await until(lambda: backend.row().status == "running")
        backend.write(backend.lifecycle.request_cancel("task-1", by="user"))
    assert outcome.result() is JobOutcome.CANCELLED


async def test_a_store_that_cannot_be_used_fails_the_task(backend, make_job):
    def refuse(path):
        raise StoreMismatch("version 99")

    backend.create()
    assert await make_job(full_scan, open_store=refuse).run() is JobOutcome.FAILED
    assert backend.row().error["code"] == "scan_store_mismatch"


async def test_a_scan_that_finds_no_room_for_its_store_leaves_its_task_waiting(backend, make_job, tmp_path):
    backend.create()
    (tmp_path / "task-1-1.db.lock").mkdir()  # as unusable as a folder that is not writable, for root too
    assert await make_job(full_scan).run() is JobOutcome.NO_RESOURCES
    (tmp_path / "task-1-1.db.lock").rmdir()
    assert (backend.row().status, backend.row().attempt) == ("pending", 1)
    assert await make_job(full_scan).run() is JobOutcome.COMPLETED


async def test_a_damaged_store_fails_the_task(backend, make_job, tmp_path):
    backend.create()
    (tmp_path / "task-1-1.db").write_bytes(b"garbage" * 1_000)
    assert await make_job(full_scan).run() is JobOutcome.FAILED
    assert backend.row().error["code"] == "scan_store_damaged"


async def test_a_holder_of_the_store_is_waited_for(backend, make_job, tmp_path):
    backend.create()
    store = SqliteScanStore(tmp_path / "task-1-1.db")
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(make_job(full_scan).run())
        await asyncio.sleep(0.1)
        assert backend.row().status == "pending"
        store.close()
    assert outcome.result() is JobOutcome.COMPLETED


async def test_a_locked_database_delays_the_end_and_changes_nothing(backend, make_job, database_path):
    other = sqlite3.connect(database_path, isolation_level=None)

    async def ends_while_locked(store, sink):
        other.execute("BEGIN IMMEDIATE")

    backend.create()
    async with asyncio.TaskGroup() as group:
        outcome = group.create_task(make_job(ends_while_locked).run())
        await until(lambda: other.in_transaction)
        await asyncio.sleep(0.6)
        assert not outcome.done()
        other.execute("ROLLBACK")
    other.close()
    assert outcome.result() is JobOutcome.COMPLETED
    assert backend.types().count("task_completed") == 1


async def test_the_limit_of_a_log_counts_the_lines_of_earlier_attempts(backend, make_job):
    async def talk(store, sink):
        for _ in range(10):
            await sink.log(LogEntry("INFO", "page_crawl", "é" * 40))

    async def talk_and_wait(store, sink):
        await talk(store, sink)
        await wait_for_ever(store, sink)

    backend.create()
    first = make_job(talk_and_wait, max_bytes=1_200)
    async with asyncio.TaskGroup() as group:
        group.create_task(first.run())
        await until(lambda: len(backend.lines()) == 11)
        first.stop(StopReason.ORPHANED)
    backend.write(backend.lifecycle.requeue("task-1", 1))
    assert await make_job(talk, attempt=2, max_bytes=1_200).run() is JobOutcome.COMPLETED
    kept = [line for line in backend.lines() if line.module != "log"]
    assert len(kept) == 11 + 4  # of 90 bytes each, with the name of the module


async def test_a_task_that_was_deleted_before_its_claim_is_not_scanned(backend, make_job):
    backend.create()
    backend.write(backend.lifecycle.delete("task-1", by="user"))
    assert await make_job().run() is JobOutcome.STALE  # there is no script: a scan that began would fail
    assert backend.types() == ["task_created", "task_deleted"]
    assert (backend.row().status, backend.row().worker_id) == ("pending", None)
