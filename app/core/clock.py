"""Time as a collaborator, so that deadlines can be tested without waiting."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

import orjson


class Clock(Protocol):
    """Wall clock for people, monotonic clock for durations; the two are never mixed."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary point; they never jump."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def to_wire(moment: datetime) -> str:
    """RFC 3339, milliseconds, `Z` (protocol.md, section 1)."""
    if moment.tzinfo is UTC and moment.microsecond:  # each event has one, and this is ten times as fast
        return orjson.dumps(moment)[1:24].decode() + "Z"
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
