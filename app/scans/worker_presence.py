"""Keeps this worker's row up to date, so that other processes see that it is alive (`scans.queries.workers`)."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.core.aio import BackgroundTasks, OnFailure, count_nothing
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.scans.queries import workers
from app.scans.queries.workers import WorkerDescription

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class WorkerPresence:
    """Event loop only. A database that is away costs beats alone: what the worker runs has its own heartbeat."""

    db: Database
    clock: Clock
    worker: WorkerDescription
    interval_s: float
    on_failure: OnFailure = count_nothing

    def __post_init__(self) -> None:
        self._started_at: datetime | None = None  # by the database's clock; set by the first beat that arrives
        self._beating = BackgroundTasks(self.on_failure)
        self._beat_under_way: asyncio.Task[datetime] | None = None

    async def start(self) -> None:
        await self._beat()
        self._beating.keep(self._run, name="worker-presence")

    async def stop(self) -> None:
        """Remove the row. May be called without `start`, and twice."""
        if not self._beating:
            return
        await self._beating.close()
        if self._beat_under_way is not None:  # beside the removal of the row it would make the row anew
            await asyncio.gather(self._beat_under_way, return_exceptions=True)
        try:
            await self.db.write(lambda connection: workers.leave(connection, self.worker.id))
        except DatabaseUnavailable as error:
            log.warning("worker_row_left", reason=error.message)  # the monitor removes it

    async def _run(self) -> None:
        while True:
            await self.clock.sleep(self.interval_s)
            await self._beat()

    async def _beat(self) -> None:
        writing = self.db.write(lambda c: workers.beat(c, self.worker, self._started_at))
        self._beat_under_way = asyncio.create_task(writing, name="worker-beat")
        try:
            beat = await asyncio.shield(self._beat_under_way)
        except DatabaseUnavailable as error:
            log.warning("worker_beat_missed", reason=error.message)
        else:
            self._started_at = beat
