"""Keeps account of connections in metrics, the audit log and log lines, and never of what they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from app.core.clock import Clock
from app.core.metrics import Metrics
from app.domain.close_codes import CloseCode
from app.identity.audit import AuditTrail
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.connections.registry import Registry

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class ConnectionAudit:
    """Opened, closed, refused."""

    registry: Registry
    metrics: Metrics
    audit: AuditTrail
    clock: Clock

    def opened(self, connection: ConnectionInfo) -> None:
        self.metrics.connections.inc()
        self._count_open()
        self._record("ws.connect", connection)
        log.info("ws_opened", connection_id=connection.connection_id, user_id=connection.user_id)

    def closed(self, connection: ConnectionInfo) -> None:
        duration_s = self.clock.monotonic() - connection.opened_at
        code = int(connection.close_code or CloseCode.GOING_AWAY)
        self.metrics.connection_duration.observe(duration_s)
        self.metrics.closes.labels(str(code)).inc()
        self._count_open()
        detail = {
            "code": code,
            "duration_s": round(duration_s, 3),
            "bytes_in": connection.transport.received_bytes,
            "bytes_out": connection.sent_bytes,
        }
        self._record("ws.close", connection, detail=detail)
        log.info("ws_closed", connection_id=connection.connection_id, code=code, duration_s=round(duration_s, 3))

    def denied(self, connection: ConnectionInfo) -> None:
        """Record a refused task, which belongs to another user or does not exist, without any detail of it."""
        self._record("ws.subscribe", connection, "denied")

    def refused(self, reason: str, address: str) -> None:
        """Nobody was let in. Who tries without end fills the log as little as the audit log."""
        self.metrics.refused.labels(reason).inc()
        if self.audit.record("ws.connect", "denied", address=address, detail={"reason": reason}):
            log.info("ws_refused", reason=reason)

    def _record(
        self,
        action: str,
        connection: ConnectionInfo,
        outcome: Literal["ok", "denied"] = "ok",
        *,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        self.audit.record(
            action,
            outcome,
            user_id=connection.user_id,
            address=connection.address,
            object_id=connection.connection_id,
            detail=detail,
        )

    def _count_open(self) -> None:
        self.metrics.open_connections.set(len(self.registry))
        self.metrics.active_users.set(self.registry.count_users())
