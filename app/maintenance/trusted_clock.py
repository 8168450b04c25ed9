"""Time for retention: the wall clock, unless it has jumped.

A machine whose clock is a year ahead for a minute would otherwise forget everything in that minute.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.maintenance.queries import retention

# Time that may have passed unseen: a laptop slept, a server was off over night.
SLACK: Final = timedelta(days=1)
# A clock that jumped ahead is trusted once it has gone on from there for so long.
PROBATION: Final = timedelta(days=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _ClockReading:
    """What the wall clock showed, and what our own monotonic clock showed at the same moment."""

    wall: datetime
    ticks: float

    def expected(self, ticks: float) -> datetime:
        """Return what a clock that goes as ours shows at `ticks`."""
        return self.wall + timedelta(seconds=ticks - self.ticks)


@dataclass(frozen=True, slots=True)
class _UntrustedSpan:
    """How long a wall clock that is not trusted has gone on by itself: from `since` to the last reading."""

    since: datetime
    last: _ClockReading

    def is_continued_by(self, reading: _ClockReading) -> bool:
        return self.last.wall <= reading.wall <= self.last.expected(reading.ticks) + SLACK


class TrustedClock:
    """Compares the wall clock with the last trusted time and our own monotonic clock.

    Both the trusted time and the untrusted span outlive a restart: the clock of a machine that is on by day alone comes
    to be trusted as well.
    """

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._trusted: _ClockReading | None = None  # None: not yet looked
        self._untrusted: _UntrustedSpan | None = None  # None: the clock was trusted at the last reading

    async def now(self) -> datetime | None:
        """Return the time, or None while it is not plausible. Raises DatabaseUnavailable."""
        reading = _ClockReading(self._clock.now(), self._clock.monotonic())
        expected = (await self._last_trusted(reading)).expected(reading.ticks)
        if reading.wall > expected + SLACK and not await self._has_proved_itself(reading, expected):
            return None
        self._trusted, self._untrusted = reading, None
        await self._db.write(lambda connection: retention.set_trusted_time(connection, reading.wall))
        return reading.wall

    async def _last_trusted(self, reading: _ClockReading) -> _ClockReading:
        if self._trusted is not None:
            return self._trusted
        found = await self._db.read(lambda connection: _read_remembered(connection, reading))
        self._trusted, self._untrusted = found
        return found[0]

    async def _has_proved_itself(self, reading: _ClockReading, expected: datetime) -> bool:
        if self._untrusted is not None and self._untrusted.is_continued_by(reading):
            since = self._untrusted.since
        else:
            since = reading.wall
            log.warning("clock_not_trusted", ahead_days=(reading.wall - expected).days)
        self._untrusted = _UntrustedSpan(since, reading)
        if reading.wall - since >= PROBATION:
            return True
        await self._db.write(lambda connection: retention.set_untrusted_span(connection, since, reading.wall))
        return False


def _read_remembered(connection: Connection, reading: _ClockReading) -> tuple[_ClockReading, _UntrustedSpan | None]:
    """Return the trusted and the untrusted time of earlier processes; their age is unknown."""
    trusted = _ClockReading(retention.trusted_time(connection) or reading.wall, reading.ticks)
    known = retention.untrusted_span(connection)
    return trusted, None if known is None else _UntrustedSpan(known[0], _ClockReading(known[1], reading.ticks))
