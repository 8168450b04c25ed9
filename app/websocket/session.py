"""One connection's life: admit, identify, greet, listen, and leave nothing behind."""

from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.core.clock import to_wire
from app.core.dependencies import client_address, get_current_user_websocket
from app.core.errors import Unauthenticated, Unavailable
from app.core.identity import Identity
from app.websocket.admission import Refusal
from app.websocket.codes import CloseCode, ErrorCode
from app.websocket.connection import ConnectionInfo
from app.websocket.manager import WebSocketManager
from app.websocket.protocol import Error

log = structlog.get_logger(__name__)


async def websocket_endpoint(websocket: WebSocket) -> None:
    """The body of `WS /api/v1/monitor/ws`. Returns when the connection has ended."""
    manager: WebSocketManager = websocket.state.services.manager
    address = client_address(websocket) or "unknown"
    refusal = manager.admission.check(websocket, address)
    if refusal is not None:
        _note_refusal(manager, refusal.reason, address)
        await websocket.send_denial_response(refusal.response())
        return
    since = manager.monotonic()
    try:
        identity = await get_current_user_websocket(websocket)
    except Unauthenticated as error:
        _note_refusal(manager, error.code, address)
        return
    except Unavailable:
        _note_refusal(manager, ErrorCode.SERVER_BUSY, address)
        await websocket.send_denial_response(_busy())
        return
    await websocket.accept()
    await _serve(manager, websocket, identity, address, since)


async def _serve(
    manager: WebSocketManager, websocket: WebSocket, identity: Identity, address: str, since: float
) -> None:
    try:
        connection = await manager.connect(websocket, identity, address=address)
        manager.confirm(connection, since)
    except Unavailable:
        await _say_busy(manager, websocket)
        return
    code, reason = CloseCode.NORMAL, ""
    try:
        await _listen(manager, connection, websocket)
    except WebSocketDisconnect as gone:
        connection.note_close(gone.code, gone.reason)
    except Exception:  # the boundary of a session: one connection's trouble is nobody else's
        log.exception("session_failed", connection_id=connection.connection_id)
        code, reason = CloseCode.INTERNAL, "internal"
    finally:
        await manager.disconnect(connection, code, reason)


async def _listen(manager: WebSocketManager, connection: ConnectionInfo, websocket: WebSocket) -> None:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", CloseCode.GOING_AWAY), message.get("reason") or "")
        await manager.handle_client_message(connection, _content(message))


def _content(message: Any) -> str | bytes:
    text: str | None = message.get("text")
    if text is not None:
        return text
    content: bytes = message.get("bytes") or b""
    return content


def _note_refusal(manager: WebSocketManager, reason: str, address: str) -> None:
    manager.metrics.refused.labels(reason).inc()
    manager.audit.record("ws.connect", "denied", address=address, detail={"reason": reason})
    log.info("ws_refused", reason=reason)


def _busy() -> Any:
    return Refusal(503, "server_busy", retry_after_s=5).response()


async def _say_busy(manager: WebSocketManager, websocket: WebSocket) -> None:
    frame = Error(
        code=ErrorCode.SERVER_BUSY,
        message="the database does not answer, try again",
        retry_after_ms=5_000,
        fatal=True,
        timestamp=to_wire(manager.now()),
    )
    await websocket.send_text(frame.to_bytes().decode())
    await websocket.close(CloseCode.INTERNAL, ErrorCode.SERVER_BUSY)
