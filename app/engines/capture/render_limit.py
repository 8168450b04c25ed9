"""How long one page may take to be rendered.

By the clock, but what its browser waited for a processor meanwhile is given back (ADR 0088): on a busy machine a page
is not left out for what others compute. It is no way to hold a scan up: MOST times the limit is the end of any page.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.engines.capture.browser_processor import ProcessorTimes, ReadTimes, no_times, starved_s

MOST: Final = 4.0  # times the limit, whatever is given back
LEAST_S: Final = 0.25  # less is not given back: another reading would cost more than it gives


class RenderLimit:
    """The time of one page, once. `end` lets it be over early, also before it has begun."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        # Set for good by `end`: nobody waits for the page any more.
        self.is_over = False
        self._running: asyncio.Timeout | None = None
        self._read: ReadTimes = no_times
        self._span: _Span | None = None

    @property
    def given_back_s(self) -> float:
        """How much longer than its limit it may take, as was last seen."""
        return 0.0 if self._span is None else self._span.given_back_s

    @asynccontextmanager
    async def running(self, read: ReadTimes = no_times) -> AsyncIterator[asyncio.Timeout]:
        """Raise TimeoutError when the time is over inside. `read`: the times of what renders the page."""
        self._read = read
        self._span = span = _Span(self.timeout_s, read)
        async with self._within(self.timeout_s * MOST) as running, span.watched(running):
            yield running

    @asynccontextmanager
    async def part(self, timeout_s: float) -> AsyncIterator[None]:
        """Raise TimeoutError when that is over inside: for a step of what is `running`, with the same fairness."""
        async with asyncio.timeout(timeout_s * MOST) as running, _Span(timeout_s, self._read).watched(running):
            yield

    async def left_s(self) -> float:
        """Return what is left of the time that is `running`."""
        return self.timeout_s if self._span is None else await self._span.left_s()

    @asynccontextmanager
    async def until_ended(self) -> AsyncIterator[None]:
        """Raise TimeoutError when `end` is called: for one who waits while somebody else looks at the time."""
        async with self._within(None):
            yield

    @asynccontextmanager
    async def _within(self, timeout_s: float | None) -> AsyncIterator[asyncio.Timeout]:
        async with asyncio.timeout(0.0 if self.is_over else timeout_s) as running:
            self._running = running
            try:
                yield running
            finally:
                self._running = None

    def end(self) -> None:
        """Let the time be over now."""
        self.is_over = True
        if self._running is not None:
            _expire(self._running)


class _Span:
    """A time that grows by what was not given to the browser, up to MOST times of it."""

    def __init__(self, timeout_s: float, read: ReadTimes) -> None:
        self._timeout_s = timeout_s
        self._read = read
        self._began = 0.0
        self._before = ProcessorTimes()
        self.given_back_s = 0.0

    @asynccontextmanager
    async def watched(self, running: asyncio.Timeout) -> AsyncIterator[None]:
        """Expire `running`, which is entered, when the time is over; its own is the last resort."""
        self._began = asyncio.get_running_loop().time()
        self._before = await self._read()
        watching = asyncio.create_task(self._watch(running), name="render-limit")
        try:
            yield
        finally:
            watching.cancel()

    async def _watch(self, running: asyncio.Timeout) -> None:
        await asyncio.sleep(self._timeout_s - self._elapsed_s)
        while (left_s := await self.left_s()) >= LEAST_S:  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(left_s)
        _expire(running)

    async def left_s(self) -> float:
        starved = starved_s(self._before, await self._read(), self._elapsed_s)
        self.given_back_s = min(starved, self._timeout_s * (MOST - 1))
        return self._timeout_s + self.given_back_s - self._elapsed_s

    @property
    def _elapsed_s(self) -> float:
        return asyncio.get_running_loop().time() - self._began


def _expire(running: asyncio.Timeout) -> None:
    if not running.expired():
        running.reschedule(asyncio.get_running_loop().time())
