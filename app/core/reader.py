"""The user for whom the database is read, whose reads take turns; or the process itself.

Signing in, sockets, the monitor and all else that the process does of itself read on threads of their own: however much
users ask for, these find one. Of what users ask for, each has a few reads under way at once (`core.read_turns`).
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final


class Reader:
    """A request that only reads, until it is answered. `user_id` is known once it was authenticated."""

    __slots__ = ("_is_gone", "_task", "user_id")

    def __init__(self, is_gone: Callable[[], bool]) -> None:
        """`is_gone`: whether its client waits no longer."""
        self._is_gone = is_gone
        self._task = asyncio.current_task()
        self.user_id: str | None = None

    @property
    def is_gone(self) -> bool:
        return self._is_gone()

    @property
    def is_here(self) -> bool:
        """Return whether the running task is the request's own; tasks that it started may also serve others."""
        return self._task is asyncio.current_task()


# Set around a request that only reads.
READER: Final[ContextVar[Reader | None]] = ContextVar("reader", default=None)


def note_reader(user_id: str) -> None:
    """Say whose the request is that is being answered. Elsewhere nothing happens."""
    reader = READER.get()
    if reader is not None and reader.is_here:
        reader.user_id = user_id


def current_reader() -> Reader | None:
    """Return for whom the running task reads; None: for the process itself, or for somebody who still signs in."""
    reader = READER.get()
    return reader if reader is not None and reader.user_id is not None and reader.is_here else None
