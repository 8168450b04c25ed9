"""The engine's sink: facts become events, written in batches by one thread under the attempt's fence."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from typing import Final, Literal, cast, get_args

from app.core.clock import Clock
from app.domain.coverage import Coverage
from app.domain.stages import StageKey, StageStatus
from app.domain.verdict import Reason, Verdict, judge
from app.engines.model import Counts, ViolationFact
from app.engines.ports import ScanStopped
from app.events.journal import Unit
from app.events.log import Place
from app.events.types import LogLevel, PendingLine, TaskStage, TaskWarning, WarningCode
from app.services.recorder import Recorder
from app.services.texts import Texts
from app.tasks.batch import Batch, Entry
from app.tasks.finding import detected, finding_of
from app.tasks.line_limit import LineLimit
from app.tasks.progress import ENDED, ProgressTracker, stage_name
from app.tasks.wording import clean_line
from app.tasks.writer import UnitWriter

REMARK_MODULE: Final = "log"
MODULE_CHARS: Final = 64  # column width of `task_logs.module`
StageNews = Literal["running", "completed", "failed", "skipped"]
LEVELS: Final = frozenset(get_args(LogLevel))


class StopReason(StrEnum):
    """Why a scan must not go on."""

    CANCELLED = "cancelled"  # a person asked for it
    LOST = "lost"  # the attempt is stale or finished: somebody else owns the task
    ORPHANED = "orphaned"  # the parent is gone: leave the checkpoint for the next attempt


class Reporter:
    """Fulfils `engines.ports.ScanSink`; its contract is there. `run` writes, all else may be called beside it.

    While the database is away the batch under way is tried again with the same event ids, at most `MAX_WAITING`
    events wait behind it, and then the callers wait: nothing that was taken is lost, but superseded progress.
    """

    # Set by the first `stop`; every later call of the sink raises ScanStopped.
    stop_reason: StopReason | None
    # What the scan saw, once it said so.
    coverage: Coverage

    def __init__(
        self,
        *,
        recorder: Recorder,
        writer: UnitWriter,
        clock: Clock,
        progress: ProgressTracker,
        known: set[tuple[str, str]],
        line_limit: LineLimit,
        texts: Texts,
    ) -> None:
        """`known`: (domain, violation_key) of what this run has found already."""
        self.stop_reason = None
        self.coverage = Coverage()
        self.stopped = asyncio.Event()
        self._recorder = recorder
        self._writer = writer
        self._clock = clock
        self._progress = progress
        self._known = known
        self._warned: set[tuple[str, str]] = set()
        self._texts = texts
        self._batch = Batch(limit=line_limit, remark=self._remark)
        self._wake = asyncio.Event()
        self._room = asyncio.Event()  # set while callers need not wait
        self._room.set()
        self._idle = asyncio.Event()  # set while nothing waits and nothing is being written
        self._idle.set()
        self._draining = False
        self._unwritten: Unit | None = None  # taken, outcome unknown; set when a stop made `run` give up on it

    # The sink

    async def stage(self, key: StageKey, status: StageStatus, *, duration_ms: int | None = None) -> None:
        await self._wait_for_room()
        if not self._progress.enter(key, status):
            return
        name = stage_name(key, self._progress.language)
        said = cast("StageNews", status.value)  # PENDING is never news
        self._batch.add(TaskStage(stage_key=key, stage=name, status=said, duration_ms=duration_ms))
        if status in ENDED or key == self._progress.current.key:
            self._batch.add_progress(self._progress.body(), self._clock.monotonic())
        self._added()

    async def progress(self, key: StageKey, fraction: float, message: str, counts: Counts) -> None:
        await self._wait_for_room()
        # The engine counts what it found in this attempt; only here all of the run's is known.
        self._progress.move(key, fraction, clean_line(message), replace(counts, violations=self.violations))
        self._batch.set_progress(self._progress.body())
        self._added()

    async def log(self, level: str, module: str, message: str) -> None:
        await self._wait_for_room()
        known = cast("LogLevel", level if level in LEVELS else "INFO")
        line = PendingLine(known, clean_line(module)[:MODULE_CHARS], clean_line(message), self._clock.now())
        now = self._clock.monotonic()
        self._batch.add_line(line, now)
        if self._batch.due_in(now) is not None:  # else it was left out
            self._added()

    async def warning(
        self,
        code: str,
        message: str,
        *,
        reason: Reason | None = None,
        host: str | None = None,
        count: int | None = None,
    ) -> None:
        await self._wait_for_room()
        if (code, message) in self._warned:
            return
        self._warned.add((code, message))
        known = cast("WarningCode", code)
        self._batch.add(TaskWarning(code=known, message=clean_line(message), reason=reason, host=host, count=count))
        self._added()

    async def covered(self, coverage: Coverage) -> None:
        await self._wait_for_room()
        self.coverage = coverage

    async def violation(self, fact: ViolationFact) -> bool:
        await self._wait_for_room()
        identity = (fact.domain, fact.key.value)
        if identity in self._known:
            return False
        self._known.add(identity)
        finding = finding_of(fact)
        committed = asyncio.Event()
        self._batch.add(detected(finding, self._progress.language), finding=finding, done=committed.set)
        self._added()
        await self._wait_or_stop(committed)
        return True

    # For the job

    def stop(self, reason: StopReason) -> None:
        """The scan must not go on. The first reason counts. Loop thread only."""
        if self.stop_reason is None:
            self.stop_reason = reason
            self.stopped.set()
            self._wake.set()

    def set_watched(self, *, watched: bool) -> None:
        """Whether somebody looks at the task now: then its lines come more often. Loop thread only."""
        self._batch.set_watched(self._clock.monotonic(), watched=watched)
        self._wake.set()

    @property
    def violations(self) -> int:
        """How many different ones this run has found."""
        return len(self._known)

    @property
    def verdict(self) -> Verdict:
        """What a scan that is complete now may claim."""
        return judge(self.coverage, self.violations)

    @property
    def counts(self) -> dict[str, int]:
        """The highest counts that were reported."""
        return dict(self._progress.counts)

    async def drain(self) -> None:
        """Waits until all that was reported is committed. Raises ScanStopped."""
        self._draining = True
        if self._batch.due_in(self._clock.monotonic(), everything=True) is not None:
            self._idle.clear()
        self._wake.set()
        await self._wait_or_stop(self._idle)

    async def run(self) -> None:
        """Writes until stopped; the batch under way is finished first, what waits behind it stays."""
        while self.stop_reason is None:
            await self._wait_until_due()
            entries = self._batch.take(self._clock.monotonic(), everything=self._draining)
            if entries and self.stop_reason is None:
                await self._commit(entries)
            self._taken()

    def leftover(self) -> list[Entry]:
        """After `run` has ended: what was taken but not committed, without findings, for the last transaction."""
        rest: list[Entry] = []
        while more := self._batch.take(self._clock.monotonic(), everything=True):
            rest.extend(entry for entry in more if entry.finding is None)
        return rest

    async def finish(self, unit: Unit, give_up: asyncio.Event) -> Place | None:
        """As `UnitWriter.write`, after what `run` had taken and could not write."""
        if self._unwritten is not None:
            await self._writer.write(self._unwritten, give_up)
            self._unwritten = None
        return await self._writer.write(unit, give_up)

    # Inside

    def _remark(self, dropped: int) -> PendingLine:
        message = self._texts("log_lines_dropped", count=dropped) if dropped else self._texts("log_full")
        return PendingLine("WARNING", REMARK_MODULE, message, self._clock.now())

    async def _commit(self, entries: Sequence[Entry]) -> None:
        findings = [entry.finding for entry in entries if entry.finding is not None]
        unit = self._recorder.record([entry.event for entry in entries], findings)
        self._unwritten = unit
        place = await self._writer.write(unit, self.stopped)
        if place is None:
            self.stop(StopReason.LOST)  # changes nothing when a stop made it give up
            return
        self._unwritten = None
        for entry in entries:
            if entry.done is not None:
                entry.done()

    async def _wait_until_due(self) -> None:
        while self.stop_reason is None:
            due_in = self._batch.due_in(self._clock.monotonic(), everything=self._draining)
            if due_in == 0.0:
                return
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), due_in)

    def _added(self) -> None:
        self._idle.clear()
        if self._batch.full:
            self._room.clear()
        self._wake.set()

    def _taken(self) -> None:
        if not self._batch.full:
            self._room.set()
        if self._batch.due_in(self._clock.monotonic(), everything=self._draining) is None:
            self._idle.set()
            self._draining = False

    async def _wait_for_room(self) -> None:
        if self.stop_reason is not None:
            raise ScanStopped
        if not self._room.is_set():
            await self._wait_or_stop(self._room)

    async def _wait_or_stop(self, event: asyncio.Event) -> None:
        """Until the event is set. Raises ScanStopped when the scan is stopped before."""
        if event.is_set():
            return
        async with asyncio.TaskGroup() as group:
            waiters = [group.create_task(event.wait()), group.create_task(self.stopped.wait())]
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
            for waiter in waiters:
                waiter.cancel()
        if not event.is_set():
            raise ScanStopped
