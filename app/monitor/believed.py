"""What time it is for retention: the wall clock's, unless that has jumped.

A machine whose clock is a year ahead for a minute would otherwise forget everything in that minute.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from app.core.clock import Clock
from app.core.db import Database
from app.repositories import retention

# Time that may have passed unseen: a laptop slept, a server was off over night.
SLACK: Final = timedelta(days=1)
# So long a clock that jumped ahead has to go on from there, under our eyes, before it is believed.
PROBATION_S: Final = 86_400.0
log = structlog.get_logger(__name__)


class BelievedClock:
    """Compares the wall clock with the time last believed, which outlives a restart, and our own monotonic clock."""

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._seen: tuple[datetime, float] | None = None  # wall and monotonic, as last believed; None: not yet looked
        self._odd_since: float | None = None  # monotonic; since when the wall clock is not believed

    async def now(self) -> datetime | None:
        """The time, or None while it is not plausible. Raises DatabaseUnavailable."""
        wall, ticks = self._clock.now(), self._clock.monotonic()
        expected = await self._expected(wall, ticks)
        if wall > expected + SLACK and not self._has_proved_itself(ticks, wall, expected):
            return None
        self._seen, self._odd_since = (wall, ticks), None
        await self._db.write(lambda connection: retention.set_last_seen(connection, wall))
        return wall

    async def _expected(self, wall: datetime, ticks: float) -> datetime:
        if self._seen is None:
            self._seen = await self._db.read(retention.last_seen) or wall, ticks
        seen, seen_at = self._seen
        return seen + timedelta(seconds=ticks - seen_at)

    def _has_proved_itself(self, ticks: float, wall: datetime, expected: datetime) -> bool:
        if self._odd_since is None:
            self._odd_since = ticks
            log.warning("clock_not_believed", ahead_days=(wall - expected).days)
        return ticks - self._odd_since >= PROBATION_S
