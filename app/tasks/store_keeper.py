"""The scan's store in the hands of its job: opened when nobody else holds it, reopened when the disk failed."""

import asyncio
import errno
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Final

import structlog

from app.core.clock import Clock
from app.engines.model import Counts
from app.engines.ports import ScanStore
from app.scanstore.errors import ScanStoreError, StoreUnavailable
from app.tasks.store_files import await_store

# Pauses before a scan whose disk failed (full, mostly) goes on from its checkpoint; the last one repeats.
STORE_RETRY_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
DISK_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
StoreFactory = Callable[[Path], ScanStore]
log = structlog.get_logger(__name__)


class StoreKeeper:
    """At most one store is open."""

    def __init__(self, *, path: Path, open_store: StoreFactory, clock: Clock) -> None:
        self._path = path
        self._open_store = open_store
        self._clock = clock
        self._store: ScanStore | None = None
        self._pauses: Iterator[float] = chain(STORE_RETRY_S, repeat(STORE_RETRY_S[-1]))

    @property
    def store(self) -> ScanStore:
        """The open one."""
        assert self._store is not None  # asked for between `open` and `close` only
        return self._store

    async def open(self) -> None:
        """Waits for its holder, who is killed when that takes too long. Raises ScanStoreError."""
        await await_store(self._path, self._clock)
        self._store = self._open_store(self._path)

    async def reopen(self, stopped: asyncio.Event) -> bool:
        """After a pause that grows, until it can be opened. False: stopped meanwhile."""
        self.close()
        for pause in self._pauses:
            log.warning("scan_waits_for_its_disk", store=self._path.name, seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), pause)
            if stopped.is_set():
                return False
            with suppress(StoreUnavailable):
                self._store = self._open_store(self._path)
                return True
        return False

    def counts(self) -> Counts | None:
        """The folds over what it holds; None when it cannot say."""
        try:
            return None if self._store is None else self._store.counts()
        except ScanStoreError:
            return None

    def close(self) -> None:
        """Flushes and lets go. May be called twice; never raises."""
        if self._store is None:
            return
        try:
            self._store.close()
        except ScanStoreError:
            log.warning("scan_store_not_flushed", store=self._path.name)
        self._store = None


def is_disk_failure(failure: BaseException | None) -> bool:
    """Whether everything that went wrong is the disk's: the store's refusal, or a capture that cannot be kept."""
    if isinstance(failure, BaseExceptionGroup):
        return all(is_disk_failure(inner) for inner in failure.exceptions)
    return isinstance(failure, StoreUnavailable) or (isinstance(failure, OSError) and failure.errno in DISK_ERRORS)
