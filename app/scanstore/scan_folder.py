"""The embedded deployment's stores: a file for each run, all in one folder."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from app.core.clock import Clock
from app.scanstore.evidence_reader import SqliteEvidenceReader
from app.scanstore.files import wait_until_released
from app.scanstore.reader import contents_of
from app.scanstore.sqlite import SqliteScanStore

SLICE: Final = 20  # files that are opened in one go


class ScanFolder:
    """Fulfils `port.ScanStores`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def reader(self, task_id: str, run: int) -> SqliteEvidenceReader:
        return SqliteEvidenceReader(self._folder / f"{task_id}-{run}.db")

    def shown_among(self, hashes: set[str]) -> Iterator[set[str]]:
        stores = iter(sorted(self._folder.glob("*.db")))
        while some := list(islice(stores, SLICE)):
            yield {sha256 for store in some for sha256 in contents_of(store)} & hashes


class ScanFile:
    """Where a scan's process finds the store of its run. Fulfils `tasks.worker.store_lease.StorePlace`."""

    def __init__(self, path: Path, open_store: Callable[[Path], SqliteScanStore] = SqliteScanStore) -> None:
        self._path = path
        self._open_store = open_store

    @property
    def name(self) -> str:
        return self._path.name

    async def wait_until_released(self, clock: Clock) -> None:
        """Wait for the store's holder, who is killed when that takes too long."""
        await wait_until_released(self._path, clock)

    def open(self) -> SqliteScanStore:
        """Raises ScanStoreError."""
        return self._open_store(self._path)
