"""Workers and the scans that they run, for administrators."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from socket import gethostname
from typing import Final, Literal

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.core.deployment import QUEUES
from app.core.live_settings import SettingsSource
from app.core.program import program_version
from app.domain.task_row import TaskRow
from app.scans.queries import tasks, workers
from app.scans.queries.workers import WorkerRow

EMBEDDED_ID: Final = "embedded"


@dataclass(frozen=True, slots=True)
class KnownWorker:
    """A worker with what it runs. `silent`: not heard of for `worker_suspect_after_s`."""

    row: WorkerRow
    state: Literal["alive", "silent"]
    runs: Sequence[TaskRow]


class WorkerService:
    """Every method is for administrators: the borders see to it."""

    def __init__(self, *, db: Database, clock: Clock, settings: SettingsSource) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._started_at = clock.now()  # of this server, which is the only worker of the embedded mode

    async def list_all(self) -> list[KnownWorker]:
        """Return all that are there, and those that were lost in the last minutes, by machine and start."""
        return await self._db.read(self._read)

    def _read(self, connection: Connection) -> list[KnownWorker]:
        running = tasks.active(connection)
        if self._settings.current.embedded:
            return [KnownWorker(self._embedded(), "alive", running)]
        by_worker = defaultdict(list)
        for row in running:
            by_worker[row.worker_id].append(row)
        return [KnownWorker(row, self._state(row), by_worker[row.id]) for row in workers.known(connection)]

    def _state(self, row: WorkerRow) -> Literal["alive", "silent"]:
        return "silent" if row.silent_s >= self._settings.current.worker_suspect_after_s else "alive"

    def _embedded(self) -> WorkerRow:
        now: datetime = self._clock.now()
        concurrency = self._settings.current.max_concurrent_scans
        return WorkerRow(
            EMBEDDED_ID, gethostname(), program_version(), QUEUES, concurrency, self._started_at, now, silent_s=0.0
        )
