"""Good-bye to everybody, in such a way that they do not all come back in the same moment."""

import random
from collections.abc import Callable
from math import ceil
from typing import Final

from app.core.clock import Clock, to_wire
from app.websocket.connection import ConnectionInfo
from app.websocket.protocol import ReconnectAdvice
from app.websocket.registry import Registry
from app.websocket.stream import RESTART, EventStream
from app.websocket.streams import Streams

COME_BACK_MS: Final = (0, 2_000)
TICK_S: Final = 0.1


class Farewell:
    """Closes with 1012 (come back) after an advice. Streams of events end with the same."""

    def __init__(
        self, *, registry: Registry, streams: Streams, clock: Clock, dismiss: Callable[[ConnectionInfo], None]
    ) -> None:
        """`dismiss`: closes a connection with 1012 and forgets it."""
        self._registry = registry
        self._streams = streams
        self._clock = clock
        self._dismiss_connection = dismiss

    async def spread(self, over_s: float, hurry: Callable[[], bool]) -> None:
        """Close those who are here now, one after the other, evenly over `over_s`; all at once when `hurry` says so."""
        self._streams.refuse_new()
        waiting: list[ConnectionInfo | EventStream] = [*self._registry.all(), *self._streams]
        random.shuffle(waiting)
        total, began = len(waiting), self._clock.monotonic()
        while waiting:
            gone_s = self._clock.monotonic() - began
            due = total if hurry() or gone_s >= over_s else ceil(total * gone_s / over_s)
            while total - len(waiting) < due:
                self._dismiss(waiting.pop())
            if waiting:
                await self._clock.sleep(TICK_S)

    def say(self) -> None:
        """Close everybody now."""
        for connection in self._registry.all():
            self._dismiss(connection)
        self._streams.stop()

    def _dismiss(self, watcher: ConnectionInfo | EventStream) -> None:
        if isinstance(watcher, EventStream):
            watcher.end(RESTART)
            return
        earliest, latest = COME_BACK_MS
        advice = ReconnectAdvice(
            reason="restart", delay_min_ms=earliest, delay_max_ms=latest, timestamp=to_wire(self._clock.now())
        )
        if watcher.ready:  # the greeting is the first frame
            watcher.send(advice.to_bytes())
        self._dismiss_connection(watcher)
