"""What is written down of connections: metrics, the audit log, log lines. Never what they say."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import structlog

from app.core.clock import Clock
from app.core.metrics import Metrics
from app.websocket.codes import CloseCode
from app.websocket.connection import ConnectionInfo
from app.websocket.registry import Registry

log = structlog.get_logger(__name__)


class Audit(Protocol):
    """Where connections and refusals are written down. Batched; never waits. False: it was only counted."""

    def record(
        self,
        action: str,
        outcome: Literal["ok", "denied", "failed"] = "ok",
        *,
        user_id: str | None = None,
        address: str | None = None,
        object_id: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> bool: ...


class Ledger:
    """Opened, closed, refused."""

    def __init__(self, *, registry: Registry, metrics: Metrics, audit: Audit, clock: Clock) -> None:
        self._registry = registry
        self._metrics = metrics
        self._audit = audit
        self._clock = clock

    def opened(self, connection: ConnectionInfo) -> None:
        self._metrics.connections.inc()
        self._count_open()
        self._record("ws.connect", connection)
        log.info("ws_opened", connection_id=connection.connection_id, user_id=connection.user_id)

    def closed(self, connection: ConnectionInfo) -> None:
        duration_s = self._clock.monotonic() - connection.opened_at
        code = int(connection.close_code or CloseCode.GOING_AWAY)
        self._metrics.connection_duration.observe(duration_s)
        self._metrics.closes.labels(str(code)).inc()
        self._count_open()
        detail = {
            "code": code,
            "duration_s": round(duration_s, 3),
            "bytes_in": connection.peer.received_bytes,
            "bytes_out": connection.sent_bytes,
        }
        self._record("ws.close", connection, detail=detail)
        log.info("ws_closed", connection_id=connection.connection_id, code=code, duration_s=round(duration_s, 3))

    def denied(self, connection: ConnectionInfo) -> None:
        """A task that is not this user's, or is not there: nothing of it is written down."""
        self._record("ws.subscribe", connection, "denied")

    def refused(self, reason: str, address: str) -> None:
        """Nobody was let in. Who tries without end fills the log as little as the audit log."""
        self._metrics.refused.labels(reason).inc()
        if self._audit.record("ws.connect", "denied", address=address, detail={"reason": reason}):
            log.info("ws_refused", reason=reason)

    def _record(
        self,
        action: str,
        connection: ConnectionInfo,
        outcome: Literal["ok", "denied"] = "ok",
        *,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        self._audit.record(
            action,
            outcome,
            user_id=connection.user_id,
            address=connection.address,
            object_id=connection.connection_id,
            detail=detail,
        )

    def _count_open(self) -> None:
        self._metrics.open_connections.set(len(self._registry))
        self._metrics.active_users.set(self._registry.count_users())
