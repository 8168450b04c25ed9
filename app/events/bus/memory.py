"""The bus of one process. Threads may publish; listeners are called on the loop that subscribed them."""

import asyncio
from collections.abc import Callable

import structlog

from app.events.bus.base import Hint, Listener

log = structlog.get_logger(__name__)


class MemoryBus:
    """Delivers each hint once to every listener, in order of publishing per thread."""

    def __init__(self) -> None:
        self._listeners: dict[object, tuple[asyncio.AbstractEventLoop, Listener]] = {}

    @property
    def healthy(self) -> bool:
        return True

    async def start(self) -> None:
        """Do nothing: there is nothing to start."""

    async def stop(self) -> None:
        """Do nothing: there is nothing to stop."""

    def follow(self, user_id: str) -> None:
        """Do nothing: all hints come from this process."""

    def unfollow(self, user_id: str) -> None:
        """See `follow`."""

    def publish(self, hint: Hint) -> None:
        for loop, listener in list(self._listeners.values()):
            if loop.is_closed():
                continue
            loop.call_soon_threadsafe(self._call, listener, hint)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        key = object()
        self._listeners[key] = (asyncio.get_running_loop(), listener)
        return lambda: _forget(self._listeners, key)

    def _call(self, listener: Listener, hint: Hint) -> None:
        try:
            listener(hint)
        except Exception:  # a boundary: one listener's mistake must not silence the others
            log.exception("bus_listener_failed")


def _forget(listeners: dict[object, tuple[asyncio.AbstractEventLoop, Listener]], key: object) -> None:
    listeners.pop(key, None)
