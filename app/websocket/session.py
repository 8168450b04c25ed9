"""One connection's life: admit, identify, welcome, listen, and leave nothing behind."""

from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

import structlog
from starlette.websockets import WebSocket

from app.core import trace_context, tracing
from app.core.clock import to_wire
from app.core.dependencies import client_address, get_current_user_websocket, reader_language
from app.core.errors import Forbidden, Unauthenticated, Unavailable
from app.core.principal import Principal
from app.core.trace_context import TraceContext
from app.domain.close_codes import CloseCode
from app.domain.messages import Language
from app.transport.port import READ_AHEAD, Content
from app.websocket.connections.connection import ConnectionInfo
from app.websocket.lifecycle.admission import Refusal
from app.websocket.manager import WebSocketManager
from app.websocket.messages.codes import ErrorCode
from app.websocket.messages.frames import Error
from app.websocket.messages.wording import say

STOPPING: Final = Refusal(503, "stopping", retry_after_s=1)
log = structlog.get_logger(__name__)


async def websocket_endpoint(websocket: WebSocket) -> None:
    """Serve `WS /api/v1/monitor/ws`; return when the connection is refused, or a `Session` has taken over."""
    manager: WebSocketManager = websocket.state.services.manager
    address = client_address(websocket) or "unknown"
    refusal = STOPPING if manager.stopping else await manager.admission.check(websocket, address)
    if refusal is not None:
        manager.connection_audit.refused(refusal.reason, address)
        await websocket.send_denial_response(refusal.response())
        return
    with manager.admission.entering(address):
        await _enter(manager, websocket, address)


async def _enter(manager: WebSocketManager, websocket: WebSocket, address: str) -> None:
    since = manager.clock.monotonic()
    try:
        principal = await get_current_user_websocket(websocket)
    except (Unauthenticated, Forbidden) as error:
        manager.connection_audit.refused(error.code, address)
        return
    except Unavailable:
        manager.connection_audit.refused(ErrorCode.SERVER_BUSY, address)
        await websocket.send_denial_response(_busy())
        return
    await websocket.accept()
    await _serve(manager, websocket, principal, address, since)


async def _serve(
    manager: WebSocketManager, websocket: WebSocket, principal: Principal, address: str, since: float
) -> None:
    language = reader_language(websocket, manager.settings.language)
    try:
        connection = await manager.connect(websocket, principal, address=address, language=language)
    except Unavailable:
        await _say_busy(manager, websocket, language)
        return
    manager.revocation.confirm(connection, since)
    connection.transport.take_over(Session(manager, connection, trace_context.given()))


@dataclass(slots=True, eq=False, repr=False)
class Session:
    """What happens to a connection's messages: one command after the other, and at the end nothing is left behind.

    The transport holds it, and it holds the connection: all indexes hold that weakly. It has a task only while there
    is something to do.
    """

    manager: WebSocketManager
    connection: ConnectionInfo
    trace: TraceContext | None = None  # of the handshake; everything of this connection belongs to it
    _inbox: list[Content] = field(default_factory=list)
    _busy: bool = False
    _ended: bool = False

    def on_message(self, content: Content) -> None:
        """See `port.Listener`."""
        self._inbox.append(content)
        if len(self._inbox) >= READ_AHEAD:
            self.connection.transport.pause_reading()
        self._start()

    def on_flood(self) -> None:
        """See `port.Listener`."""
        settings = self.manager.settings
        self.connection.send_frame(
            Error(
                code=ErrorCode.RATE_LIMITED,
                message=say("too_many_control_frames", self.connection.language),
                retry_after_ms=ceil(settings.ws_control_burst / settings.ws_controls_per_s * 1000),
                fatal=True,
                timestamp=to_wire(self.manager.clock.now()),
            )
        )
        self.connection.close(CloseCode.STRIKES, ErrorCode.RATE_LIMITED)

    def on_end(self, code: int, reason: str) -> None:
        """See `port.Listener`. A command under way comes to its end first."""
        self.connection.note_close(code, reason)
        self._ended = True
        self._start()

    def _start(self) -> None:
        if not self._busy:
            self._busy = True
            self.manager.work.start(self._run(), name="session")

    async def _run(self) -> None:
        with trace_context.entered(self.trace):
            await self._work()

    async def _work(self) -> None:
        try:
            while self._inbox and not self._ended:
                with tracing.span("websocket command", kind="server"):
                    await self.manager.handle_client_message(self.connection, self._inbox.pop(0))
                if not self._inbox:
                    self.connection.transport.resume_reading()
        except Exception:  # the boundary of a session: one connection's trouble is nobody else's
            log.exception("session_failed", connection_id=self.connection.connection_id)
            self.connection.close(CloseCode.INTERNAL)
        finally:
            self._busy = False
            if self._ended:
                await self.manager.disconnect(self.connection)


def _busy() -> Any:
    return Refusal(503, "server_busy", retry_after_s=5).response()


async def _say_busy(manager: WebSocketManager, websocket: WebSocket, language: Language) -> None:
    frame = Error(
        code=ErrorCode.SERVER_BUSY,
        message=say(ErrorCode.SERVER_BUSY, language),
        retry_after_ms=5_000,
        fatal=True,
        timestamp=to_wire(manager.clock.now()),
    )
    await websocket.send_text(frame.to_bytes().decode())
    await websocket.close(CloseCode.INTERNAL, ErrorCode.SERVER_BUSY)
