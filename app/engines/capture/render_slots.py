"""How many pages are rendered side by side: fewer when they come late, because the machine is busy then.

Pages of the site go first, for what they load makes findings; every fourth slot is for screenshots of other sites.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

CONCURRENT: Final = 4  # pages at once; each is a process or more, and waits for the network most of its time
OPEN: Final = 2  # for each of them: so many are open, of which the others rest
IN_A_ROW: Final = 3  # slots that pages of the site get while others wait


class RenderSlots:
    """Starts with all slots; a page that was too slow halves them, one that was rendered brings one back."""

    def __init__(self, most: int = CONCURRENT) -> None:
        self._most = most
        self._taken = 0
        self._open = 0
        self._waiting = {True: 0, False: 0}  # by whether they go first
        self._in_a_row = 0  # slots that went to the first ones while others waited
        self._changed = asyncio.Condition()
        # How many may be rendered at once now.
        self.limit = most

    @asynccontextmanager
    async def slot(self, *, is_first: bool = False) -> AsyncIterator[None]:
        """Wait for a slot and hold it. `is_first`: before those that are not, up to IN_A_ROW of them."""
        async with self._changed:
            self._waiting[is_first] += 1
            try:
                await self._changed.wait_for(lambda: self._has_room and self._is_turn_of(is_first=is_first))
            finally:
                self._waiting[is_first] -= 1
                self._changed.notify_all()  # it may be another's turn now
            self._in_a_row = self._in_a_row + 1 if is_first and self._waiting[False] else 0
            self._taken += 1
            self._open += 1
        try:
            yield
        finally:
            self._taken -= 1
            self._open -= 1
            await self._wake()

    @property
    def _has_room(self) -> bool:
        return self._taken < self.limit and self._open < OPEN * self.limit

    def _is_turn_of(self, *, is_first: bool) -> bool:
        if not self._waiting[not is_first]:
            return True
        return is_first == (self._in_a_row < IN_A_ROW)

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
