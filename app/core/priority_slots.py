"""Slots at a scarce resource, some of which unknown callers never take."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.core.errors import LimitReached

RETRY_AFTER_S: Final = 1.0


class PrioritySlots:
    """`total` slots, at most `max_unknown` of them held by unknown callers at once. Event loop only.

    Known callers go first and wait in a queue of their own; within a queue the order is that of arrival.
    """

    def __init__(self, *, total: int, max_unknown: int, max_waiting: int) -> None:
        self._total = total
        self._max_unknown = max_unknown
        self._max_waiting = max_waiting  # of each kind; who holds a slot counts too
        self._held = {True: 0, False: 0}  # by whether the holder is known
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}

    @asynccontextmanager
    async def hold(self, *, known: bool) -> AsyncIterator[None]:
        """Waits for a slot and keeps it for the block. Raises LimitReached when too many wait."""
        if self._held[known] + len(self._waiting[known]) >= self._max_waiting:
            raise LimitReached(text="too_many_sign_ins", retry_after_s=RETRY_AFTER_S)
        slot = asyncio.get_running_loop().create_future()
        self._waiting[known].append(slot)
        self._admit()
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():
                self._release(known=known)
            raise
        try:
            yield
        finally:
            self._release(known=known)

    def _release(self, *, known: bool) -> None:
        self._held[known] -= 1
        self._admit()

    def _admit(self) -> None:
        for known in (True, False):
            while self._waiting[known] and self._has_room(known=known):
                slot = self._waiting[known].popleft()
                if not slot.cancelled():
                    self._held[known] += 1
                    slot.set_result(None)

    def _has_room(self, *, known: bool) -> bool:
        if sum(self._held.values()) >= self._total:
            return False
        return known or self._held[False] < self._max_unknown
