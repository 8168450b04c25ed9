"""One connection's life: admit, identify, greet, listen, and leave nothing behind."""

from math import ceil
from typing import Any, Final

import structlog
from starlette.websockets import WebSocket

from app.core.clock import to_wire
from app.core.dependencies import client_address, get_current_user_websocket
from app.core.errors import Unauthenticated, Unavailable
from app.core.identity import Identity
from app.websocket.admission import Refusal
from app.websocket.codes import CloseCode, ErrorCode
from app.websocket.connection import ConnectionInfo
from app.websocket.manager import WebSocketManager
from app.websocket.peer import READ_AHEAD, Content
from app.websocket.protocol import Error

STOPPING: Final = Refusal(503, "stopping", retry_after_s=1)
log = structlog.get_logger(__name__)


async def websocket_endpoint(websocket: WebSocket) -> None:
    """The body of `WS /api/v1/monitor/ws`. Returns when the connection is refused, or a `Session` has taken over."""
    manager: WebSocketManager = websocket.state.services.manager
    address = client_address(websocket) or "unknown"
    refusal = STOPPING if manager.stopping else manager.admission.check(websocket, address)
    if refusal is not None:
        manager.ledger.refused(refusal.reason, address)
        await websocket.send_denial_response(refusal.response())
        return
    with manager.admission.entering(address):
        await _enter(manager, websocket, address)


async def _enter(manager: WebSocketManager, websocket: WebSocket, address: str) -> None:
    since = manager.monotonic()
    try:
        identity = await get_current_user_websocket(websocket)
    except Unauthenticated as error:
        manager.ledger.refused(error.code, address)
        return
    except Unavailable:
        manager.ledger.refused(ErrorCode.SERVER_BUSY, address)
        await websocket.send_denial_response(_busy())
        return
    await websocket.accept()
    await _serve(manager, websocket, identity, address, since)


async def _serve(
    manager: WebSocketManager, websocket: WebSocket, identity: Identity, address: str, since: float
) -> None:
    try:
        connection = await manager.connect(websocket, identity, address=address)
    except Unavailable:
        await _say_busy(manager, websocket)
        return
    manager.access.confirm(connection, since)
    connection.peer.take_over(Session(manager, connection))


class Session:
    """What happens to a connection's messages: one command after the other, and at the end nothing is left behind.

    The transport holds it, and it holds the connection: all indexes hold that weakly. It has a task only while there
    is something to do.
    """

    __slots__ = ("_busy", "_connection", "_ended", "_inbox", "_manager")

    def __init__(self, manager: WebSocketManager, connection: ConnectionInfo) -> None:
        self._manager = manager
        self._connection = connection
        self._inbox: list[Content] = []
        self._busy = False
        self._ended = False

    def on_message(self, content: Content) -> None:
        """See `peer.Listener`."""
        self._inbox.append(content)
        if len(self._inbox) >= READ_AHEAD:
            self._connection.peer.wait()
        self._start()

    def on_flood(self) -> None:
        """See `peer.Listener`."""
        settings = self._manager.settings
        frame = Error(
            code=ErrorCode.RATE_LIMITED,
            message="too many control frames",
            retry_after_ms=ceil(settings.ws_control_burst / settings.ws_controls_per_s * 1000),
            fatal=True,
            timestamp=to_wire(self._manager.now()),
        )
        self._connection.send(frame.to_bytes())
        self._connection.close(CloseCode.STRIKES, ErrorCode.RATE_LIMITED)

    def on_end(self, code: int, reason: str) -> None:
        """See `peer.Listener`. A command under way comes to its end first."""
        self._connection.note_close(code, reason)
        self._ended = True
        self._start()

    def _start(self) -> None:
        if not self._busy:
            self._busy = True
            self._manager.work.start(self._run(), name="session")

    async def _run(self) -> None:
        try:
            while self._inbox and not self._ended:
                await self._manager.handle_client_message(self._connection, self._inbox.pop(0))
                if not self._inbox:
                    self._connection.peer.go_on()
        except Exception:  # the boundary of a session: one connection's trouble is nobody else's
            log.exception("session_failed", connection_id=self._connection.connection_id)
            self._connection.close(CloseCode.INTERNAL, "internal")
        finally:
            self._busy = False
            if self._ended:
                await self._manager.disconnect(self._connection)


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
