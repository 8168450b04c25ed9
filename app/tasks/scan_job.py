"""The one job body: claim, scan, end. The embedded process runs it now; a Celery worker runs the same.

Cancelled, stale, orphaned or failed: every way out is here, and each ends with at most one terminal transaction.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import structlog

from app.core.aio import disregard
from app.core.clock import Clock
from app.core.db import Database
from app.domain.verdict import Result, Verdict
from app.engines.ports import ScanSink, ScanStopped, ScanStore
from app.events.log import Place
from app.events.state import TaskState
from app.events.types import ErrorInfo, NewEvent, Statistics, TaskWarning
from app.repositories import tasks, violations
from app.scanstore.errors import ScanStoreError, StoreLocked, StoreUnavailable
from app.services.lifecycle import Lifecycle
from app.services.recorder import Recorder
from app.services.texts import Texts
from app.tasks.heart import Heart, ReportedRoom
from app.tasks.line_limit import LineLimit
from app.tasks.priority import Starter
from app.tasks.progress import ProgressTracker
from app.tasks.pulse import LoopPulse
from app.tasks.reporter import Reporter, StopReason
from app.tasks.store_keeper import StoreKeeper, is_disk_failure
from app.tasks.writer import UnitWriter

UNWIND_S: Final = 1.2  # a cancelled scan lets go of its connections and its browser; cancel has 2 s in all
TOUCH_S: Final = 1.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """How the job ended. The first three wrote a terminal state, the others left the task to somebody else."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STALE = "stale"
    ORPHANED = "orphaned"
    STARVED = "starved"  # before the claim: no resource to begin with


@dataclass(frozen=True, slots=True)
class JobSpec:
    """Which attempt of which task."""

    task_id: str
    attempt: int
    run: int
    worker_id: str
    target_domain: str
    config: Mapping[str, Any]  # what the user asked for, as the task's row keeps it


class Scan(Protocol):
    """`engines.scan_executor.ScanExecutor`: returns when the scan is complete; goes on from what its store holds."""

    async def run(self) -> None: ...


ScanFactory = Callable[[JobSpec, ScanStore, ScanSink], Scan]


