"""Opens the store of a run for users who may see its task; in threads, because stores may be large."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import structlog

from app.core.db import Database
from app.core.errors import Unavailable
from app.core.principal import Principal
from app.core.read_limits import UserSemaphores
from app.domain.task_row import TaskRow
from app.scans.shown_run import RunRef, find_shown
from app.scanstore.errors import ScanStoreError
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.port import ScanStores
from app.scanstore.reader import ScanReader

READS_AT_ONCE: Final = 2  # of one user: the others' reads find a thread
log = structlog.get_logger(__name__)

T = TypeVar("T")


class ResultReader:
    """Of one service, with threads of its own."""

    def __init__(self, *, db: Database, stores: ScanStores, threads: int, name: str) -> None:
        self._db = db
        self._stores = stores
        self._user_slots = UserSemaphores(at_once=READS_AT_ONCE)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def close(self) -> None:
        """Waits for what is being read."""
        self._threads.shutdown()

    async def find(self, principal: Principal, wanted: RunRef) -> TaskRow:
        """Return the task's row as the wanted run left it. Raises NotFound."""
        return await self._db.read(lambda connection: find_shown(connection, wanted, principal))

    async def read(self, principal: Principal, wanted: RunRef, work: Callable[[TaskRow, EvidenceReader], T]) -> T:
        """Run `work` on the store of the wanted run.

        Raises:
            NotFound: there is no such task for this principal, or what `work` raises.
            Unavailable: the store is missing or cannot be read.
        """
        return await self.read_run(principal, await self.find(principal, wanted), work)

    async def read_run(self, principal: Principal, row: TaskRow, work: Callable[[TaskRow, EvidenceReader], T]) -> T:
        """Run `work` on the store of a run whose row was found for this principal. Raises Unavailable, as `read`."""
        async with self._user_slots.slot(principal.waits_as):
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, row, work)

    def _read(self, row: TaskRow, work: Callable[[TaskRow, EvidenceReader], T]) -> T:
        try:
            with self.open(row) as reader:
                require_results(row, reader)
                return work(row, reader)
        except ScanStoreError as error:
            raise unreadable(error) from error

    def open(self, row: TaskRow) -> EvidenceReader:
        """Return a reader for the caller's thread; one of a missing store is empty (see `require_results`)."""
        return self._stores.reader(row.id, row.run)


def unreadable(error: ScanStoreError) -> Unavailable:
    """Return the error that a client receives for an unreadable store."""
    return Unavailable(code=error.code, retry_after_s=1)


def require_results(row: TaskRow, reader: ScanReader) -> None:
    """What a run has collected lies in its file from before the run began: without it nothing can be said.

    Raises Unavailable (`results_unavailable`): an empty list would read as if nothing had been found.
    """
    if row.started_at is not None and not reader.present:
        log.error("results_missing", task_id=row.id, run=row.run)
        raise Unavailable(code="results_unavailable")
