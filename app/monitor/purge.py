"""Lets go of what is old: deleted tasks, events and log lines of finished ones, keys of requests, audit rows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.repositories import retention

EVERY_S: Final = 60.0
TASKS_AT_ONCE: Final = 10  # per transaction: some 10 ms of the write lock for tasks with thousands of events
ROWS_AT_ONCE: Final = 500
TOMBSTONE_S: Final = 60.0  # followers have heard `task_deleted` by then
log = structlog.get_logger(__name__)

Pruning = Callable[[Connection, datetime, int], int]


class FileRemover(Protocol):
    """Removes what a deleted task's scans left in the data folder. Never raises for what is gone already."""

    def __call__(self, task_id: str) -> None: ...


class Purge:
    """Called in every round of the monitor, acts once a minute."""

    def __init__(self, *, db: Database, clock: Clock, settings: Settings, remove_files: FileRemover) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._remove_files = remove_files
        self._next_at = clock.monotonic()

    async def purge(self) -> None:
        """Raises DatabaseUnavailable."""
        if self._clock.monotonic() < self._next_at:
            return
        self._next_at = self._clock.monotonic() + EVERY_S
        await self._purge_tasks()
        settings = self._settings
        pruned = [
            await self._prune(retention.prune_progress, timedelta(seconds=settings.progress_retention_s)),
            await self._prune(retention.prune_lines, timedelta(days=settings.log_retention_days)),
            await self._prune(retention.prune_events, timedelta(days=settings.event_retention_days)),
        ]
        await self._prune(retention.prune_keys, timedelta(seconds=settings.idempotency_key_ttl_s), ROWS_AT_ONCE)
        await self._prune(retention.prune_audit, timedelta(days=settings.audit_retention_days), ROWS_AT_ONCE)
        if any(pruned):
            log.info("logs_pruned", progress=pruned[0], lines=pruned[1], events=pruned[2])

    async def _purge_tasks(self) -> None:
        before = self._clock.now() - timedelta(seconds=TOMBSTONE_S)
        while ids := await self._db.write(lambda c: retention.purge_tasks(c, before, TASKS_AT_ONCE)):
            for task_id in ids:
                self._remove_files(task_id)
                log.info("task_purged", task_id=task_id)

    async def _prune(self, step: Pruning, age: timedelta, at_once: int = TASKS_AT_ONCE) -> int:
        before = self._clock.now() - age
        total = 0
        while count := await self._db.write(lambda c: step(c, before, at_once)):
            total += count
        return total
