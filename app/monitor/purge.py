"""Lets go of what is old: deleted tasks, events and log lines of finished ones, keys of requests, audit rows."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Connection

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.domain.tasks import TERMINAL
from app.monitor.believed import BelievedClock
from app.monitor.captures import CaptureSweep
from app.monitor.chunks import Chunks
from app.repositories import retention
from app.repositories.retention import LINES, PROGRESS, Finished, Key, Place
from app.services.ports import FileRemover

EVERY_S: Final = 60.0
PAGE: Final = 200  # finished tasks looked at by one read
TOMBSTONE_S: Final = 60.0  # followers have heard `task_deleted` by then
# Ends come in their order, so what was looked at once is not looked at again; but a clock may have gone back meanwhile.
ALL_AGAIN_S: Final = 86_400.0
log = structlog.get_logger(__name__)


class Purge:
    """Called every few seconds, acts once a minute. However much is due, nobody waits for it: reads find it page by
    page, and each write is a chunk.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        settings: Settings,
        remove_files: FileRemover,
        captures: CaptureSweep | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._remove_files = remove_files
        self._captures = captures  # None: nobody tidies them up
        self._believed = BelievedClock(db=db, clock=clock)
        self._next_at = clock.monotonic()
        self._all_again_at = clock.monotonic() + ALL_AGAIN_S
        self._places: dict[tuple[str, str], Key] = {}  # by kind and status: behind this key nothing was due
        # By kind of work; what they have learned lasts.
        self.chunks: defaultdict[str, Chunks] = defaultdict(lambda: Chunks(db=db, clock=clock))

    async def purge(self) -> None:
        """Raises DatabaseUnavailable."""
        if self._clock.monotonic() < self._next_at:
            return
        self._next_at = self._clock.monotonic() + EVERY_S
        await self.purge_all()

    async def purge_all(self) -> None:
        """All that is due now. Raises DatabaseUnavailable."""
        now = await self._believed.now()
        if now is None:
            return
        self._start_over_daily()
        await self._purge_tasks(now - timedelta(seconds=TOMBSTONE_S))
        await self._prune_logs(now)
        settings = self._settings
        keys_before = now - timedelta(seconds=settings.idempotency_key_ttl_s)
        await self._prune_rows("keys", retention.has_old_keys, retention.prune_keys, keys_before)
        audit_before = now - timedelta(days=settings.audit_retention_days)
        await self._prune_rows("audit", retention.has_old_audit, retention.prune_audit, audit_before)
        if self._captures is not None:
            await self._captures.sweep_if_due(now)

    def _start_over_daily(self) -> None:
        if self._clock.monotonic() >= self._all_again_at:
            self._all_again_at = self._clock.monotonic() + ALL_AGAIN_S
            self._places.clear()

    # Deleted tasks

    async def _purge_tasks(self, before: datetime) -> None:
        stuck: set[str] = set()  # their files cannot be removed now: nothing else waits for them
        while found := await self._db.read(lambda c: retention.tombstones(c, before, PAGE, besides=stuck)):
            for task_id, run in found:
                if not await self._purge_task(task_id, run):
                    stuck.add(task_id)
            if self._captures is not None:
                self._captures.note_deletion()

    async def _purge_task(self, task_id: str, run: int) -> bool:
        """Files first: a process that ends in between finds the row again. False: they cannot be removed."""
        try:
            await asyncio.to_thread(self._remove_files, task_id, run)
        except OSError as error:
            log.warning("files_not_removed", task_id=task_id, path=error.filename, reason=error.strerror)
            return False
        while not await self.chunks["tasks"].write(lambda c, n: retention.purge_task(c, task_id, n)):
            continue
        log.info("task_purged", task_id=task_id)
        return True

    # Logs of finished ones

    async def _prune_logs(self, now: datetime) -> None:
        settings = self._settings
        progress_before = now - timedelta(seconds=settings.progress_retention_s)
        lines_before = now - timedelta(days=settings.log_retention_days)
        events_before = now - timedelta(days=settings.event_retention_days)
        progress = lines = events = 0
        async for page in self._finished("progress", progress_before, retention.has_progress()):
            places = [Place(task.id, task.last_seq - task.min_seq + 1, task.min_seq - 1) for task in page]
            await self._prune_events(places, progress_before, PROGRESS)
            progress += len(page)
        async for page in self._finished("lines", lines_before, retention.has_lines()):
            await self._prune_events([Place(task.id, task.last_seq) for task in page], lines_before, LINES)
            await self._prune_lines([Place(task.id, task.last_log_seq) for task in page], lines_before)
            lines += len(page)
        async for page in self._finished("events", events_before, retention.has_events()):
            await self._prune_events([Place(task.id, task.last_seq) for task in page], events_before)
            events += len(page)
        if progress or lines or events:
            log.info("logs_pruned", progress=progress, lines=lines, events=events)

    async def _finished(self, kind: str, before: datetime, has: ColumnElement[bool]) -> AsyncIterator[list[Finished]]:
        """Pages of those that have what is due; a page's end is kept once all of it was dealt with."""
        for status in sorted(TERMINAL):
            while page := await self._db.read(
                lambda c: retention.finished(
                    c,
                    status,  # noqa: B023 - read at once
                    before=before,
                    after=self._places.get((kind, status)),  # noqa: B023
                    has=has,
                    limit=PAGE,
                )
            ):
                if due := [task for task in page if task.has]:
                    yield due
                self._places[kind, status] = page[-1].key

    async def _prune_events(self, places: list[Place], before: datetime, types: tuple[str, ...] = ()) -> None:
        while places:
            places = await self.chunks["events"].write(
                lambda c, n: retention.prune_events(c, places, before, n, types)  # noqa: B023 - run at once
            )

    async def _prune_lines(self, places: list[Place], before: datetime) -> None:
        while places:
            places = await self.chunks["lines"].write(
                lambda c, n: retention.prune_lines(c, places, before, n)  # noqa: B023 - run at once
            )

    async def _prune_rows(
        self,
        kind: str,
        has_old: Callable[[Connection, datetime], bool],
        step: Callable[[Connection, datetime, int], int],
        before: datetime,
    ) -> None:
        """The write lock is only asked for when a read has found something."""
        while await self._db.read(lambda c: has_old(c, before)):
            await self.chunks[kind].write(lambda c, n: step(c, before, n))
