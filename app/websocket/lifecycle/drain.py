"""Ends all connections in such a way that they do not all come back at the same moment."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import Final

from app.core.clock import Clock, to_wire
from app.domain.close_codes import CloseCode
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.registry import Registry
from app.websocket.messages.frames import ReconnectAdvice
from app.websocket.sse.registry import StreamRegistry
from app.websocket.sse.stream import RESTART, EventStream

COME_BACK_MS: Final = (0, 2_000)
TICK_S: Final = 0.1


@dataclass(kw_only=True, eq=False, repr=False)
class Drain:
    """Closes connections with 1012 (come back) after an advice, and ends event streams with the same."""

    registry: Registry
    streams: StreamRegistry
    clock: Clock
    close_connection: Callable[[ConnectionInfo, CloseCode], None]

    async def spread(self, over_s: float, hurry: Callable[[], bool]) -> None:
        """Close those who are here now, one after the other, evenly over `over_s`; all at once when `hurry` says so.

        It lasts so long even when nobody is here: a balancer that asks now and then whether we are ready notices
        meanwhile that we are not, before connections are refused.
        """
        self.streams.refuse_new()
        waiting: list[ConnectionInfo | EventStream] = [*self.registry.all(), *self.streams]
        random.shuffle(waiting)
        total, began = len(waiting), self.clock.monotonic()
        while True:
            gone_s = self.clock.monotonic() - began
            over = hurry() or gone_s >= over_s
            due = total if over else floor(total * gone_s / over_s)
            while total - len(waiting) < due:
                self._dismiss(waiting.pop())
            if over:
                return
            await self.clock.sleep(TICK_S)

    def close_all(self) -> None:
        """Close everybody now."""
        for connection in self.registry.all():
            self._dismiss(connection)
        self.streams.stop()

    def _dismiss(self, watcher: ConnectionInfo | EventStream) -> None:
        if isinstance(watcher, EventStream):
            watcher.end(RESTART)
            return
        earliest, latest = COME_BACK_MS
        advice = ReconnectAdvice(
            reason="restart", delay_min_ms=earliest, delay_max_ms=latest, timestamp=to_wire(self.clock.now())
        )
        if watcher.ready:  # the welcome is the first frame
            watcher.send_frame(advice)
        self.close_connection(watcher, CloseCode.RESTART)
