"""Holds the scan's store for its job: opens it when nobody else holds it, reopens it when the disk failed."""

import asyncio
import errno
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, repeat
from typing import Final, Protocol

import structlog

from app.core.aio import ignore_result
from app.core.clock import Clock
from app.domain.scan_facts import Counts
from app.engines.ports import ScanStore
from app.scanstore.errors import ScanStoreError, StoreStale, StoreUnavailable

# Pauses before a scan whose disk failed (full, mostly) goes on from its checkpoint; the last one repeats.
STORE_RETRY_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
# Pauses before an opening that failed is tried again: a connection may have been cut, others may have more luck later.
OPEN_RETRY_S: Final = (0.2, 1.0)
# How long an assessment waits for a database; then it takes what is there, and the scan's end assesses anew.
WRITE_OUT_S: Final = 10.0
DISK_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
log = structlog.get_logger(__name__)


class StorePlace(Protocol):
    """Where the store of one attempt is (`scanstore`)."""

    @property
    def name(self) -> str:
        """For the log."""
        ...

    async def wait_until_released(self, clock: Clock) -> None:
        """Return when an earlier attempt can be succeeded: its process has let go, or was made to."""
        ...

    def open(self) -> ScanStore:
        """Open the store, once more after it was closed. Raises ScanStoreError."""
        ...


class StoreLease:
    """Has at most one open store."""

    def __init__(self, place: StorePlace, clock: Clock) -> None:
        self._place = place
        self._clock = clock
        self._store: ScanStore | None = None
        self._pauses = _growing_pauses()
        self._paused_s = 0.0  # the pause before the last opening
        self._opened_at = 0.0  # monotonic

    @property
    def store(self) -> ScanStore:
        """The open store; between `open` and `close` only."""
        assert self._store is not None
        return self._store

    async def open(self) -> None:
        """Wait for the store's holder, who is killed when that takes too long, and open it. Raises ScanStoreError."""
        await self._place.wait_until_released(self._clock)
        for pause_s in OPEN_RETRY_S:
            with suppress(StoreUnavailable):
                self._open()
                return
            await self._clock.sleep(pause_s)
        self._open()

    async def reopen(self, stopped: asyncio.Event) -> bool:
        """Try again, after pauses that grow, until it can be opened. False: stopped meanwhile.

        Raises ScanStoreError for what waiting does not mend: StoreStale or StoreLocked where a later attempt has it.

        A store that was open for longer than the pause before it failed for another reason: the pauses begin anew.
        """
        self.close()
        if self._clock.monotonic() - self._opened_at > self._paused_s:
            self._pauses = _growing_pauses()
        for pause_s in self._pauses:
            self._paused_s = pause_s
            log.warning("scan_waits_for_its_disk", store=self._place.name, seconds=pause_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), pause_s)
            if stopped.is_set():
                return False
            with suppress(StoreUnavailable):
                self._open()
                return True
        return False

    def _open(self) -> None:
        self._store = self._place.open()
        self._opened_at = self._clock.monotonic()

    def is_disk_failure(self, failure: BaseException | None) -> bool:
        """Whether the disk is all that went wrong: the store's refusal, or a capture that cannot be kept."""
        if isinstance(failure, BaseExceptionGroup):
            return all(map(self.is_disk_failure, failure.exceptions))
        if isinstance(failure, OSError):
            return failure.errno in DISK_ERRORS
        return isinstance(failure, StoreUnavailable)

    def is_shut_out(self, failure: BaseException | None) -> bool:
        """Whether the store belongs to a later attempt, or the attempt has ended: whatever else went wrong then."""
        if isinstance(failure, BaseExceptionGroup):
            return any(map(self.is_shut_out, failure.exceptions))
        return isinstance(failure, StoreStale)

    async def write_out(self) -> None:
        """Return when readers see what the store holds now, without holding the loop for a database. Raises
        ScanStoreError.
        """
        for _ in range(2):  # the batch under way, and what was put since it began
            self.store.flush()
            if (writing := self.store.writing) is None:
                return
            written = asyncio.wrap_future(writing)
            written.add_done_callback(ignore_result)  # what it failed with is raised by the next flush
            await asyncio.wait({written}, timeout=WRITE_OUT_S)

    def settle(self) -> None:
        """Make what it holds durable, as far as that can be done: what a later attempt may not see is not counted."""
        if self._store is None:
            return
        try:
            self._store.settle()
        except ScanStoreError as error:
            log.warning("scan_store_not_flushed", store=self._place.name, reason=str(error))

    def counts(self) -> Counts | None:
        """Return the numbers of what it holds; None when it cannot say."""
        try:
            return None if self._store is None else self._store.counts()
        except ScanStoreError:
            return None

    def close(self) -> None:
        """Flush and let go. May be called twice; never raises."""
        if self._store is None:
            return
        try:
            self._store.close()
        except ScanStoreError:
            log.warning("scan_store_not_flushed", store=self._place.name)
        self._store = None


def _growing_pauses() -> Iterator[float]:
    return chain(STORE_RETRY_S, repeat(STORE_RETRY_S[-1]))
