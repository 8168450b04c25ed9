"""Snapshots shared between those who ask at about the same time."""

import asyncio
from dataclasses import dataclass
from typing import Final

from app.core.clock import Clock
from app.core.db import Database
from app.websocket.resume import Snapshot, StateReader

# A snapshot this old is still right: whoever starts from it reads what came after from the log.
FRESH_S: Final = 0.25
MAX_KEPT: Final = 64


class SnapshotCache:
    """One read for everybody who wants the same task and tail within FRESH_S."""

    def __init__(self, *, db: Database, reader: StateReader, clock: Clock) -> None:
        self._db = db
        self._reader = reader
        self._clock = clock
        self._kept: dict[tuple[str, int], _Kept] = {}

    async def get(self, task_id: str, log_tail: int, *, at_least: int = 0) -> Snapshot | None:
        """A snapshot at seq `at_least` or above, or None when the task is missing or deleted.

        `at_least` is of an event that was seen: a snapshot below it means that the log has gone back. Raises
        DatabaseUnavailable.
        """
        key = (task_id, log_tail)
        kept = self._kept.get(key)
        if kept is None or self._is_stale(kept) or kept.reaches < at_least:
            self._forget()
            read = self._db.read(lambda connection: self._reader.snapshot(connection, task_id, log_tail))
            kept = _Kept(self._clock.monotonic(), at_least, asyncio.get_running_loop().create_task(read))
            self._kept[key] = kept
        # Shielded: one impatient caller must not cancel the read of the others.
        return await asyncio.shield(kept.read)

    def _is_stale(self, kept: "_Kept") -> bool:
        if not kept.read.done():
            return False
        failed = kept.read.cancelled() or kept.read.exception() is not None
        return failed or self._clock.monotonic() - kept.at > FRESH_S

    def _forget(self) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if not self._is_stale(kept)}
        while len(self._kept) >= MAX_KEPT:
            del self._kept[next(iter(self._kept))]


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float  # monotonic; when the read began
    floor: int  # seq that was seen before the read began
    read: asyncio.Task[Snapshot | None]

    @property
    def reaches(self) -> int:
        """A seq that the snapshot has at least; more is known when it was read."""
        snapshot = self.read.result() if self.read.done() else None
        return self.floor if snapshot is None else snapshot.seq
