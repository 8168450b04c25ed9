"""Closes connections that are silent, stuck, or without a valid token (protocol.md, sections 6 and 7)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import structlog

from app.core.clock import Clock, to_wire
from app.core.config import Settings
from app.core.metrics import Metrics
from app.domain.close_codes import CloseCode
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.registry import Registry
from app.websocket.messages.frames import Ping, TokenExpiring

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class HeartbeatMonitor:
    """One loop over all connections."""

    settings: Settings
    registry: Registry
    clock: Clock
    metrics: Metrics
    # The end of the token that a connection was warned of: once per token.
    _warned: WeakKeyDictionary[ConnectionInfo, datetime] = field(default_factory=WeakKeyDictionary, init=False)

    async def run(self) -> None:
        """Run until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self.clock.sleep(self.settings.ws_check_interval_s)
            self.check_all(loop.time())

    def check_all(self, now: float) -> None:
        """Check all connections once. `now` is the loop's time."""
        backlog_bytes = 0
        for connection in self.registry.all():
            try:
                backlog_bytes += connection.backlog_bytes
                self.check(connection, now)
            except Exception:  # a boundary: one connection's trouble is nobody else's
                log.exception("heartbeat_check_failed", connection_id=connection.connection_id)
        self.metrics.backlog_bytes.set(backlog_bytes)

    def check(self, connection: ConnectionInfo, now: float) -> None:
        """Close or ping one connection. `now` is the loop's time, as in the transport's marks."""
        settings, transport = self.settings, connection.transport
        if transport.closed:
            return
        silent_s = now - transport.last_received
        # A session that waits for the socket or its pace reads nothing: what the peer takes is its sign of life then.
        waits = connection.drain_waiters or connection.pace_waiters
        if silent_s > settings.ws_idle_timeout_s and not waits:
            connection.close(CloseCode.HEARTBEAT_MISSED)
        elif connection.principal.expires_at <= self.clock.now():
            connection.close(CloseCode.TOKEN_EXPIRED)
        elif self._is_stuck(connection, now):
            connection.close(CloseCode.TOO_SLOW)
        else:
            self._warn(connection)
            self._ping(connection, now, silent_s)

    def _warn(self, connection: ConnectionInfo) -> None:
        """Say once that the token ends soon. Not before the welcome, which is the first frame."""
        expires_at = connection.principal.expires_at
        left = expires_at - self.clock.now()
        if left > timedelta(seconds=self.settings.ws_token_warning_s) or not connection.ready:
            return
        if self._warned.get(connection) != expires_at:
            self._warned[connection] = expires_at
            connection.send_frame(TokenExpiring(expires_at=to_wire(expires_at), timestamp=to_wire(self.clock.now())))

    def _is_stuck(self, connection: ConnectionInfo, now: float) -> bool:
        unsent = connection.transport.unsent_bytes
        if unsent == 0 or unsent < connection.unsent_before or connection.unsent_before == 0:
            connection.progress_at = now
        connection.unsent_before = unsent
        return unsent > 0 and now - connection.progress_at > self.settings.ws_stuck_after_s

    def _ping(self, connection: ConnectionInfo, now: float, silent_s: float) -> None:
        after_s = self.settings.ws_ping_after_s
        if silent_s > after_s and now - connection.control_ping_at > after_s:
            connection.control_ping_at = now
            connection.transport.ping()
        if now - connection.last_sent_at > after_s and connection.drained:
            connection.ping_sequence += 1
            wire_now = to_wire(self.clock.now())
            connection.send_frame(Ping(sequence=connection.ping_sequence, server_time=wire_now, timestamp=wire_now))
