"""Who still lives: heartbeats, expired tokens and peers that take no bytes (protocol.md, sections 6 and 7)."""

import asyncio
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import structlog

from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.core.metrics import Metrics
from app.websocket.codes import CloseCode
from app.websocket.connection import ConnectionInfo
from app.websocket.protocol import Ping, TokenExpiring
from app.websocket.registry import Registry

log = structlog.get_logger(__name__)


class Liveness:
    """One loop over all connections."""

    def __init__(self, *, settings: Settings, registry: Registry, clock: Clock, metrics: Metrics) -> None:
        self._settings = settings
        self._registry = registry
        self._clock = clock
        self._metrics = metrics
        # The end of the token that a connection was warned of: once per token.
        self._warned: WeakKeyDictionary[ConnectionInfo, datetime] = WeakKeyDictionary()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._clock.sleep(self._settings.ws_check_interval_s)
            self.look(loop.time())

    def look(self, now: float) -> None:
        """One round over all connections. `now` is the loop's time."""
        waiting_bytes = 0
        for connection in self._registry.all():
            try:
                waiting_bytes += connection.waiting_bytes
                self.check(connection, now)
            except Exception:  # a boundary: one connection's trouble is nobody else's
                log.exception("liveness_check_failed", connection_id=connection.connection_id)
        self._metrics.waiting_bytes.set(waiting_bytes)

    def check(self, connection: ConnectionInfo, now: float) -> None:
        """Close or ping one connection. `now` is the loop's time, as in the peer's marks."""
        settings, peer = self._settings, connection.peer
        if peer.closed:
            return
        silent_s = now - peer.last_received
        # A session that waits for the socket or its pace reads nothing: what the peer takes is its sign of life then.
        waits = connection.drain_waiters or connection.pace_waiters
        if silent_s > settings.ws_idle_timeout_s and not waits:
            connection.close(CloseCode.HEARTBEAT_MISSED, "heartbeat_missed")
        elif connection.identity.expires_at <= self._clock.now():
            connection.close(CloseCode.TOKEN_EXPIRED, "token_expired")
        elif self._is_stuck(connection, now):
            connection.close(CloseCode.TOO_SLOW, "too_slow")
        else:
            self._warn(connection)
            self._ping(connection, now, silent_s)

    def _warn(self, connection: ConnectionInfo) -> None:
        """Say once that the token ends soon. Not before the greeting, which is the first frame."""
        expires_at = connection.identity.expires_at
        left = expires_at - self._clock.now()
        if left > timedelta(seconds=self._settings.ws_token_warning_s) or not connection.ready:
            return
        if self._warned.get(connection) != expires_at:
            self._warned[connection] = expires_at
            frame = TokenExpiring(expires_at=to_wire(expires_at), timestamp=to_wire(self._clock.now()))
            connection.send(frame.to_bytes())

    def _is_stuck(self, connection: ConnectionInfo, now: float) -> bool:
        unsent = connection.peer.unsent_bytes
        if unsent == 0 or unsent < connection.unsent_before or connection.unsent_before == 0:
            connection.progress_at = now
        connection.unsent_before = unsent
        return unsent > 0 and now - connection.progress_at > self._settings.ws_stuck_after_s

    def _ping(self, connection: ConnectionInfo, now: float, silent_s: float) -> None:
        after_s = self._settings.ws_ping_after_s
        if silent_s > after_s and now - connection.control_ping_at > after_s:
            connection.control_ping_at = now
            connection.peer.ping()
        if now - connection.last_sent_at > after_s and connection.drained:
            connection.ping_sequence += 1
            wire_now = to_wire(self._clock.now())
            frame = Ping(sequence=connection.ping_sequence, server_time=wire_now, timestamp=wire_now)
            connection.send(frame.to_bytes())
