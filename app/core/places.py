"""Places at a scarce resource, some of which strangers never take."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.core.errors import LimitReached

RETRY_AFTER_S: Final = 1.0


class Places:
    """`total` places, at most `for_strangers` of them held by strangers at once. Event loop only.

    Who is known goes first and waits in a queue of their own; within a queue the order is that of arrival.
    """

    def __init__(self, *, total: int, for_strangers: int, max_waiting: int) -> None:
        self._total = total
        self._for_strangers = for_strangers
        self._max_waiting = max_waiting  # of each kind; who holds a place counts too
        self._held = {True: 0, False: 0}  # by whether the holder is known
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}

    @asynccontextmanager
    async def hold(self, *, known: bool) -> AsyncIterator[None]:
        """Waits for a place and keeps it for the block. Raises LimitReached when too many wait."""
        if self._held[known] + len(self._waiting[known]) >= self._max_waiting:
            raise LimitReached("Too many sign-ins at once; try again in a moment.", retry_after_s=RETRY_AFTER_S)
        turn = asyncio.get_running_loop().create_future()
        self._waiting[known].append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(known=known)
            raise
        try:
            yield
        finally:
            self._leave(known=known)

    def _leave(self, *, known: bool) -> None:
        self._held[known] -= 1
        self._let_in()

    def _let_in(self) -> None:
        for known in (True, False):
            while self._waiting[known] and self._has_room(known=known):
                turn = self._waiting[known].popleft()
                if not turn.cancelled():
                    self._held[known] += 1
                    turn.set_result(None)

    def _has_room(self, *, known: bool) -> bool:
        if sum(self._held.values()) >= self._total:
            return False
        return known or self._held[False] < self._for_strangers
