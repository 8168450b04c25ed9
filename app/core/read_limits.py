"""Limits on simultaneous reads: reports take slots, and lists of one user are read in sequence."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.core.errors import LimitReached, Unavailable

RETRY_AFTER_S: Final = 5


class ReportSlots:
    """Slots for reports: one for each user, `in_all` for everybody. On the event loop alone."""

    def __init__(self, *, in_all: int) -> None:
        self._in_all = in_all
        self._taken: set[str] = set()  # users

    def take(self, user_id: str) -> None:
        """Give it back with `leave`.

        Raises:
            LimitReached: `report_limit`, this user has one under way.
            Unavailable: `reports_busy`, too many have.
        """
        if user_id in self._taken:
            raise LimitReached(code="report_limit", retry_after_s=RETRY_AFTER_S)
        if len(self._taken) >= self._in_all:
            raise Unavailable(code="reports_busy", retry_after_s=RETRY_AFTER_S)
        self._taken.add(user_id)

    def leave(self, user_id: str) -> None:
        """May be called twice."""
        self._taken.discard(user_id)


class UserSemaphores:
    """At most `at_once` for each user; what comes beyond waits, in order, at most `max_waiting` (None: all)."""

    def __init__(self, *, at_once: int, max_waiting: int | None = None) -> None:
        self._at_once = at_once
        self._max_waiting = max_waiting
        self._semaphores: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()  # that wait or read; a semaphore is forgotten with its last user

    @asynccontextmanager
    async def slot(self, user_id: str) -> AsyncIterator[None]:
        """Raises LimitReached when too many wait."""
        if self._max_waiting is not None and self._users[user_id] >= self._at_once + self._max_waiting:
            raise LimitReached(retry_after_s=RETRY_AFTER_S)
        semaphore = self._semaphores.setdefault(user_id, asyncio.Semaphore(self._at_once))
        self._users[user_id] += 1
        try:
            async with semaphore:
                yield
        finally:
            self._users[user_id] -= 1
            if not self._users[user_id]:
                del self._users[user_id], self._semaphores[user_id]
