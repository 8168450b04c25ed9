"""Removes what is old: deleted tasks, events, log lines and results of runs that have ended, keys, audit rows."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.live_settings import SettingsSource
from app.maintenance.capture_garbage_collector import CaptureGarbageCollector
from app.maintenance.chunked_writer import ChunkedWriter
from app.maintenance.partition_keeper import PartitionKeeper
from app.maintenance.queries import notified, retention
from app.maintenance.queries.retention import LINES, PROGRESS, EndedRun, PageKey, PendingPrune
from app.maintenance.trusted_clock import TrustedClock
from app.migrations.partitions import AUDIT as AUDIT_PARTITIONS
from app.migrations.partitions import EVENTS as EVENT_PARTITIONS
from app.migrations.partitions import LINES as LINE_PARTITIONS
from app.scans.queries import runs
from app.scanstore.port import StoreRemoval

EVERY_S: Final = 60.0
PAGE: Final = 200  # ended runs looked at by one read
DEAD_TOKENS_S: Final = 30 * 86_400.0  # keys and links that have ended: so long their users are told why
TOMBSTONE_S: Final = 60.0  # subscriptions have heard `task_deleted` by then
# Runs end in the order of time, so what was looked at once is not looked at again; but a clock may have gone back.
RESTART_S: Final = 86_400.0
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class RetentionService:
    """Called every few seconds, acts once a minute. However much is due, no other writer waits for long: reads find it
    page by page, and each write is a chunk.
    """

    db: Database
    clock: Clock
    settings: SettingsSource
    remove_files: StoreRemoval
    captures: CaptureGarbageCollector | None = None  # None: captures stay

    def __post_init__(self) -> None:
        self._trusted_clock = TrustedClock(db=self.db, clock=self.clock)
        self._partitions = PartitionKeeper(db=self.db)
        self._next_at = self.clock.monotonic()
        self._restart_at = self.clock.monotonic() + RESTART_S
        self._page_ends: dict[str, PageKey] = {}  # by kind: nothing up to this key is due
        # By kind of work: each has learned how many rows it may touch at a time.
        self.chunks: defaultdict[str, ChunkedWriter] = defaultdict(lambda: ChunkedWriter(db=self.db, clock=self.clock))

    async def purge(self) -> None:
        """Remove what is due, once a minute. Raises DatabaseUnavailable."""
        if self.clock.monotonic() < self._next_at:
            return
        self._next_at = self.clock.monotonic() + EVERY_S
        await self.purge_all()

    async def purge_all(self) -> None:
        """Remove all that is due now. Raises DatabaseUnavailable."""
        now = await self._trusted_clock.now()
        if now is None:
            return
        self._restart_daily()
        await self._partitions.make_ahead(now)
        await self._purge_tasks(now - timedelta(seconds=TOMBSTONE_S))
        await self._prune_logs(now)
        await self._remove_results(now)
        settings = self.settings.current
        keys_before = now - timedelta(seconds=settings.idempotency_key_ttl_s)
        await self._prune_rows("keys", retention.has_old_keys, retention.prune_keys, keys_before)
        tokens_before = now - timedelta(seconds=DEAD_TOKENS_S)
        await self._prune_rows("tokens", retention.has_dead_tokens, retention.prune_tokens, tokens_before)
        audit_before = now - timedelta(days=settings.audit_retention_days)
        await self._partitions.drop_old(AUDIT_PARTITIONS, audit_before)
        audit_before -= self._partitions.patience(AUDIT_PARTITIONS)
        await self._prune_rows("audit", retention.has_old_audit, retention.prune_audit, audit_before)
        told_before = now - timedelta(days=settings.notification_retention_days)
        old, prune = notified.has_old_notifications, notified.prune_notifications
        await self._prune_rows("notifications", old, prune, told_before)
        if self.captures is not None:
            await self.captures.collect_if_due(now)

    def _restart_daily(self) -> None:
        if self.clock.monotonic() >= self._restart_at:
            self._restart_at = self.clock.monotonic() + RESTART_S
            self._page_ends.clear()

    # Deleted tasks

    async def _purge_tasks(self, before: datetime) -> None:
        stuck: set[str] = set()  # their files cannot be removed now: nothing else waits for them
        while found := await self.db.read(lambda c: retention.tombstones(c, before, PAGE, besides=stuck)):
            for task_id, run in found:
                if not await self._purge_task(task_id, run):
                    stuck.add(task_id)
            if self.captures is not None:
                self.captures.note_deletion()

    async def _purge_task(self, task_id: str, run: int) -> bool:
        """Remove the files first: a process that ends in between finds the row again. False: they cannot be removed."""
        if not await self._remove_files(task_id, run):
            return False
        while not await self.chunks["tasks"].write(lambda c, n: retention.purge_tasks(c, [task_id], n)):
            continue
        log.info("task_purged", task_id=task_id)
        return True

    # Logs of runs that have ended

    async def _prune_logs(self, now: datetime) -> None:
        pruned = {
            "progress": await self._prune_progress(now - timedelta(seconds=self.settings.current.progress_retention_s)),
            "lines": await self._prune_all_lines(now - timedelta(days=self.settings.current.log_retention_days)),
            "events": await self._prune_all_events(now - timedelta(days=self.settings.current.event_retention_days)),
        }
        if any(pruned.values()):
            log.info("logs_pruned", **pruned)

    async def _prune_progress(self, before: datetime) -> int:
        """As the next two: return of how many runs."""
        runs_pruned = 0
        async for page in self._ended("progress", before, retention.has_progress()):
            pending = [
                PendingPrune(run.task_id, run.last_seq, run.last_seq - run.min_seq + 1, run.min_seq - 1) for run in page
            ]
            await self._prune_events(pending, PROGRESS)
            runs_pruned += len(page)
        return runs_pruned

    async def _prune_all_lines(self, before: datetime) -> int:
        """First the events that say them: these are found by the lines, which may go as a whole."""
        runs_pruned = 0
        async for page in self._ended("lines", before, retention.has_lines()):
            await self._prune_events([PendingPrune(run.task_id, run.last_seq, run.last_seq) for run in page], LINES)
            runs_pruned += len(page)
        await self._partitions.drop_old(LINE_PARTITIONS, before)
        before -= self._partitions.patience(LINE_PARTITIONS)
        async for page in self._ended("lines left", before, retention.has_lines()):
            await self._prune_lines([PendingPrune(run.task_id, run.last_log_seq, run.last_log_seq) for run in page])
        return runs_pruned

    async def _prune_all_events(self, before: datetime) -> int:
        await self._partitions.drop_old(EVENT_PARTITIONS, before)
        runs_pruned = 0
        before -= self._partitions.patience(EVENT_PARTITIONS)
        async for page in self._ended("events", before, retention.has_events()):
            await self._prune_events([PendingPrune(run.task_id, run.last_seq, run.last_seq) for run in page])
            runs_pruned += len(page)
        return runs_pruned

    async def _ended(self, kind: str, before: datetime, has: ColumnElement[bool]) -> AsyncIterator[list[EndedRun]]:
        """Yield pages of runs that have what is due; a page's end is kept once all of the page was pruned."""
        while page := await self.db.read(
            lambda c: retention.ended(c, before=before, after=self._page_ends.get(kind), has=has, limit=PAGE)
        ):
            if due := [run for run in page if run.has]:
                yield due
            self._page_ends[kind] = page[-1].key

    async def _prune_events(self, pending: list[PendingPrune], types: tuple[str, ...] = ()) -> None:
        while pending:
            pending = await self.chunks["events"].write(
                lambda c, n: retention.prune_events(c, pending, n, types)  # noqa: B023 - run at once
            )

    async def _prune_lines(self, pending: list[PendingPrune]) -> None:
        while pending:
            pending = await self.chunks["lines"].write(
                lambda c, n: retention.prune_lines(c, pending, n)  # noqa: B023 - run at once
            )

    # Results of earlier attempts

    async def _remove_results(self, now: datetime) -> None:
        before = now - timedelta(days=self.settings.current.attempt_retention_days)
        async for page in self._ended("results", before, retention.has_old_results()):
            for run in page:
                await self._remove_results_of(run.task_id, run.run, now)
            if self.captures is not None:
                self.captures.note_deletion()

    async def _remove_results_of(self, task_id: str, run: int, now: datetime) -> None:
        """First nobody is shown the results any more, unless they have come under a hold; then the file goes, and the
        rows. A process that ends in between finds the run again. It stays itself, with what it has come to.
        """
        if not await self.db.write(lambda c: runs.mark_results_removed(c, task_id, run, now)):
            return
        if not await self._remove_files(task_id, run, first_run=run):
            return
        while await self.chunks["violations"].write(lambda c, n: retention.prune_violations(c, task_id, run, n)):
            continue
        while await self.chunks["differences"].write(lambda c, n: retention.prune_differences(c, task_id, run, n)):
            continue
        await self.db.write(lambda c: runs.mark_removal_done(c, task_id, run))
        log.info("results_removed", task_id=task_id, run=run)

    async def _remove_files(self, task_id: str, last_run: int, *, first_run: int = 1) -> bool:
        """False: they cannot be removed now."""
        try:
            await asyncio.to_thread(self.remove_files, task_id, last_run, first_run=first_run)
        except OSError as error:
            log.warning("files_not_removed", task_id=task_id, path=error.filename, reason=error.strerror)
            return False
        return True

    async def _prune_rows(
        self,
        kind: str,
        has_old: Callable[[Connection, datetime], bool],
        step: Callable[[Connection, datetime, int], int],
        before: datetime,
    ) -> None:
        """The write lock is only asked for when a read has found something."""
        while await self.db.read(lambda c: has_old(c, before)):
            await self.chunks[kind].write(lambda c, n: step(c, before, n))