class ScanJob:
    """One attempt. `run` once; `stop` from the loop's thread at any time."""

    def __init__(
        self,
        *,
        spec: JobSpec,
        db: Database,
        writer: UnitWriter,
        lifecycle: Lifecycle,
        texts: Texts,
        clock: Clock,
        keeper: StoreKeeper,
        make_scan: ScanFactory,
        heartbeat_interval_s: float,
        log_lines_per_s: int,
        log_max_bytes: int,
        pulse: LoopPulse,
        room: ReportedRoom | None = None,
        start: Starter | None = None,
    ) -> None:
        """`start` calls what it is given where threads should come from."""
        self._spec = spec
        self._db = db
        self._writer = writer
        self._lifecycle = lifecycle
        self._texts = texts
        self._clock = clock
        self._keeper = keeper
        self._make_scan = make_scan
        self._heartbeat_interval_s = heartbeat_interval_s
        self._log_lines_per_s = log_lines_per_s
        self._log_max_bytes = log_max_bytes
        self._pulse = pulse
        self._room = room
        self._start = start
        self._recorder = Recorder(task_id=spec.task_id, attempt=spec.attempt, run=spec.run, clock=clock)
        self._reporter: Reporter | None = None  # set once the attempt is ours
        self._early_stop: StopReason | None = None  # a stop that came before that
        self._watched = False  # somebody looks at the task
        self._gone = asyncio.Event()  # set when not even a terminal state is to be written
        self._duration_base_s = 0.0  # running time of earlier attempts of this run
        self._claimed_at = 0.0

    def stop(self, reason: StopReason) -> None:
        """The scan must not go on. The first reason counts; after ORPHANED or LOST no write is tried again."""
        if reason is not StopReason.CANCELLED:
            self._gone.set()
        if self._reporter is None:
            self._early_stop = self._early_stop or reason
        else:
            self._reporter.stop(reason)

    def set_watched(self, watched: bool) -> None:
        """Whether somebody looks at the task. From the loop's thread, at any time."""
        self._watched = watched
        if self._reporter is not None:
            self._reporter.set_watched(watched=watched)

    async def run(self) -> Outcome:
        """Never raises for what a scan or the database does. CancelledError passes through."""
        try:
            return await self._claim_and_scan()
        except StoreLocked:
            return Outcome.STALE  # somebody younger was quicker
        except StoreUnavailable as error:
            log.warning("scan_cannot_start", task_id=self._spec.task_id, reason=str(error))
            return Outcome.STARVED
        except ScanStoreError as error:
            log.exception("scan_store_failed", task_id=self._spec.task_id)
            return await self._fail(ErrorInfo(code=error.code, message=self._texts("store_failed")))
        finally:
            self._keeper.close()

    async def _claim_and_scan(self) -> Outcome:
        await self._keeper.open()
        spec = self._spec
        claim = self._lifecycle.claim(spec.task_id, spec.attempt, spec.worker_id, spec.target_domain)
        if await self._writer.write(claim, self._gone) is None:
            return Outcome.ORPHANED if self._early_stop is StopReason.ORPHANED else Outcome.STALE
        self._claimed_at = self._clock.monotonic()
        self._reporter = reporter = await self._make_reporter()
        reporter.set_watched(watched=self._watched)
        if self._early_stop is not None:
            reporter.stop(self._early_stop)
        heart = self._make_heart()
        if self._start is None:
            heart.start()
        else:
            self._start(heart.start)
        try:
            failure = await self._scan_and_report(reporter)
        finally:
            heart.stop()
        if reporter.stop_reason is None:
            await self._writer.run(heart.finish)
        return await self._end(reporter, failure)

    async def _make_reporter(self) -> Reporter:
        spec = self._spec
        row, known, used_bytes, captured = await asyncio.to_thread(
            self._db.read_sync,
            lambda c: (
                tasks.find(c, spec.task_id),
                violations.known_findings(c, spec.task_id, spec.run),
                tasks.log_bytes(c, spec.task_id) if spec.attempt > 1 else 0,
                tasks.capture_usage(c, spec.task_id),
            ),
        )
        if self._room is not None:
            self._room.reported(0, *captured)
        if row is not None:
            self._duration_base_s = row.running_s
        state = TaskState() if row is None else TaskState.from_row(row)
        return Reporter(
            recorder=self._recorder,
            writer=self._writer,
            clock=self._clock,
            progress=ProgressTracker.resume(state, self._texts.language),
            known=known,
            line_limit=LineLimit(
                lines_per_s=self._log_lines_per_s, max_bytes=self._log_max_bytes, used_bytes=used_bytes
            ),
            texts=self._texts,
        )

    def _make_heart(self) -> Heart:
        loop = asyncio.get_running_loop()
        return Heart(
            db=self._db,
            recorder=self._recorder,
            pulse=self._pulse,
            interval_s=self._heartbeat_interval_s,
            on_cancel=partial(tell, loop, self.stop, StopReason.CANCELLED),
            on_lost=partial(tell, loop, self.stop, StopReason.LOST),
            room=self._room,
        )

    async def _scan_and_report(self, reporter: Reporter) -> BaseException | None:
        """The scan's error, None when it is complete or was stopped."""
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(reporter.run())
            touching = group.create_task(self._touch())
            failure = await self._scan_through(reporter)
            if failure is None and reporter.stop_reason is None:
                failure = await self._drain(reporter)
            touching.cancel()
            if reporter.stop_reason is None:
                writing.cancel()
        return failure

    async def _scan_through(self, reporter: Reporter) -> BaseException | None:
        """Scans until complete. A store that fails (disk full) is reopened: the scan goes on from its checkpoint."""
        while True:
            failure = await self._watch(self._make_scan(self._spec, self._keeper.store, reporter), reporter)
            if reporter.stop_reason is not None:
                return None
            if not is_disk_failure(failure):
                return failure
            if not await self._keeper.reopen(reporter.stopped):
                return None

    async def _watch(self, scan: Scan, reporter: Reporter) -> BaseException | None:
        """Runs the scan until it ends or is stopped. One that does not unwind in time is left behind: it can write
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
            log.error("scan_does_not_unwind", task_id=self._spec.task_id)
            running.add_done_callback(disregard)
            return None
        return None if running.cancelled() else running.exception()

    async def _drain(self, reporter: Reporter) -> BaseException | None:
        try:
            await reporter.drain()
        except ScanStopped:
            return None
        return None

    async def _touch(self) -> None:
        while True:
            self._pulse.touch()
            await self._clock.sleep(TOUCH_S)

    async def _end(self, reporter: Reporter, failure: BaseException | None) -> Outcome:
        match reporter.stop_reason:
            case StopReason.LOST:
                return Outcome.STALE
            case StopReason.ORPHANED:
                await self._leave(reporter)
                return Outcome.ORPHANED
            case StopReason.CANCELLED:
                return await self._cancelled(reporter)
            case None if failure is None:
                return await self._complete(reporter)
            case None:
                log.error("scan_failed", task_id=self._spec.task_id, exc_info=failure)
                return await self._fail(ErrorInfo(code="internal", message=self._texts("scan_failed"), retryable=True))

    async def _leave(self, reporter: Reporter) -> None:
        """One try to write what was reported: the parent is gone, and this process has seconds."""
        events = [entry.event for entry in reporter.leftover()]
        if events:
            await reporter.finish(self._recorder.record(events), self._gone)

    async def _complete(self, reporter: Reporter) -> Outcome:
        spec, verdict = self._spec, reporter.verdict
        lead = [NewEvent(body) for body in self._doubts(verdict)]
        unit = self._lifecycle.complete(spec.task_id, spec.attempt, await self._statistics(), lead, verdict=verdict)
        if await reporter.finish(unit, self._gone) is not None:
            return Outcome.COMPLETED
        return await self._cancelled(reporter)  # None: a cancel was accepted in the last moment, or we are stale

    def _doubts(self, verdict: Verdict) -> list[TaskWarning]:
        if verdict.result is not Result.INCONCLUSIVE:
            return []
        return [TaskWarning(code="inconclusive", message=self._texts.completion(verdict))]

    async def _cancelled(self, reporter: Reporter) -> Outcome:
        spec = self._spec
        lead = [entry.event for entry in reporter.leftover()]
        unit = self._lifecycle.cancelled(spec.task_id, spec.attempt, await self._statistics(), lead)
        return self._outcome(await reporter.finish(unit, self._gone), Outcome.CANCELLED)

    async def _fail(self, error: ErrorInfo) -> Outcome:
        spec = self._spec
        lead = [] if self._reporter is None else [entry.event for entry in self._reporter.leftover()]
        unit = self._lifecycle.fail(spec.task_id, spec.attempt, error, await self._statistics(), lead=lead)
        finish = self._writer.write if self._reporter is None else self._reporter.finish
        return self._outcome(await finish(unit, self._gone), Outcome.FAILED)

    def _outcome(self, place: Place | None, wanted: Outcome) -> Outcome:
        return Outcome.STALE if place is None else wanted

    async def _statistics(self) -> Statistics:
        """Folds over what the store and the findings hold; what was reported last where the store cannot say."""
        counts = self._counts()
        elapsed_s = self._clock.monotonic() - self._claimed_at if self._claimed_at else 0.0
        return Statistics(
            total_subdomains=counts.get("subdomains", 0),
            total_pages_crawled=counts.get("pages", 0),
            total_third_party_domains=counts.get("third_parties", 0),
            total_violations=0 if self._reporter is None else self._reporter.violations,
            execution_duration=int(self._duration_base_s + elapsed_s),
        )

    def _counts(self) -> Mapping[str, int]:
        counts = self._keeper.counts()
        if counts is not None:
            return {"subdomains": counts.subdomains, "pages": counts.pages, "third_parties": counts.third_parties}
        return {} if self._reporter is None else self._reporter.counts


def tell(loop: asyncio.AbstractEventLoop, call: Callable[[T], None], value: T) -> None:
    """Make this call on the loop, from a thread. A loop that is closed has nobody to tell."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call, value)
