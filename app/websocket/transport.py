"""The one place where frames become bytes on a socket.

FastAPI keeps routing, accepting and receiving; what the server says leaves beside ASGI. `ServerProtocol` is uvicorn's
sans-I/O WebSocket protocol with one addition: a `Peer` in `scope["extensions"]`, through which a frame that was
encoded once is written without awaiting anybody, and which knows what ASGI hides: when bytes last came, and whether
the transport still holds bytes that the kernel did not take.
"""

import asyncio
import struct
from asyncio.transports import BaseTransport
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, cast

import websockets.server
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request

PEER_KEY: Final = "compliance.peer"
ABORT_AFTER_S: Final = 5.0  # a peer that does not take our close frame for this long is cut off
STOP_AFTER_S: Final = 1.0  # when the server stops, nobody waits longer for a peer that takes no bytes
_TEXT: Final = 0x81  # FIN and opcode 1, RFC 6455 section 5.2; a server's frames are not masked
_SMALL, _MEDIUM = 126, 65_536


class Peer(Protocol):
    """One accepted WebSocket as the fan-out sees it. All calls are synchronous and none raises for a gone peer."""

    # Descriptor that an idle peer may be written to beside its transport; -1: through the transport only (TLS).
    fd: int
    # Loop time at which bytes last came from the peer: commands, pings, pongs, anything.
    last_received: float
    # Loop time at which a frame was last handed over by `send`.
    last_sent: float
    # The transport holds bytes that the kernel did not take.
    paused: bool
    # Lost, closing, or a close frame was sent: nothing may follow.
    closed: bool
    # Called when the transport begins to hold bytes.
    on_pause: Callable[[], None] | None
    # Called when the transport has drained.
    on_drain: Callable[[], None] | None
    # Called once when the peer becomes `closed`, before its descriptor is given back.
    on_closed: Callable[[], None] | None

    @property
    def unsent_bytes(self) -> int:
        """Bytes that the kernel has not taken yet; shrinking means that the peer still reads."""
        ...

    def send(self, payload: bytes) -> None:
        """Write one text frame. Legal at any time; `paused` says whether more would pile up."""
        ...

    def send_framed(self, frames: bytes) -> None:
        """Write bytes that are frames already."""
        ...

    def ping(self) -> None:
        """Send a control ping; the answer shows in `last_received`."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame and end the session's reading; cut off when the peer does not take it in time."""
        ...

    def abort(self) -> None:
        """Drop the connection at once, unsent bytes included."""
        ...


def frame_text(payload: bytes) -> bytes:
    """A complete, unmasked, unfragmented text frame."""
    size = len(payload)
    if size < _SMALL:
        return bytes((_TEXT, size)) + payload
    if size < _MEDIUM:
        return struct.pack("!BBH", _TEXT, 126, size) + payload
    return struct.pack("!BBQ", _TEXT, 127, size) + payload


def is_utf8(parts: Sequence[bytes]) -> bool:
    """Whether a whole text message is valid (RFC 6455, section 8.1)."""
    try:
        b"".join(parts).decode()
    except UnicodeDecodeError:
        return False
    return True


class ServerPeer:
    """The peer of one `ServerProtocol`."""

    __slots__ = (
        "_protocol",
        "closed",
        "fd",
        "last_received",
        "last_sent",
        "on_closed",
        "on_drain",
        "on_pause",
        "paused",
    )

    def __init__(self, protocol: "ServerProtocol") -> None:
        self._protocol = protocol
        self.fd = -1
        self.last_received = self.last_sent = protocol.loop.time()
        self.paused = False
        self.closed = False
        self.on_pause: Callable[[], None] | None = None
        self.on_drain: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None

    @property
    def unsent_bytes(self) -> int:
        return 0 if self._protocol.disconnected else self._protocol.transport.get_write_buffer_size()

    def send(self, payload: bytes) -> None:
        self.send_framed(frame_text(payload))

    def send_framed(self, frames: bytes) -> None:
        if not self.closed:
            self.last_sent = self._protocol.loop.time()
            self._protocol.transport.write(frames)

    def ping(self) -> None:
        if not self.closed:
            self._protocol.send_ping()

    def close(self, code: int, reason: str = "") -> None:
        if not self.closed:
            self._protocol.send_close(code, reason)

    def abort(self) -> None:
        self.retire()
        if not self._protocol.disconnected:
            self._protocol.transport.abort()

    def retire(self) -> None:
        """Nothing may be written from here on. Before the descriptor is closed: no frame may meet its next owner."""
        if self.closed:
            return
        self.closed = True
        if self.on_closed is not None:
            self.on_closed()
        self.fd = -1


class Framing(websockets.server.ServerProtocol):
    """websockets' own, but a close frame inside a fragmented message is no error: RFC 6455, section 5.4, allows it."""

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self.current_size = None
        super().recv_frame(frame)


class ServerProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol with a peer. Given to uvicorn as `ws="app.websocket.transport:ServerProtocol"`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = Framing(
            extensions=self.conn.available_extensions, max_size=self.config.ws_max_size, logger=self.logger
        )
        self.peer = ServerPeer(self)

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        encrypted = transport.get_extra_info("ssl_object") is not None
        # Pause at the first byte that the kernel does not take: that is what "set aside" means. Plain transports pause
        # above the limit; TLS ones already at it, which with 0 would be always.
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=1 if encrypted else 0, low=0)
        connected = transport.get_extra_info("socket")
        if connected is not None and not encrypted:
            self.peer.fd = connected.fileno()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # else the handshake itself was refused, and no application runs
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[PEER_KEY] = self.peer

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            self.peer.retire()
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            # A refusal before the upgrade is complete; uvicorn 0.54 would log it as a handshake left open.
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        self.peer.last_received = self.loop.time()
        super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.peer.paused = True
        if self.peer.on_pause is not None:
            self.peer.on_pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.peer.paused = False
        if self.peer.on_drain is not None:
            self.peer.on_drain()

    # Every way in which the connection can end: the peer retires before anything else happens.

    def handle_close(self, event: Frame) -> None:
        self.peer.retire()
        super().handle_close(event)
        self._cut_off_after(ABORT_AFTER_S)

    def handle_parser_exception(self) -> None:
        self.peer.retire()
        if self.conn.close_sent is None:  # bytes behind a close frame that was answered: nothing is left to say
            self.transport.abort()
            return
        super().handle_parser_exception()
        self._cut_off_after(ABORT_AFTER_S)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not is_utf8(self.frames):
            self.frames = []  # uvicorn would log a traceback for what any client can send
            self.conn.send_close(CloseCode.INVALID_DATA)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    def eof_received(self) -> None:
        self.peer.retire()
        super().eof_received()
        self._cut_off_after(ABORT_AFTER_S)

    def shutdown(self) -> None:
        self.peer.retire()
        super().shutdown()
        self._cut_off_after(STOP_AFTER_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self.peer.retire()
        super().connection_lost(exc)

    def send_ping(self) -> None:
        self.conn.send_ping(b"")
        self._flush()

    def send_close(self, code: int, reason: str) -> None:
        self.peer.retire()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self._flush()
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(ABORT_AFTER_S, self.transport.abort)

    def _cut_off_after(self, seconds: float) -> None:
        """A transport that closes waits until the peer has taken all that it holds: here no longer than this."""
        if not self.peer.paused or self.disconnected:
            return
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(seconds, self.transport.abort)

    def _flush(self) -> None:
        self.transport.write(b"".join(self.conn.data_to_send()))
