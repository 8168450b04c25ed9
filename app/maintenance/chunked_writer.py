"""Does long work in short transactions: each holds the write lock for a bounded time, and others come in between."""

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database, Hold

T = TypeVar("T")
# delivery.md: no lock is held above 50 ms. The work of a chunk aims at a sixth, since the next rows may be longer,
# and the commit comes on top. What that takes is mostly the disk's, and as long for fewer rows.
TARGET_S: Final = 0.008
FIRST_ROWS: Final = 50
MIN_ROWS: Final = 5
MAX_ROWS: Final = 5_000
GROWTH: Final = 1.5
SHRINK: Final = 0.5
PAUSE_S: Final = 0.005  # at least, between two chunks; SQLite's other writers poll for the lock
MAX_PAUSE_S: Final = 0.5


class ChunkedWriter:
    """Adapts the number of rows per transaction to their cost, for one kind of work."""

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.rows = FIRST_ROWS
        # The longest time for which one chunk held the write lock.
        self.longest_s = 0.0

    async def write(self, work: Callable[[Connection, int], T]) -> T:
        """Run `work(connection, rows)` in one transaction, then leave the lock to others for as long as it was held.

        The database is checkpointed in between, so that no commit, of a chunk or of another writer, has to do it.

        Raises DatabaseUnavailable.
        """
        rows = self.rows
        value, hold = await self._db.write_timed(lambda connection: work(connection, rows))
        self.learn(hold)
        await self._db.checkpoint()
        await self._clock.sleep(min(MAX_PAUSE_S, max(PAUSE_S, hold.all_s)))
        return value

    def learn(self, hold: Hold) -> None:
        """Choose the next chunk's size by what the last one cost. A chunk that was only unlucky halves it at most."""
        self.longest_s = max(self.longest_s, hold.all_s)
        if hold.work_s > TARGET_S:
            self.rows = max(MIN_ROWS, int(self.rows * max(SHRINK, TARGET_S / hold.work_s)))
        elif hold.work_s < TARGET_S / 2:
            self.rows = min(MAX_ROWS, int(self.rows * GROWTH) + 1)
