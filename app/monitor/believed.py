"""What time it is for retention: the wall clock's, unless that has jumped.

A machine whose clock is a year ahead for a minute would otherwise forget everything in that minute.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database
from app.repositories import retention

# Time that may have passed unseen: a laptop slept, a server was off over night.
SLACK: Final = timedelta(days=1)
# So long a clock that jumped ahead has to go on from there before it is believed.
PROBATION: Final = timedelta(days=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Sight:
    """What the wall clock showed, and what our own monotonic clock did then."""

    wall: datetime
    ticks: float

    def expected(self, ticks: float) -> datetime:
        """What a clock that goes as ours shows at `ticks`."""
        return self.wall + timedelta(seconds=ticks - self.ticks)


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A wall clock that is not believed: it has gone on from `since` to what was seen of it last."""

    since: datetime
    seen: _Sight

    def is_continued_by(self, sight: _Sight) -> bool:
        return self.seen.wall <= sight.wall <= self.seen.expected(sight.ticks) + SLACK


class BelievedClock:
    """Compares the wall clock with the time last believed and our own monotonic clock.

    Both what was believed and what is doubted outlive a restart: a machine that is on by day only comes to be believed
    as well.
    """

    def __init__(self, *, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._believed: _Sight | None = None  # None: not yet looked
        self._doubt: _Doubt | None = None  # None: the clock was believed when it was looked at last

    async def now(self) -> datetime | None:
        """The time, or None while it is not plausible. Raises DatabaseUnavailable."""
        sight = _Sight(self._clock.now(), self._clock.monotonic())
        expected = (await self._last_believed(sight)).expected(sight.ticks)
        if sight.wall > expected + SLACK and not await self._has_proved_itself(sight, expected):
            return None
        self._believed, self._doubt = sight, None
        await self._db.write(lambda connection: retention.set_last_seen(connection, sight.wall))
        return sight.wall

    async def _last_believed(self, sight: _Sight) -> _Sight:
        if self._believed is not None:
            return self._believed
        found = await self._db.read(lambda connection: _remember(connection, sight))
        self._believed, self._doubt = found
        return found[0]

    async def _has_proved_itself(self, sight: _Sight, expected: datetime) -> bool:
        if self._doubt is not None and self._doubt.is_continued_by(sight):
            since = self._doubt.since
        else:
            since = sight.wall
            log.warning("clock_not_believed", ahead_days=(sight.wall - expected).days)
        self._doubt = _Doubt(since, sight)
        if sight.wall - since >= PROBATION:
            return True
        await self._db.write(lambda connection: retention.set_doubt(connection, since, sight.wall))
        return False


def _remember(connection: Connection, sight: _Sight) -> tuple[_Sight, _Doubt | None]:
    """What was believed and doubted before this process began. Nothing tells how long ago that was."""
    believed = _Sight(retention.last_seen(connection) or sight.wall, sight.ticks)
    known = retention.doubt(connection)
    return believed, None if known is None else _Doubt(known[0], _Sight(known[1], sight.ticks))
