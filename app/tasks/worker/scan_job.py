"""The one job body: claim, scan, end. The embedded process runs it; a Celery worker would run the same.

Cancelled, stale, orphaned or failed: every way out is here, and each ends with at most one terminal transaction.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

import structlog

from app.core.aio import call_on_loop, ignore_result
from app.core.clock import Clock
from app.core.db import Database
from app.domain.findings import AssessedFinding
from app.domain.messages import MessageCatalog
from app.domain.projection import TaskProjection
from app.domain.third_parties import PartyCoverage
from app.domain.translation import said
from app.domain.verdict import Result, Verdict, completion_message
from app.engines.ports import ScanSink, ScanStopped, ScanStore
from app.events.event import NewEvent
from app.events.log import AppendResult
from app.events.types import ErrorInfo, Statistics, TaskWarning
from app.findings.recorder import Recorder
from app.findings.run_findings import Grouped, read_run_findings
from app.scans.lifecycle import Lifecycle
from app.scans.queries import tasks
from app.scanstore.errors import ScanStoreError, StoreLocked, StoreStale, StoreUnavailable
from app.tasks.process_protocol import JobSpec
from app.tasks.sink.line_limit import LineLimit
from app.tasks.sink.progress import ProgressTracker
from app.tasks.sink.remaining_time import SAMPLE, RemainingTime
from app.tasks.sink.reporter import Reporter, StopReason
from app.tasks.sink.writer import RetryingWriter
from app.tasks.worker.heartbeat import WorkerHeartbeat
from app.tasks.worker.store_lease import StoreLease

UNWIND_S: Final = 1.2  # a cancelled scan lets go of its connections and its browser; cancel has 2 s in all
log = structlog.get_logger(__name__)


class JobOutcome(StrEnum):
    """How the job ended. The first three wrote a terminal state, the others left the task to somebody else."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STALE = "stale"
    ORPHANED = "orphaned"
    NO_RESOURCES = "no_resources"  # before the claim: no resource to begin with


class Scan(Protocol):
    """`engines.scan_executor.ScanExecutor`: returns when the scan is complete; goes on from what its store holds."""

    async def run(self) -> None: ...


MakeScan = Callable[[JobSpec, ScanStore, ScanSink], Scan]


