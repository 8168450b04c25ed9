"""The one place where WebSocket frames become bytes on a socket.

`WebSocketProtocol` is a protocol class for uvicorn with hand-written framing. To FastAPI it is an ordinary ASGI
WebSocket: routing, accepting and refusing are FastAPI's. What the server says leaves beside ASGI (ADR 0005): the
protocol is a `SocketTransport` in `scope["extensions"]`, through which an encoded frame is written without awaiting
anybody, and which knows what ASGI hides: when bytes last came, and whether the transport still holds bytes that the
kernel did not take. What the client says leaves ASGI too once a `Listener` has taken over: the application returns, and
all that its call held is given back (ADR 0010).
"""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

from app.core.config import Settings
from app.transport.asgi import AsgiCall
from app.transport.framing import (
    ABNORMAL,
    INVALID_DATA,
    NO_CODE,
    NORMAL,
    FrameError,
    FrameReader,
    Opcode,
    read_close,
)
from app.transport.handshake import BadHandshake, Headers, read_request, refusal
from app.transport.port import Content, Listener, SocketState
from app.transport.websocket_output import WebSocketOutput

ABORT_AFTER_S: Final = 5.0  # a peer that does not take our close frame for this long is cut off
STOP_AFTER_S: Final = 1.0  # when the server stops, nobody waits longer for a peer that takes no bytes
TURN_FRAMES: Final = 64  # of one client in a row: then the loop has time for the others
POLICY, INTERNAL_ERROR, SERVICE_RESTART = 1008, 1011, 1012


@dataclass(frozen=True, slots=True)
class ControlRate:
    """How many pings and pongs a client may send: so many at once, then so many a second (protocol.md, section 6)."""

    burst: int = 50
    per_s: float = 10


DEFAULT_CONTROLS: Final = ControlRate()


