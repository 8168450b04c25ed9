"""The engine's sink: facts become events, written in batches by one thread, and only while the attempt is ours."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, cast

from app.core import tracing
from app.core.clock import Clock
from app.core.ids import new_id
from app.domain.coverage import Coverage
from app.domain.findings import AssessedFinding, FoundViolation
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.rechecks import Recheck
from app.domain.scan_facts import Counts
from app.domain.stages import StageKey, StageStatus
from app.domain.third_parties import PartyCoverage
from app.domain.translation import said
from app.domain.verdict import Reason, Verdict, reach_verdict
from app.domain.violations import ViolationFact, ViolationKey
from app.engines.ports import ScanStopped
from app.events.event import NewEvent
from app.events.log import AppendResult
from app.events.types import TaskStage, TaskWarning, WarningCode
from app.events.writer import UnitOfWork
from app.findings.recorder import Recorder
from app.findings.run_findings import Assess, FindingChange, Grouped, RunFindings, finding_of, found_violation
from app.findings.violation_mapping import NewViolation
from app.tasks.sink.event_buffer import BufferedEvent, EventBuffer, events_of
from app.tasks.sink.line_limit import LineLimit
from app.tasks.sink.progress import ENDED, ProgressTracker, stage_name
from app.tasks.sink.sanitising import clean_entry, clean_message, clean_url, clean_violation
from app.tasks.sink.writer import RetryingWriter

OMISSION_MODULE: Final = "log"
NS_PER_MS: Final = 1_000_000
REASSESSED_AT_ONCE: Final = 100  # domains


class StopReason(StrEnum):
    """Why a scan must not go on."""

    CANCELLED = "cancelled"  # a person asked for it
    LOST = "lost"  # the attempt is stale or finished: somebody else owns the task
    ORPHANED = "orphaned"  # the parent is gone: leave the checkpoint for the next attempt


@dataclass(kw_only=True, eq=False, repr=False)
class Reporter:
    """Fulfils `engines.ports.ScanSink`; its contract is there. `run` writes, all else may be called beside it.

    While the database is away, the batch under way is tried again with the same event ids, at most `MAX_WAITING` events
    wait behind it, and then the callers wait: nothing that was taken is lost but superseded progress.
    """

    recorder: Recorder
    writer: RetryingWriter
    clock: Clock
    tracker: ProgressTracker
    findings: RunFindings  # what this run has found already
    assess: Assess  # by what the scan has collected so far
    line_limit: LineLimit
    texts: MessageCatalog
    elapsed_s: Callable[[], float]  # running time of the run

    def __post_init__(self) -> None:
        # Set by the first `stop`; every later call of the sink raises ScanStopped.
        self.stop_reason: StopReason | None = None
        # What the scan saw, once it said so.
        self.coverage = Coverage()
        self.parties = PartyCoverage()  # set at the end, by what the store holds
        self.stopped = asyncio.Event()
        self._known = self.findings.keys  # violations that were taken, told or not yet
        self._warned: set[tuple[str, str]] = set()
        self._begun_ns: dict[StageKey, int] = {}  # stages that run, for their spans; nanoseconds of the Unix epoch
        self._buffer = EventBuffer(limit=self.line_limit, omission_line=self._omission_line)
        self._wake = asyncio.Event()
        self._has_capacity = asyncio.Event()  # set while callers need not wait
        self._has_capacity.set()
        self._flushed = asyncio.Event()  # set while nothing waits and nothing is being written
        self._flushed.set()
        self._draining = False
        self._unwritten: UnitOfWork | None = None  # taken, outcome unknown; set when a stop made `run` give up on it

    # The sink

    async def stage(self, key: StageKey, status: StageStatus, *, duration_ms: int | None = None) -> None:
        await self._wait_for_capacity()
        if not self.tracker.enter(key, status):
            return
        self._trace_stage(key, status, duration_ms)
        name = stage_name(key, self.tracker.language)
        known = cast("Any", status.value)  # PENDING is never news
        language = self.texts.language
        self._buffer.add(TaskStage(stage_key=key, stage=name, status=known, duration_ms=duration_ms, lang=language))
        if status in ENDED or key == self.tracker.current.key:
            self._buffer.add_progress(self.tracker.body(self.elapsed_s()), self.clock.monotonic())
        self._added()

    def _trace_stage(self, key: StageKey, status: StageStatus, duration_ms: int | None) -> None:
        if status is StageStatus.RUNNING:
            self._begun_ns[key] = time.time_ns()
        elif status in ENDED and (began_ns := self._begun_ns.pop(key, None)) is not None:
            # Its end may be reported late, behind those before it: then its own work took less.
            ended_ns = None if duration_ms is None else began_ns + duration_ms * NS_PER_MS
            tracing.add_span(f"stage {key}", parent=None, began_ns=began_ns, ended_ns=ended_ns)

    async def progress(self, key: StageKey, fraction: float, message: str, counts: Counts) -> None:
        await self._wait_for_capacity()
        # The engine counts what it found in this attempt; only here all of the run's is known.
        self.tracker.move(key, fraction, clean_message(message), replace(counts, violations=self.violations))
        self._buffer.set_progress(self.tracker.body(self.elapsed_s()))
        self._added()

    async def log(self, entry: LogEntry) -> None:
        await self._wait_for_capacity()
        line = replace(clean_entry(entry), created_at=self.clock.now())
        now = self.clock.monotonic()
        self._buffer.add_line(line, now)
        if self._buffer.due_in(now) is not None:  # else it was left out
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
        await self._wait_for_capacity()
        if (code, message) in self._warned:
            return
        self._warned.add((code, message))
        known = cast("WarningCode", code)
        told = said(clean_message(message))
        self._buffer.add(TaskWarning(code=known, reason=reason, host=host, count=count, **told))
        self._added()

    async def covered(self, coverage: Coverage) -> None:
        await self._wait_for_capacity()
        self.coverage = coverage

    async def violation(self, fact: ViolationFact) -> bool:
        await self._wait_for_capacity()
        identity = (fact.domain, fact.violation_key.value)
        fact = clean_violation(fact)
        silent, committed = self.findings.note_page(fact), asyncio.Event()
        if identity in self._known:
            if silent is not None:  # stored before the page counts as done, as an attempt that resumes skips it
                self._buffer.add_silent(silent, done=committed.set)
                self._added()
                await self._wait_or_stop(committed)
            return False
        self._known.add(identity)
        violation_id = new_id()
        new = found_violation(fact, violation_id)
        try:
            found = await self._assess(fact.domain, new)
        except BaseException:  # the store failed, or the scan: it goes on from its checkpoint, and reports it again
            self._known.discard(identity)
            raise
        change = self.findings.tell(fact.domain, found, new)
        violation = NewViolation(fact, finding_of(new, change.findings), violation_id)
        body = self.findings.event(violation, self.tracker.language)
        self._buffer.add(body, violation=violation, findings=change, done=committed.set)
        self._tell_changes(change)
        self._added()
        await self._wait_or_stop(committed)
        return True

    async def recheck(self, domain: str, key: ViolationKey, state: Recheck) -> bool:
        await self._wait_for_capacity()
        before = self.findings.recheck_of(domain, key.value)
        if state is Recheck.AWAITED and (before is not None or (domain, key.value) in self._known):
            return before is Recheck.AWAITED
        if state is Recheck.NOT_CONFIRMED and before is not Recheck.AWAITED:
            return before is state
        self.findings.note_recheck(domain, key.value, state)
        if before is None or before is state:  # the violation is still to be reported, or nothing changes
            return True
        if state is not Recheck.AWAITED:
            change = self.findings.tell(domain, await self._assess(domain))
            if change.changed:
                self._tell_changes(change)
                self._added()
        return True

    async def _assess(self, domain: str, new: FoundViolation | None = None) -> Sequence[AssessedFinding]:
        """Return the findings of a domain by what is known now. Raises ScanStopped."""
        while True:
            grouped = self.findings.grouped(domain, new)
            found = await self._assessed(grouped)
            if grouped == self.findings.grouped(domain, new):  # else another violation of it was told meanwhile
                return found

    async def _assessed(self, grouped: Grouped) -> list[AssessedFinding]:
        found = await self.assess(grouped)
        if self.stop_reason is not None:
            raise ScanStopped
        return [self.findings.rechecked(replace(item, page_url=clean_url(item.page_url))) for item in found]

    def _tell_changes(self, change: FindingChange) -> None:
        for body in self.findings.events(change):
            self._buffer.add(body, findings=change)

    # For the job

    def stop(self, reason: StopReason) -> None:
        """Stop the scan. The first reason counts. Loop thread only."""
        if self.stop_reason is None:
            self.stop_reason = reason
            self.stopped.set()
            self._wake.set()

    def set_watched(self, *, watched: bool) -> None:
        """Say whether somebody follows the task now: then its lines come more often. Loop thread only."""
        self._buffer.set_watched(self.clock.monotonic(), watched=watched)
        self._wake.set()

    @property
    def violations(self) -> int:
        """How many different violations this run has found."""
        return len(self._known)

    @property
    def verdict(self) -> Verdict:
        """What a scan that is complete now may claim."""
        return reach_verdict(self.coverage, self.violations, self.parties)

    @property
    def counts(self) -> dict[str, int]:
        """The highest counts that were reported."""
        return dict(self.tracker.counts)

    async def reassess(self) -> None:
        """Assess all findings anew, at the end: where a reference stands and on how many pages is known only then.
        Nothing else is reported meanwhile. May be called again after an error.

        Raises ScanStopped.
        """
        self.findings.end_rechecks()
        domains = self.findings.domains
        for first in range(0, len(domains), REASSESSED_AT_ONCE):
            await self._wait_for_capacity()
            some = domains[first : first + REASSESSED_AT_ONCE]
            by_domain: dict[str, list[AssessedFinding]] = {domain: [] for domain in some}
            for found in await self._assessed([item for domain in some for item in self.findings.grouped(domain)]):
                by_domain[found.id.domain].append(found)
            for domain, assessed in by_domain.items():
                change = self.findings.tell(domain, assessed)
                if change.changed:
                    self._tell_changes(change)
                    self._added()

    async def drain(self) -> None:
        """Wait until all that was reported is committed. Raises ScanStopped."""
        self._draining = True
        if self._buffer.due_in(self.clock.monotonic(), everything=True) is not None:
            self._flushed.clear()
        self._wake.set()
        await self._wait_or_stop(self._flushed)

    async def run(self) -> None:
        """Write until stopped; the batch under way is finished first, what waits behind it stays."""
        while self.stop_reason is None:
            await self._wait_until_due()
            entries = self._buffer.take(self.clock.monotonic(), everything=self._draining)
            if entries and self.stop_reason is None:
                await self._commit(entries)
            self._taken()

    def leftover(self) -> list[NewEvent]:
        """After `run` has ended: what was taken but not committed, without findings, for the last transaction."""
        return self._buffer.take_rest(self.clock.monotonic())

    async def finish(self, unit: UnitOfWork, give_up: asyncio.Event) -> AppendResult | None:
        """Write what `run` had taken and could not write, then the unit, as `RetryingWriter.write` does."""
        if self._unwritten is not None:
            await self.writer.write(self._unwritten, give_up)
            self._unwritten = None
        return await self.writer.write(unit, give_up)

    # Inside

    def _omission_line(self, dropped: int) -> LogEntry:
        message = self.texts("log_lines_dropped", count=dropped) if dropped else self.texts("log_full")
        return LogEntry("WARNING", OMISSION_MODULE, message, self.clock.now())

    async def _commit(self, entries: Sequence[BufferedEvent]) -> None:
        violations = [entry.violation for entry in entries if entry.violation is not None]
        findings = [entry.findings for entry in entries if entry.findings is not None]
        unit = self.recorder.record(events_of(entries), violations, findings)
        self._unwritten = unit
        result = await self.writer.write(unit, self.stopped)
        if result is None:
            self.stop(StopReason.LOST)  # changes nothing when a stop made it give up
            return
        self._unwritten = None
        for entry in entries:
            if entry.done is not None:
                entry.done()

    async def _wait_until_due(self) -> None:
        while self.stop_reason is None:
            due_in = self._buffer.due_in(self.clock.monotonic(), everything=self._draining)
            if due_in == 0.0:
                return
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), due_in)

    def _added(self) -> None:
        self._flushed.clear()
        if self._buffer.full:
            self._has_capacity.clear()
        self._wake.set()

    def _taken(self) -> None:
        if not self._buffer.full:
            self._has_capacity.set()
        if self._buffer.due_in(self.clock.monotonic(), everything=self._draining) is None:
            self._flushed.set()
            self._draining = False

    async def _wait_for_capacity(self) -> None:
        if self.stop_reason is not None:
            raise ScanStopped
        if not self._has_capacity.is_set():
            await self._wait_or_stop(self._has_capacity)

    async def _wait_or_stop(self, event: asyncio.Event) -> None:
        """Wait until the event is set. Raises ScanStopped when the scan is stopped before."""
        if event.is_set():
            return
        async with asyncio.TaskGroup() as group:
            waiters = [group.create_task(event.wait()), group.create_task(self.stopped.wait())]
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
            for waiter in waiters:
                waiter.cancel()
        if not event.is_set():
            raise ScanStopped
