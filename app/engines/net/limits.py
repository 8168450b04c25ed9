"""Politeness towards one host address: few connections, pauses it asked for, and backing off when it is overrun."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

PER_ADDRESS: Final = 4
MAX_CRAWL_DELAY_S: Final = 30.0  # a longer one would turn a scan of some hundred pages into days
MAX_PAUSE_S: Final = 120.0  # of a Retry-After; the scan's own time limit is hours
FIRST_BACK_OFF_S: Final = 1.0  # doubles with each refusal in a row
MAX_BACK_OFF_S: Final = (
    60.0  # of our own accord: a busy host is given up within three minutes, and has to be asked before
)
OVERRUN_STATUSES: Final = frozenset({429, 503})


class _Lane:
    """One address. Permits that back-off takes away are parked and come back one by one with good answers."""

    def __init__(self, permits: int) -> None:
        self.permits = permits
        self.semaphore = asyncio.Semaphore(permits)
        self.parked = 0  # permits that nobody may use at the moment
        self.to_park = 0  # of those in use, how many are parked when they come back
        self.interval_s = 0.0  # between two starts
        self.next_start = 0.0  # by the clock: the earliest start not yet given away
        self.not_before = 0.0  # by the clock: nobody starts earlier, whatever turn they have
        self.refusals = 0  # in a row

    def give_back(self) -> None:
        if self.to_park:
            self.to_park -= 1
            self.parked += 1
        else:
            self.semaphore.release()

    def shrink(self) -> None:
        """Halve what may run at once, never below one."""
        running = self.permits - self.parked - self.to_park
        self.to_park += running - max(1, running // 2)

    def grow(self) -> None:
        if self.to_park:
            self.to_park -= 1
        elif self.parked:
            self.parked -= 1
            self.semaphore.release()


class HostLimits:
    """Slots per host address (or whatever key the callers agree on). One instance per scan, shared by all stages.

    Waiting is in the order of arrival. Cancelling a waiter gives its place back.
    """

    def __init__(
        self,
        *,
        per_address: int = PER_ADDRESS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_address = per_address
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}

    @asynccontextmanager
    async def slot(self, host_or_address: str) -> AsyncIterator[None]:
        """Hold one of the address's slots; entering waits for a free one and for the address's turn."""
        lane = self._lane(host_or_address)
        await lane.semaphore.acquire()
        try:
            await self._wait_turn(lane)
            yield
        finally:
            lane.give_back()

    def set_crawl_delay(self, host_or_address: str, delay_s: float) -> None:
        """From robots.txt: at least this long between two starts. The longest wins, hosts may share an address."""
        lane = self._lane(host_or_address)
        lane.interval_s = max(lane.interval_s, min(max(0.0, delay_s), MAX_CRAWL_DELAY_S))

    def note(self, host_or_address: str, status: int, retry_after: str = "") -> None:
        """Tell what the address answered (status 0: nothing). `retry_after` is the header's value."""
        lane = self._lane(host_or_address)
        if status in OVERRUN_STATUSES:
            self._back_off(lane, retry_after)
        elif status:
            lane.refusals = 0
            lane.grow()

    def _back_off(self, lane: _Lane, retry_after: str) -> None:
        asked = retry_after_s(retry_after)
        pause = asked if asked is not None else min(MAX_BACK_OFF_S, FIRST_BACK_OFF_S * 2 ** min(lane.refusals, 10))
        lane.refusals += 1
        lane.not_before = max(lane.not_before, self._clock() + min(pause, MAX_PAUSE_S))
        lane.shrink()

    async def _wait_turn(self, lane: _Lane) -> None:
        start = max(self._clock(), lane.next_start)
        lane.next_start = start + lane.interval_s
        # A Retry-After that comes while we wait moves everybody back.
        while (wait := max(start, lane.not_before) - self._clock()) > 0:
            await self._sleep(wait)

    def _lane(self, key: str) -> _Lane:
        if key not in self._lanes:
            self._lanes[key] = _Lane(self._per_address)
        return self._lanes[key]


def retry_after_s(value: str) -> float | None:
    """Seconds of a Retry-After header (delay or HTTP date), None when it says nothing usable."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