class WebSocketProtocol(WebSocketOutput):
    """Given to uvicorn as `ws="app.transport.websocket:WebSocketProtocol"`. A `SocketTransport`, too."""

    __slots__ = (
        "_call",
        "_control_rate",
        "_controls_paid_at",
        "_listener",
        "_reader",
        "_reading_paused",
        "_server_state",
        "ended",
        "last_received",
        "received_bytes",
    )

    def __init__(
        self,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        control_rate: ControlRate = DEFAULT_CONTROLS,
    ) -> None:
        super().__init__(_loop or asyncio.get_running_loop())
        self._server_state = server_state
        self._call: AsgiCall | None = AsgiCall(self, config, server_state, app_state)  # until the application returns
        self._reader = FrameReader(config.ws_max_size)
        self._reading_paused = False
        self._listener: Listener | None = None
        self._control_rate = control_rate
        self._controls_paid_at = 0.0  # loop time at which all control frames so far are within the rate: one number
        self.ended: tuple[int, str] | None = None
        self.last_received = self.last_sent
        self.received_bytes = 0

    # What the transport says; the rest is in the base class

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._server_state.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self.last_received = self.loop.time()
        self.received_bytes += len(data)
        if self.state is SocketState.OPENING:
            self._open(data)
        elif not self._ignores_input:
            self._reader.feed(data)
            if not self._reading_paused:
                self._process_frames()

    def eof_received(self) -> None:
        self._mark_closed()
        self._end(ABNORMAL)
        self._cut_off_after(ABORT_AFTER_S)

    def resume_writing(self) -> None:
        self._wake_call()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.state = SocketState.CLOSED
        self._mark_closed()
        self._server_state.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._end(ABNORMAL)
        self._wake_call()
        # Whom it tells hold it: without this they stay until a garbage collection.
        self._listener = self.on_pause = self.on_drain = self.on_closed = None
        if exc is None:
            self._transport.close()

    def shutdown(self) -> None:
        """Uvicorn stops."""
        if self.state is SocketState.OPEN:
            self._write_close(SERVICE_RESTART)
            self._end(SERVICE_RESTART)
        elif self.state is SocketState.OPENING:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        self._close_transport(STOP_AFTER_S)

    # What the sockets ask: see SocketTransport; the rest is in the base class

    def close(self, code: int, reason: str = "") -> None:
        if self.closed or self.state is not SocketState.OPEN:
            return
        self._write_close(code, reason)
        self._end(code, reason)
        self.resume_reading()  # or the answer to our close frame would not be seen
        self._abort_after(ABORT_AFTER_S)

    def take_over(self, listener: Listener) -> None:
        self._listener = listener
        waiting = [] if self._call is None else self._call.take_waiting()
        for content in waiting:
            listener.on_message(content)
        if self.ended is not None:
            listener.on_end(*self.ended)
        elif waiting:
            self.resume_reading()

    def pause_reading(self) -> None:
        if not self._reading_paused and self.state is SocketState.OPEN:
            self._reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self.loop.call_soon(self._resume_processing)

    # The handshake

    def _open(self, data: bytes) -> None:
        if self._call is None or self._call.begun:  # it speaks before it was answered
            self.refuse(HTTPStatus.BAD_REQUEST)
            return
        if self.fd >= 0 and self._transport.get_write_buffer_size():  # TLS may hold bytes of its own beginning
            # The answer to an earlier request was not taken: the transport has paused somebody else, and never us.
            self.abort()
            return
        try:
            request = read_request(data)
        except BadHandshake as bad:
            self.refuse(bad.status, bad.headers)
            return
        self._call.begin(request, self._transport)

    # What the client says

    @property
    def _ignores_input(self) -> bool:
        """Nothing that comes matters any more; after our close frame its answer does."""
        return self._transport.is_closing() or (self.closed and self.state is not SocketState.CLOSING)

    def _process_frames(self) -> bool:
        """Take what has come, frame by frame, until enough waits or it is the others' turn. Whether that was all."""
        try:
            for _ in range(TURN_FRAMES):
                found = self._reader.read()
                if found is None:
                    return True
                self._handle_frame(*found)
                if self._reading_paused or self._ignores_input:
                    return False
        except FrameError as error:
            self._fail(error)
            return False
        self._transport.pause_reading()
        self.loop.call_soon(self._resume_processing)
        return False

    def _resume_processing(self) -> None:
        if not (self._reading_paused or self._ignores_input) and self._process_frames():
            self._transport.resume_reading()

    def _handle_frame(self, opcode: Opcode, payload: bytes) -> None:
        if opcode is Opcode.CLOSE:
            self._handle_close(payload)
        elif self.state is SocketState.CLOSING:
            pass  # after our close frame nothing matters but its answer
        elif opcode in (Opcode.PING, Opcode.PONG) and self._are_controls_too_many():
            self._end_flood()
        elif opcode is Opcode.PING:
            self._answer_ping(payload)
        elif opcode is Opcode.TEXT:
            self._handle_text(payload)
        elif opcode is Opcode.BINARY:
            self._deliver(payload)

    def _are_controls_too_many(self) -> bool:
        """One more has come."""
        now, rate = self.loop.time(), self._control_rate
        self._controls_paid_at = max(self._controls_paid_at, now) + 1 / rate.per_s
        return self._controls_paid_at - now > (rate.burst + 0.5) / rate.per_s  # sums of fractions are not exact

    def _end_flood(self) -> None:
        if self._listener is not None:
            self._listener.on_flood()
        else:
            self.close(POLICY)

    def _handle_text(self, payload: bytes) -> None:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            raise FrameError(INVALID_DATA, "invalid UTF-8") from None
        self._deliver(text)

    def _deliver(self, content: Content) -> None:
        if self._listener is not None:
            self._listener.on_message(content)
        elif self._call is not None:
            self._call.receive(content)

    def _handle_close(self, payload: bytes) -> None:
        code, reason = read_close(payload)
        if self.state is SocketState.OPEN:
            self._write_close(NORMAL if code == NO_CODE else code)
            self._end(code, reason)
        self._close_transport(ABORT_AFTER_S)

    def _fail(self, error: FrameError) -> None:
        if self.state is SocketState.OPEN:
            self._write_close(error.code, error.reason)
            self._end(error.code, error.reason)
            self._close_transport(ABORT_AFTER_S)
        else:  # bytes that are no answer to our close frame: nothing is left to say
            self._transport.abort()

    # The end

    def _end(self, code: int, reason: str = "") -> None:
        """The first word stands."""
        if self.ended is not None:
            return
        self.ended = code, reason
        self._wake_call()
        if self._listener is not None:
            self._listener.on_end(code, reason)

    def _wake_call(self) -> None:
        if self._call is not None:
            self._call.wake()

    # What the application asks, through `asgi`

    def accept(self, response: bytes) -> None:
        self._transport.write(response)
        self.state = SocketState.OPEN

    def refuse(self, status: int, headers: Headers | None = None, body: bytes = b"") -> None:
        self._mark_closed()
        self.state = SocketState.CLOSING
        self._transport.write(refusal(status, headers or [], body))
        self._end(ABNORMAL)
        self._close_transport(ABORT_AFTER_S)

    def returned(self, *, failed: bool) -> None:
        self._call = None
        if self._listener is not None and not failed:
            return
        if self.state is SocketState.OPENING:
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
        elif self.state is SocketState.OPEN:
            self.close(INTERNAL_ERROR if failed else NORMAL)


def make_socket_protocol(settings: Settings) -> type[asyncio.Protocol]:
    """What uvicorn calls for each WebSocket; to its types it is a class."""
    rate = ControlRate(settings.ws_control_burst, settings.ws_controls_per_s)
    protocol: Callable[..., asyncio.Protocol] = partial(WebSocketProtocol, control_rate=rate)
    return cast("type[asyncio.Protocol]", protocol)
