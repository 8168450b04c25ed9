"""How long one page may take to be rendered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class RenderLimit:
    """The time of one page, once. `end` lets it be over early, also before it has begun."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        # Set for good by `end`: nobody waits for the page any more.
        self.is_over = False
        self._running: asyncio.Timeout | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Timeout]:
        """Raise TimeoutError when the time is over inside."""
        async with self._within(self.timeout_s) as running:
            yield running

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
        if self._running is not None and not self._running.expired():
            self._running.reschedule(asyncio.get_running_loop().time())
