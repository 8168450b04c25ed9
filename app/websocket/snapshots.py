"""Snapshots shared between those who ask at about the same time."""

import asyncio
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
        self._kept: dict[tuple[str, int], tuple[float, asyncio.Task[Snapshot | None]]] = {}

    async def get(self, task_id: str, log_tail: int, *, at_least: int = 0) -> Snapshot | None:
        """A snapshot at seq `at_least` or above, or None when the task is missing or deleted.

        Raises DatabaseUnavailable.
        """
        key = (task_id, log_tail)
        kept = self._kept.get(key)
        if kept is None or self._is_stale(*kept) or _seq(kept[1], at_least) < at_least:
            self._forget()
            read = self._db.read(lambda connection: self._reader.snapshot(connection, task_id, log_tail))
            kept = (self._clock.monotonic(), asyncio.get_running_loop().create_task(read))
            self._kept[key] = kept
        # Shielded: one impatient caller must not cancel the read of the others.
        return await asyncio.shield(kept[1])

    def _is_stale(self, at: float, read: asyncio.Task[Snapshot | None]) -> bool:
        if not read.done():
            return False
        failed = read.cancelled() or read.exception() is not None
        return failed or self._clock.monotonic() - at > FRESH_S

    def _forget(self) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if not self._is_stale(*kept)}
        while len(self._kept) >= MAX_KEPT:
            del self._kept[next(iter(self._kept))]


def _seq(read: asyncio.Task[Snapshot | None], pending: int) -> int:
    """Of the snapshot read; `pending` while the read is under way, which began after whatever is known here."""
    snapshot = read.result() if read.done() else None
    return pending if snapshot is None else snapshot.seq
