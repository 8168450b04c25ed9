"""Long work in short transactions: each holds the write lock for a bounded time, and others come in between."""

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database

T = TypeVar("T")
# delivery.md: no lock is held above 50 ms. A chunk aims at a third, since the next one's rows may be longer.
TARGET_S: Final = 0.015
FIRST_ROWS: Final = 50
MIN_ROWS: Final = 5
MAX_ROWS: Final = 5_000
GROWTH: Final = 1.5
PAUSE_S: Final = 0.005  # at least, between two chunks; SQLite's other writers poll for the lock
MAX_PAUSE_S: Final = 0.5


class Chunks:
    """Learns how many rows one kind of work may touch at a time. One per kind."""

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.rows = FIRST_ROWS
        # The longest time for which one chunk held the write lock.
        self.longest_s = 0.0

    async def write(self, work: Callable[[Connection, int], T]) -> T:
        """Runs `work(connection, rows)` in one transaction, then leaves the lock to others for as long as it had it.

        Raises DatabaseUnavailable.
        """
        rows = self.rows
        value, held_s = await self._db.write_timed(lambda connection: work(connection, rows))
        self.learn(held_s)
        await self._clock.sleep(min(MAX_PAUSE_S, max(PAUSE_S, held_s)))
        return value

    def learn(self, held_s: float) -> None:
        """What the last chunk cost decides on the next one's size."""
        self.longest_s = max(self.longest_s, held_s)
        if held_s > TARGET_S:
            self.rows = max(MIN_ROWS, int(self.rows * TARGET_S / held_s))
        elif held_s < TARGET_S / 2:
            self.rows = min(MAX_ROWS, int(self.rows * GROWTH) + 1)