@dataclass(kw_only=True, eq=False, repr=False)
class ScanJob:
    """One attempt. `run` once; `stop` from the loop's thread at any time."""

    spec: JobSpec
    db: Database
    writer: RetryingWriter
    lifecycle: Lifecycle
    texts: MessageCatalog
    clock: Clock
    lease: StoreLease
    make_scan: MakeScan
    assess: Callable[[Grouped], Sequence[AssessedFinding]]  # blocking; by what the store of this run holds
    read_parties: Callable[[], PartyCoverage]  # blocking; of the store of this run
    make_heartbeat: Callable[..., WorkerHeartbeat]  # of a recorder and what stops the job, from any thread
    log_lines_per_s: int
    log_max_bytes: int
    note_capture_usage: Callable[[int, int], None] | None = None  # bytes of the user and of all, before this attempt

    def __post_init__(self) -> None:
        self._recorder = Recorder(
            task_id=self.spec.task_id, attempt=self.spec.attempt, run=self.spec.run, clock=self.clock
        )
        self._reporter: Reporter | None = None  # set once the attempt is ours
        self._early_stop: StopReason | None = None  # a stop that came before that
        self._watched = False  # somebody follows the task
        self._gone = asyncio.Event()  # set when not even a terminal state is to be written
        self._duration_base_s = 0.0  # running time of earlier attempts of this run
        self._claimed_at = 0.0

    def stop(self, reason: StopReason) -> None:
        """Stop the scan. The first reason counts; after ORPHANED or LOST no write is tried again."""
        if reason is not StopReason.CANCELLED:
            self._gone.set()
        if self._reporter is None:
            self._early_stop = self._early_stop or reason
        else:
            self._reporter.stop(reason)

    def set_watched(self, watched: bool) -> None:
        """Say whether somebody follows the task. From the loop's thread, at any time."""
        self._watched = watched
        if self._reporter is not None:
            self._reporter.set_watched(watched=watched)

    async def run(self) -> JobOutcome:
        """Run the attempt to its end. Never raises for what a scan or its store does; CancelledError passes through."""
        try:
            return await self._claim_and_scan()
        except (StoreLocked, StoreStale):
            return JobOutcome.STALE  # a later attempt was quicker
        except StoreUnavailable as error:
            log.warning("scan_cannot_start", task_id=self.spec.task_id, reason=str(error))
            return JobOutcome.NO_RESOURCES
        except ScanStoreError as error:
            log.exception("scan_store_failed", task_id=self.spec.task_id)
            return await self._fail(ErrorInfo.told(error.code, self.texts("store_failed")))
        finally:
            self.lease.close()

    async def _claim_and_scan(self) -> JobOutcome:
        await self.lease.open()
        if not self.spec.claimed and not await self._claim():
            return JobOutcome.ORPHANED if self._early_stop is StopReason.ORPHANED else JobOutcome.STALE
        self._claimed_at = self.clock.monotonic()
        loop = asyncio.get_running_loop()
        heartbeat = self.make_heartbeat(recorder=self._recorder, stop_job=partial(call_on_loop, loop, self.stop))
        heartbeat.start()  # before all else: on a machine that is overloaded a read takes long
        try:
            self._reporter = reporter = await self._make_reporter()
            reporter.set_watched(watched=self._watched)
            if self._early_stop is not None:
                reporter.stop(self._early_stop)
            failure = await self._scan_and_report(reporter)
        finally:
            heartbeat.stop()
        if reporter.stop_reason is None:
            await self.writer.run(heartbeat.finish)
        return await self._end(reporter, failure)

    async def _claim(self) -> bool:
        spec = self.spec
        claim = self.lifecycle.claim(spec.task_id, spec.attempt, spec.worker_id, spec.target_domain)
        return await self.writer.write(claim, self._gone) is not None

    async def _make_reporter(self) -> Reporter:
        spec = self.spec
        row, found, used_bytes, captured, durations = await asyncio.to_thread(
            self.db.read_sync,
            lambda c: (
                tasks.find(c, spec.task_id),
                read_run_findings(c, spec.task_id, spec.run),
                tasks.log_bytes(c, spec.task_id) if spec.attempt > 1 else 0,
                tasks.capture_usage(c, spec.task_id),
                tasks.completed_durations(c, SAMPLE),
            ),
        )
        if self.note_capture_usage is not None:
            self.note_capture_usage(*captured)
        if row is not None:
            self._duration_base_s = row.running_s
        state = TaskProjection() if row is None else TaskProjection.from_row(row)
        return Reporter(
            recorder=self._recorder,
            writer=self.writer,
            clock=self.clock,
            tracker=ProgressTracker.resume(state, self.texts.language, RemainingTime(durations)),
            findings=found,
            assess=self._assess,
            line_limit=LineLimit(lines_per_s=self.log_lines_per_s, max_bytes=self.log_max_bytes, used_bytes=used_bytes),
            texts=self.texts,
            elapsed_s=self._elapsed_s,
        )

    async def _assess(self, grouped: Grouped) -> Sequence[AssessedFinding]:
        """Raises ScanStoreError."""
        await self.lease.write_out()  # the reader sees what is committed
        return await asyncio.to_thread(self.assess, grouped)

    async def _read_parties(self) -> PartyCoverage:
        """Raises ScanStoreError."""
        await self.lease.write_out()
        return await asyncio.to_thread(self.read_parties)

    async def _scan_and_report(self, reporter: Reporter) -> BaseException | None:
        """Return the scan's error, None when it is complete or was stopped."""
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(reporter.run())
            failure = await self._scan_through(reporter)
            if reporter.stop_reason is None:
                with suppress(ScanStopped):
                    if failure is None:
                        await reporter.drain()
            if reporter.stop_reason is None:
                writing.cancel()
        return failure

    async def _scan_once(self, reporter: Reporter) -> BaseException | None:
        """Scan, and assess what was found once all is known."""
        failure = await self._watch(self.make_scan(self.spec, self.lease.store, reporter), reporter)
        if failure is not None or reporter.stop_reason is not None:
            return failure
        try:
            with suppress(ScanStopped):
                await reporter.reassess()
            reporter.parties = await self._read_parties()
        except ScanStoreError as error:
            return error
        return None

    async def _scan_through(self, reporter: Reporter) -> BaseException | None:
        """Scan until complete. A store that fails (disk full) is reopened: the scan goes on from its checkpoint."""
        while True:
            failure = await self._scan_once(reporter)
            if reporter.stop_reason is not None:
                return None
            if self.lease.is_shut_out(failure):
                reporter.stop(StopReason.LOST)
                return None
            if not self.lease.is_disk_failure(failure):
                return failure
            try:
                if not await self.lease.reopen(reporter.stopped):
                    return None
            except (StoreLocked, StoreStale):  # a later attempt has begun while the store was away
                reporter.stop(StopReason.LOST)
                return None
            except ScanStoreError as error:
                return error

    async def _watch(self, scan: Scan, reporter: Reporter) -> BaseException | None:
        """Run the scan until it ends or is stopped. One that does not unwind in time is left behind: it can write
        nothing any more, and its process ends.
        """
        running = asyncio.create_task(scan.run(), name="scan")
        stopped = asyncio.create_task(reporter.stopped.wait(), name="scan-stopped")
        try:
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            running.cancel()
            await asyncio.wait({running}, timeout=UNWIND_S)
        if not running.done():
            log.error("scan_does_not_unwind", task_id=self.spec.task_id)
            running.add_done_callback(ignore_result)
            return None
        return None if running.cancelled() else running.exception()

    async def _end(self, reporter: Reporter, failure: BaseException | None) -> JobOutcome:
        match reporter.stop_reason:
            case StopReason.LOST:
                return JobOutcome.STALE
            case StopReason.ORPHANED:
                await self._write_leftover(reporter)
                return JobOutcome.ORPHANED
            case StopReason.CANCELLED:
                return await self._cancelled(reporter)
            case None if failure is None:
                return await self._complete(reporter)
            case None:
                log.error("scan_failed", task_id=self.spec.task_id, exc_info=failure)
                return await self._fail(ErrorInfo.told("internal", self.texts("scan_failed"), retryable=True))

    async def _write_leftover(self, reporter: Reporter) -> None:
        """Try once to write what was reported: the parent is gone, and this process has seconds."""
        events = reporter.leftover()
        if events:
            await reporter.finish(self._recorder.record(events), self._gone)

    async def _complete(self, reporter: Reporter) -> JobOutcome:
        spec, verdict = self.spec, reporter.verdict
        lead = [NewEvent(body) for body in self._warnings_of(verdict)]
        unit = self.lifecycle.complete(spec.task_id, spec.attempt, await self._statistics(), lead, verdict=verdict)
        if await reporter.finish(unit, self._gone) is not None:
            return JobOutcome.COMPLETED
        return await self._cancelled(reporter)  # None: a cancel was accepted in the last moment, or we are stale

    def _warnings_of(self, verdict: Verdict) -> list[TaskWarning]:
        if verdict.result is not Result.INCONCLUSIVE:
            return []
        return [TaskWarning(code="inconclusive", **said(completion_message(verdict, self.texts)))]

    async def _cancelled(self, reporter: Reporter) -> JobOutcome:
        spec = self.spec
        lead = reporter.leftover()
        unit = self.lifecycle.cancelled(spec.task_id, spec.attempt, await self._statistics(), lead)
        return self._outcome(await reporter.finish(unit, self._gone), JobOutcome.CANCELLED)

    async def _fail(self, error: ErrorInfo) -> JobOutcome:
        spec = self.spec
        lead = [] if self._reporter is None else self._reporter.leftover()
        unit = self.lifecycle.fail(spec.task_id, spec.attempt, error, await self._statistics(), lead=lead)
        finish = self.writer.write if self._reporter is None else self._reporter.finish
        return self._outcome(await finish(unit, self._gone), JobOutcome.FAILED)

    def _outcome(self, result: AppendResult | None, wanted: JobOutcome) -> JobOutcome:
        return JobOutcome.STALE if result is None else wanted

    async def _statistics(self) -> Statistics:
        """Return the numbers of the store and of the violations; those reported last where the store cannot say.

        The store is settled first: once the attempt has ended, nothing of it may be written any more.
        """
        self.lease.settle()
        counts = self._counts()
        return Statistics(
            total_subdomains=counts.get("subdomains", 0),
            total_pages_crawled=counts.get("pages", 0),
            total_third_party_domains=counts.get("third_parties", 0),
            total_violations=0 if self._reporter is None else self._reporter.violations,
            execution_duration=int(self._elapsed_s()),
        )

    def _elapsed_s(self) -> float:
        """Return the running time of the run, over its attempts."""
        return self._duration_base_s + (self.clock.monotonic() - self._claimed_at if self._claimed_at else 0.0)

    def _counts(self) -> Mapping[str, int]:
        counts = self.lease.counts()
        if counts is not None:
            return {"subdomains": counts.subdomains, "pages": counts.pages, "third_parties": counts.third_parties}
        return {} if self._reporter is None else self._reporter.counts
