"""The one place where frames become bytes on a socket.

`ServerProtocol` is a WebSocket protocol class for uvicorn with hand-written framing. To FastAPI it is an ordinary ASGI
WebSocket: routing, accepting and refusing are FastAPI's. What the server says leaves beside ASGI (ADR 0005): the
protocol is a `Peer` in `scope["extensions"]`, through which a frame that was encoded once is written without awaiting
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
from app.websocket.asgi import AsgiCall
from app.websocket.framing import (
    ABNORMAL,
    INVALID_DATA,
    NO_CODE,
    NORMAL,
    FrameError,
    FrameReader,
    Opcode,
    close_payload,
    frame,
    frame_text,
    read_close,
)
from app.websocket.handshake import BadHandshake, Headers, read_request, refusal
from app.websocket.peer import Content, Listener, State

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


class ServerProtocol(asyncio.Protocol):
    """Given to uvicorn as `ws="app.websocket.transport:ServerProtocol"`. A `Peer`, too."""

    __slots__ = (
        "_call",
        "_control_rate",
        "_controls_paid_at",
        "_listener",
        "_pong",
        "_reader",
        "_reading_waits",
        "_server_state",
        "_timer",
        "_transport",
        "closed",
        "ended",
        "fd",
        "last_received",
        "last_sent",
        "loop",
        "on_closed",
        "on_drain",
        "on_pause",
        "paused",
        "received_bytes",
        "sent_bytes",
        "state",
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
        self._control_rate = control_rate
        self._controls_paid_at = 0.0  # loop time at which all control frames so far are within the rate: one number
        self.loop = _loop or asyncio.get_running_loop()
        self._server_state = server_state
        self._call: AsgiCall | None = AsgiCall(self, config, server_state, app_state)  # until the application returns
        self._reader = FrameReader(config.ws_max_size)
        self.state = State.OPENING
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._listener: Listener | None = None
        self.ended: tuple[int, str] | None = None
        self._pong: bytes | None = None  # to be answered when the transport has drained: the last ping
        self._reading_waits = False
        self._timer: asyncio.TimerHandle | None = None
        self.fd = -1
        self.last_received = self.last_sent = self.loop.time()
        self.received_bytes = self.sent_bytes = 0
        self.paused = False
        self.closed = False
        self.on_pause: Callable[[], None] | None = None
        self.on_drain: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None

    # What the transport says

    def connection_made(self, transport: BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server_state.connections.add(self)
        encrypted = transport.get_extra_info("ssl_object") is not None
        # Pause at the first byte that the kernel does not take: that is what "set aside" means. Plain transports pause
        # above the limit; TLS ones already at it, which with 0 would be always.
        self._transport.set_write_buffer_limits(high=1 if encrypted else 0, low=0)
        connected = transport.get_extra_info("socket")
        if connected is not None and not encrypted:
            self.fd = connected.fileno()

    def data_received(self, data: bytes) -> None:
        self.last_received = self.loop.time()
        self.received_bytes += len(data)
        if self.state is State.OPENING:
            self._open(data)
        elif not self._is_deaf:
            self._reader.feed(data)
            if not self._reading_waits:
                self._hear()

    def eof_received(self) -> None:
        self._retire()
        self._end(ABNORMAL)
        self._cut_off_after(ABORT_AFTER_S)

    def pause_writing(self) -> None:
        self.paused = True
        if self.on_pause is not None:
            self.on_pause()

    def resume_writing(self) -> None:
        self.paused = False
        self._wake_call()
        if self._pong is not None and not self.closed:
            self._transport.write(frame(Opcode.PONG, self._pong))
        self._pong = None
        if self.on_drain is not None:
            self.on_drain()

    def connection_lost(self, exc: Exception | None) -> None:
        self.state = State.CLOSED
        self._retire()
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
        if self.state is State.OPEN:
            self._write_close(SERVICE_RESTART)
            self._end(SERVICE_RESTART)
        elif self.state is State.OPENING:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        self._close_transport(STOP_AFTER_S)

    # What the fan-out asks: see Peer

    @property
    def unsent_bytes(self) -> int:
        return 0 if self.state is State.CLOSED else self._transport.get_write_buffer_size()

    def send(self, payload: bytes) -> None:
        self.send_framed(frame_text(payload))

    def send_framed(self, frames: bytes) -> None:
        if not self.closed:
            self.last_sent = self.loop.time()
            self.sent_bytes += len(frames)
            self._transport.write(frames)

    def ping(self) -> None:
        if not self.closed:
            self._transport.write(frame(Opcode.PING, b""))

    def close(self, code: int, reason: str = "") -> None:
        if self.closed or self.state is not State.OPEN:
            return
        self._write_close(code, reason)
        self._end(code, reason)
        self.go_on()  # or the answer to our close frame would not be seen
        self._abort_after(ABORT_AFTER_S)

    def abort(self) -> None:
        self._retire()
        if self.state is not State.CLOSED:
            self._transport.abort()

    def take_over(self, listener: Listener) -> None:
        self._listener = listener
        waiting = [] if self._call is None else self._call.hand_over()
        for content in waiting:
            listener.on_message(content)
        if self.ended is not None:
            listener.on_end(*self.ended)
        elif waiting:
            self.go_on()

    def wait(self) -> None:
        if not self._reading_waits and self.state is State.OPEN:
            self._reading_waits = True
            self._transport.pause_reading()

    def go_on(self) -> None:
        if self._reading_waits:
            self._reading_waits = False
            self.loop.call_soon(self._read_on)

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
    def _is_deaf(self) -> bool:
        """Nothing that comes matters any more; after our close frame its answer does."""
        return self._transport.is_closing() or (self.closed and self.state is not State.CLOSING)

    def _hear(self) -> bool:
        """Take what has come, frame by frame, until enough waits or it is the others' turn. Whether that was all."""
        try:
            for _ in range(TURN_FRAMES):
                found = self._reader.read()
                if found is None:
                    return True
                self._take(*found)
                if self._reading_waits or self._is_deaf:
                    return False
        except FrameError as error:
            self._fail(error)
            return False
        self._transport.pause_reading()
        self.loop.call_soon(self._read_on)
        return False

    def _read_on(self) -> None:
        if not (self._reading_waits or self._is_deaf) and self._hear():
            self._transport.resume_reading()

    def _take(self, opcode: Opcode, payload: bytes) -> None:
        if opcode is Opcode.CLOSE:
            self._take_close(payload)
        elif self.state is State.CLOSING:
            pass  # after our close frame nothing matters but its answer
        elif opcode in (Opcode.PING, Opcode.PONG) and self._are_controls_too_many():
            self._end_flood()
        elif opcode is Opcode.PING and self.paused:
            self._pong = payload  # instead of earlier ones (section 5.5.3): who takes no pongs is not to pile them up
        elif opcode is Opcode.PING:
            self._transport.write(frame(Opcode.PONG, payload))
        elif opcode is Opcode.TEXT:
            self._take_text(payload)
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

    def _take_text(self, payload: bytes) -> None:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            raise FrameError(INVALID_DATA, "invalid UTF-8") from None
        self._deliver(text)

    def _deliver(self, content: Content) -> None:
        if self._listener is not None:
            self._listener.on_message(content)
        elif self._call is not None:
            self._call.hear(content)

    def _take_close(self, payload: bytes) -> None:
        code, reason = read_close(payload)
        if self.state is State.OPEN:
            self._write_close(NORMAL if code == NO_CODE else code)
            self._end(code, reason)
        self._close_transport(ABORT_AFTER_S)

    def _fail(self, error: FrameError) -> None:
        if self.state is State.OPEN:
            self._write_close(error.code, error.reason)
            self._end(error.code, error.reason)
            self._close_transport(ABORT_AFTER_S)
        else:  # bytes that are no answer to our close frame: nothing is left to say
            self._transport.abort()

    # The end

    def _write_close(self, code: int, reason: str = "") -> None:
        self._retire()
        self.state = State.CLOSING
        self._transport.write(frame(Opcode.CLOSE, close_payload(code, reason)))

    def _retire(self) -> None:
        """Nothing may be written from here on. Before the descriptor is closed: no frame may meet its next owner."""
        if self.closed:
            return
        self.closed = True
        if self.on_closed is not None:
            self.on_closed()
        self.fd = -1

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

    def _close_transport(self, patience_s: float) -> None:
        self._transport.close()
        self._cut_off_after(patience_s)

    def _cut_off_after(self, seconds: float) -> None:
        """A transport that closes waits until the peer has taken all that it holds, and with TLS until it has said
        good-bye: here no longer than this.
        """
        if self.state is not State.CLOSED:
            self._abort_after(seconds)

    def _abort_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._transport.abort)

    # What the application asks: see asgi.Socket

    def accept(self, response: bytes) -> None:
        self._transport.write(response)
        self.state = State.OPEN

    def refuse(self, status: int, headers: Headers | None = None, body: bytes = b"") -> None:
        self._retire()
        self.state = State.CLOSING
        self._transport.write(refusal(status, headers or [], body))
        self._end(ABNORMAL)
        self._close_transport(ABORT_AFTER_S)

    def returned(self, *, failed: bool) -> None:
        self._call = None
        if self._listener is not None and not failed:
            return
        if self.state is State.OPENING:
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
        elif self.state is State.OPEN:
            self.close(INTERNAL_ERROR if failed else NORMAL)


def make_socket_protocol(settings: Settings) -> type[asyncio.Protocol]:
    """What uvicorn calls for each WebSocket; to its types it is a class."""
    rate = ControlRate(settings.ws_control_burst, settings.ws_controls_per_s)
    protocol: Callable[..., asyncio.Protocol] = partial(ServerProtocol, control_rate=rate)
    return cast("type[asyncio.Protocol]", protocol)
