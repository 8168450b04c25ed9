"""Brings the task of a scan whose process is gone to where it can go on: after its exit, and after a restart."""

import asyncio
from dataclasses import dataclass

import structlog

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.domain.messages import MessageCatalog
from app.domain.projection import WORKER_LOST
from app.domain.task_row import TaskRow
from app.domain.tasks import TaskStatus
from app.domain.translation import said
from app.events.types import TaskWarning
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from app.scans.queries import tasks
from app.scans.recovery import LostAttemptRecovery
from app.scanstore.files import store_path, wait_until_released
from app.tasks import process_tree
from app.tasks.process_protocol import JobSpec
from app.tasks.supervisor.start_backoff import StartBackoff

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class AttemptRecovery:
    """May be called again for the same attempt when the database was not there. Event loop only."""

    db: Database
    event_writer: EventWriter
    lifecycle: Lifecycle
    texts: MessageCatalog
    clock: Clock
    settings: Settings
    backoff: StartBackoff

    def __post_init__(self) -> None:
        self._lost_attempts = LostAttemptRecovery(
            lifecycle=self.lifecycle, texts=self.texts, max_requeues=self.settings.max_requeues
        )

    async def after_exit(self, spec: JobSpec, *, no_resources: bool) -> None:
        """Recover an attempt whose process is gone. Raises DatabaseUnavailable."""
        row = await self.db.read(lambda c: tasks.find(c, spec.task_id))
        if row is None or row.attempt != spec.attempt or row.status != TaskStatus.PENDING:
            unit = self._lost_attempts.resolve_lost(row, spec.attempt, counts=not no_resources)
            if unit is not None:
                await self.event_writer.write(unit)
        elif no_resources:
            await self._warn_no_resources(row)
        else:
            await self._count_lost_start(row)

    async def after_restart(self) -> None:
        """Requeue what ran when the last server ended, from its checkpoint and without counting.

        Raises DatabaseUnavailable or StoreUnavailable, in a group.
        """
        rows = await self.db.read(tasks.active)
        async with asyncio.TaskGroup() as group:
            for row in rows:
                group.create_task(self._requeue(row))

    async def _requeue(self, row: TaskRow) -> None:
        await wait_until_released(store_path(self.settings.data_dir, row.id, row.run), self.clock)
        process_tree.kill(process_tree.mark_of(row.id, row.attempt))
        unit = self._lost_attempts.resolve_lost(row, row.attempt, counts=False)
        if unit is not None:
            log.info("scan_recovered", task_id=row.id, attempt=row.attempt)
            await self.event_writer.write(unit)

    async def _count_lost_start(self, row: TaskRow) -> None:
        """The process ended before it claimed the task: it is started again a little later, but not for ever."""
        lost = self.backoff.record_lost(row.id, self.clock.monotonic())
        log.warning("scan_process_did_not_claim", task_id=row.id, failures=lost)
        if lost > self.settings.max_requeues:
            await self.event_writer.write(self._lost_attempts.failed(row, WORKER_LOST))

    async def _warn_no_resources(self, row: TaskRow) -> None:
        """Warn once per attempt. If even that cannot be written, the next start that fails tries again."""
        warning = TaskWarning(code="no_resources", **said(self.texts("no_resources")))
        unit = self.lifecycle.warn(row.id, row.attempt, warning, only_if=(TaskStatus.PENDING,), once_since=row.attempt)
        try:
            await self.event_writer.write(unit)
        except DatabaseUnavailable as error:
            log.warning("warning_not_written", task_id=row.id, reason=error.message)
