"""A write in the queue: until when it may begin, and whether its client still waits for it.

What was refused is never done afterwards: refusing and beginning exclude each other.
"""

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final


class RequestClient:
    """The client that asked, and may be gone. Once something was done for it, all of it is."""

    def __init__(self, is_gone: Callable[[], bool]) -> None:
        self._is_gone = is_gone
        self._served = False  # something was committed already

    def serve(self) -> bool:
        """Return whether the next write is still wanted; if so, it counts as started."""
        if not self._served and self._is_gone():
            return False
        self._served = True
        return True


# Key of an ASGI scope: a function that says whether the client has closed its connection.
CLIENT_DISCONNECTED: Final = "compliance.client_disconnected"
# Set around a request; elsewhere nobody can go away.
REQUEST_CLIENT: Final[ContextVar[RequestClient | None]] = ContextVar("caller", default=None)


class PendingWrite:
    """One write on its way through the queue. `begin` is the writer's thread's, `refuse` the loop's."""

    def __init__(self, deadline: float, caller: RequestClient | None = None) -> None:
        self.deadline = deadline  # monotonic; it begins before, or not at all
        self._caller = caller
        self._lock = threading.Lock()
        self._begun = False
        self._refused = False

    def begin(self, now: float) -> bool:
        """Return whether the write should be done now that the lock is held."""
        with self._lock:
            if self._refused or now > self.deadline or not (self._caller is None or self._caller.serve()):
                return False
            self._begun = True
            return True

    def refuse(self) -> bool:
        """Refuse the write; return whether it will certainly not be done. False: it has started."""
        with self._lock:
            self._refused = not self._begun
            return self._refused
