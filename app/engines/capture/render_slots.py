"""How many pages are rendered side by side: fewer when they come late, because the machine is busy then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

CONCURRENT: Final = 4  # pages at once; each is a process or more, and waits for the network most of its time
OPEN: Final = 2  # for each of them: so many are open, of which the others rest


class RenderSlots:
    """Starts with all slots; a page that was too slow halves them, one that was rendered brings one back."""

    def __init__(self, most: int = CONCURRENT) -> None:
        self._most = most
        self._taken = 0
        self._open = 0
        self._changed = asyncio.Condition()
        # How many may be rendered at once now.
        self.limit = most

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._taken < self.limit and self._open < OPEN * self.limit)
            self._taken += 1
            self._open += 1
        try:
            yield
        finally:
            self._taken -= 1
            self._open -= 1
            await self._wake()

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Within a slot: give it away while the page only waits, and have it back at once, be there one or not.

        The time of the page runs on, so it must not queue again; what comes anew waits until there is room again.
        """
        self._taken -= 1
        await self._wake()
        try:
            yield
        finally:
            self._taken += 1

    def was_slow(self) -> None:
        self.limit = max(1, self.limit // 2)

    def was_rendered(self) -> None:
        self.limit = min(self._most, self.limit + 1)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
