"""Removes captured contents that no scan shows any more: mark and sweep over the scans' stores.

The stores of the scans are the truth: what none of them names, and what nobody has stored for a day, goes. A scan that
is just writing names its contents within seconds; and storing makes a content young, also when it was there already.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol

import structlog

from app.core.clock import Clock
from app.scanstore.errors import ScanStoreError
from app.scanstore.port import ScanStores

GRACE: Final = timedelta(days=1)
SOON_S: Final = 3_600.0  # after something was deleted
EVERY_S: Final = 86_400.0
MAX_CANDIDATES: Final = 100_000  # compared in one pass over the scans: some 15 MB
SLICE: Final = 20  # removed in one go; between two the loop and others have their turn
PAUSE_S: Final = 0.01
log = structlog.get_logger(__name__)


class CapturedContents(Protocol):
    """The contents that all scans share (`captures.port`). Blocking."""

    def list_old(self, before: float) -> Iterator[str]:
        """Hashes of the contents that nobody has stored since `before` (POSIX seconds). Raises OSError."""
        ...

    def remove(self, sha256: str, before: float) -> int:
        """Remove the content, unless it was stored again meanwhile; the bytes that this freed. Raises OSError."""
        ...


class CaptureGarbageCollector:
    """Called once a minute, acts an hour after a task was deleted, and once a day anyway."""

    def __init__(
        self,
        *,
        contents: CapturedContents,
        stores: ScanStores,
        clock: Clock,
        require_lease: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`require_lease` is asked before each few removals; what it raises ends the collection."""
        self._contents = contents
        self._stores = stores
        self._clock = clock
        self._require_lease = require_lease
        self._next_at = clock.monotonic() + SOON_S

    def note_deletion(self) -> None:
        """Collect within the hour: a task was deleted, and its contents may go."""
        self._next_at = min(self._next_at, self._clock.monotonic() + SOON_S)

    async def collect_if_due(self, now: datetime) -> None:
        """Collect when it is time to. `now` is a trusted time."""
        if self._clock.monotonic() >= self._next_at:
            self._next_at = self._clock.monotonic() + EVERY_S
            await self.collect(now)

    async def collect(self, now: datetime) -> int:
        """Remove all that may go, and return how many bytes that freed.

        A store that cannot be read, or a storage that does not answer, ends it until the next hour.
        """
        freed = 0
        try:
            async for size in self._collect((now - GRACE).timestamp()):
                freed += size
        except (ScanStoreError, OSError) as error:
            self._next_at = min(self._next_at, self._clock.monotonic() + SOON_S)
            log.warning("captures_not_collected", reason=str(error), freed_bytes=freed)
        return freed

    async def _collect(self, before: float) -> AsyncIterator[int]:
        """Yield how many bytes each set of candidates freed."""
        old = self._contents.list_old(before)
        while candidates := set(await asyncio.to_thread(list, islice(old, MAX_CANDIDATES))):
            await self._keep_shown(candidates)
            size = await self._remove(candidates, before)
            if candidates:
                log.info("captures_collected", contents=len(candidates), freed_bytes=size)
            yield size

    async def _keep_shown(self, candidates: set[str]) -> None:
        """Take those that a scan shows out of the candidates. Stores made meanwhile name young contents only."""
        parts = self._stores.shown_among(set(candidates))
        while candidates and (shown := await asyncio.to_thread(next, parts, None)) is not None:
            candidates -= shown
            await self._clock.sleep(PAUSE_S)

    async def _remove(self, candidates: set[str], before: float) -> int:
        size, rest = 0, iter(sorted(candidates))
        while some := list(islice(rest, SLICE)):
            if self._require_lease is not None:
                await self._require_lease()
            size += await asyncio.to_thread(self._remove_some, some, before)
            await self._clock.sleep(PAUSE_S)
        return size

    def _remove_some(self, hashes: list[str], before: float) -> int:
        return sum(self._contents.remove(sha256, before) for sha256 in hashes)
