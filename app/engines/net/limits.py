"""Politeness towards one host address: few connections, pauses it asked for, and backing off when it is overrun."""

import asyncio
import time
from collections.abc import Awaitable, Callable
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


class _AddressState:
    """The state of one address. Back-off withholds permits, and good answers bring them back one by one."""

    def __init__(self, permits: int) -> None:
        self.permits = permits
        self.semaphore = asyncio.Semaphore(permits)
        self.withheld = 0  # permits that are not in use at the moment
        self.to_withhold = 0  # of those in use, how many are withheld when they come back
        self.interval_s = 0.0  # between two starts
        self.next_start = 0.0  # by the clock: the earliest start not yet given away
        self.not_before = 0.0  # by the clock: no request starts earlier, whatever its turn
        self.refusals = 0  # in a row

    def give_back(self) -> None:
        if self.to_withhold:
            self.to_withhold -= 1
            self.withheld += 1
        else:
            self.semaphore.release()

    def shrink(self) -> None:
        """Halve what may run at once, never below one."""
        running = self.permits - self.withheld - self.to_withhold
        self.to_withhold += running - max(1, running // 2)

    def grow(self) -> None:
        if self.to_withhold:
            self.to_withhold -= 1
        elif self.withheld:
            self.withheld -= 1
            self.semaphore.release()


class _Slot:
    """A slot of an address while somebody is inside. A class, because a generator costs three times as much."""

    def __init__(self, state: _AddressState, wait_turn: Callable[[_AddressState], Awaitable[None]]) -> None:
        self._state = state
        self._wait_turn = wait_turn

    async def __aenter__(self) -> None:
        await self._state.semaphore.acquire()
        try:
            await self._wait_turn(self._state)
        except BaseException:
            self._state.give_back()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._state.give_back()


class HostLimits:
    """Gives slots per address. One instance per scan is shared by all stages; several hosts may share an address.

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
        self._states: dict[str, _AddressState] = {}  # by address
        self._addresses: dict[str, str] = {}  # by host; one that is not here counts by its name

    def assign_address(self, host: str, address: str) -> None:
        """Let the host share the limits of that address from now on."""
        self._addresses[host] = address

    def has_address(self, host: str) -> bool:
        """Whether `assign_address` was called for the host."""
        return host in self._addresses

    def slot(self, host: str) -> "_Slot":
        """Hold one of the slots of the host's address; entering waits for a free one and for the address's turn."""
        return _Slot(self._state(host), self._wait_turn)

    def set_crawl_delay(self, host: str, delay_s: float) -> None:
        """Leave at least this long between two starts (robots.txt). The longest wins: hosts may share an address."""
        state = self._state(host)
        state.interval_s = max(state.interval_s, min(max(0.0, delay_s), MAX_CRAWL_DELAY_S))

    def note(self, host: str, status: int, retry_after: str = "") -> None:
        """Note what the host answered (status 0: nothing). `retry_after` is the header's value."""
        state = self._state(host)
        if status in OVERRUN_STATUSES:
            self._back_off(state, retry_after)
        elif status:
            state.refusals = 0
            state.grow()

    def _back_off(self, state: _AddressState, retry_after: str) -> None:
        asked = retry_after_s(retry_after)
        pause = asked if asked is not None else min(MAX_BACK_OFF_S, FIRST_BACK_OFF_S * 2 ** min(state.refusals, 10))
        state.refusals += 1
        state.not_before = max(state.not_before, self._clock() + min(pause, MAX_PAUSE_S))
        state.shrink()

    async def _wait_turn(self, state: _AddressState) -> None:
        start = max(self._clock(), state.next_start)
        state.next_start = start + state.interval_s
        # A Retry-After that comes while we wait moves everybody back.
        while (wait := max(start, state.not_before) - self._clock()) > 0:
            await self._sleep(wait)

    def _state(self, host: str) -> _AddressState:
        key = self._addresses.get(host, host)
        if key not in self._states:
            self._states[key] = _AddressState(self._per_address)
        return self._states[key]


def retry_after_s(value: str) -> float | None:
    """Return the seconds of a Retry-After header (delay or HTTP date); None when it says nothing usable."""
    text = value.strip()
    if not text:  # as of nearly all answers
        return None
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
