"""Removes captured contents that no scan shows any more: mark and sweep over the scans' own files.

The files of the scans are the truth: what none of them names, and what nobody has stored for a day, goes. A scan that
is just writing names its contents within seconds; and storing makes a content young, also when it was there already.
"""

import asyncio
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import structlog

from app.core.clock import Clock
from app.engines.capture.store import ContentStore
from app.scanstore.contents import contents_of
from app.scanstore.errors import ScanStoreError

GRACE: Final = timedelta(days=1)
SOON_S: Final = 3_600.0  # after something was deleted
EVERY_S: Final = 86_400.0
MAX_CANDIDATES: Final = 100_000  # compared in one pass over the scans: some 15 MB
SLICE: Final = 20  # files opened or removed in one go; between two the loop and others have their turn
PAUSE_S: Final = 0.01
log = structlog.get_logger(__name__)


class CaptureSweep:
    """Called once a minute; acts an hour after something was deleted, and once a day anyway."""

    def __init__(self, *, captures: Path, scans: Path, clock: Clock) -> None:
        self._contents = ContentStore(captures)
        self._scans = scans
        self._clock = clock
        self._next_at = clock.monotonic() + SOON_S

    def note_deletion(self) -> None:
        """A scan was deleted: its contents may go."""
        self._next_at = min(self._next_at, self._clock.monotonic() + SOON_S)

    async def sweep_if_due(self, now: datetime) -> None:
        """`now` is a time that can be believed."""
        if self._clock.monotonic() >= self._next_at:
            self._next_at = self._clock.monotonic() + EVERY_S
            await self.sweep(now)

    async def sweep(self, now: datetime) -> int:
        """Everything that may go; how many bytes that freed. Nothing, when a scan's file cannot be read."""
        before = (now - GRACE).timestamp()
        old = self._contents.list_old(before)
        removed = size = 0
        while candidates := set(await asyncio.to_thread(list, islice(old, MAX_CANDIDATES))):
            try:
                await self._spare_shown(candidates)
            except ScanStoreError as error:
                log.warning("captures_not_swept", reason=str(error))
                return size
            size += await self._remove(candidates, before)
            removed += len(candidates)
        if removed:
            log.info("captures_swept", contents=removed, freed_bytes=size)
        return size

    async def _spare_shown(self, candidates: set[str]) -> None:
        """Leaves those that no scan shows. Stores that are made meanwhile name young contents only."""
        stores = iter(await asyncio.to_thread(lambda: sorted(self._scans.glob("*.db"))))
        while candidates and (some := list(islice(stores, SLICE))):
            candidates -= await asyncio.to_thread(_shown_by, some)
            await self._clock.sleep(PAUSE_S)

    async def _remove(self, candidates: set[str], before: float) -> int:
        size, rest = 0, iter(sorted(candidates))
        while some := list(islice(rest, SLICE)):
            size += await asyncio.to_thread(self._remove_some, some, before)
            await self._clock.sleep(PAUSE_S)
        return size

    def _remove_some(self, hashes: list[str], before: float) -> int:
        return sum(self._contents.remove(sha256, before) for sha256 in hashes)


def _shown_by(stores: list[Path]) -> set[str]:
    return {sha256 for store in stores for sha256 in contents_of(store)}
