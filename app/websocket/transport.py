"""The one place where frames become bytes on a socket.

FastAPI keeps routing, accepting and receiving; what the server says leaves beside ASGI. `ServerProtocol` is uvicorn's
sans-I/O WebSocket protocol with one addition: a `Peer` in `scope["extensions"]`, through which a frame that was
encoded once is written without awaiting anybody, and which knows what ASGI hides: when bytes last came, and whether
the transport still holds bytes that the kernel did not take.
"""

import asyncio
import struct
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

PEER_KEY: Final = "compliance.peer"
ABORT_AFTER_S: Final = 5.0  # a peer that does not take our close frame for this long is cut off
_TEXT: Final = 0x81  # FIN and opcode 1, RFC 6455 section 5.2; a server's frames are not masked
_SMALL, _MEDIUM = 126, 65_536


class Peer(Protocol):
    """One accepted WebSocket as the fan-out sees it. All calls are synchronous and none raises for a gone peer."""

    # Loop time at which bytes last came from the peer: commands, pings, pongs, anything.
    last_received: float
    # Loop time at which a frame was last handed over.
    last_sent: float
    # Called when the transport has drained, and once when the connection is lost.
    on_drain: Callable[[], None] | None

    @property
    def writable(self) -> bool:
        """The transport holds no unsent bytes. False too when the connection is gone or closing."""
        ...

    @property
    def closed(self) -> bool:
        """Lost, or a close frame was sent: nothing may follow."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """Bytes that the kernel has not taken yet; shrinking means that the peer still reads."""
        ...

    def send(self, payload: bytes) -> None:
        """Write one text frame. Legal at any time; only `writable` says whether more would pile up."""
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


class ServerPeer:
    """The peer of one `ServerProtocol`."""

    __slots__ = ("_protocol", "last_received", "last_sent", "on_drain")

    def __init__(self, protocol: "ServerProtocol") -> None:
        self._protocol = protocol
        self.last_received = self.last_sent = protocol.loop.time()
        self.on_drain: Callable[[], None] | None = None

    @property
    def writable(self) -> bool:
        return self._protocol.writable.is_set() and not self.closed

    @property
    def closed(self) -> bool:
        protocol = self._protocol
        return protocol.disconnected or protocol.close_sent or protocol.transport.is_closing()

    @property
    def unsent_bytes(self) -> int:
        return 0 if self._protocol.disconnected else self._protocol.transport.get_write_buffer_size()

    def send(self, payload: bytes) -> None:
        if self.closed:
            return
        self.last_sent = self._protocol.loop.time()
        self._protocol.transport.write(frame_text(payload))

    def ping(self) -> None:
        if not self.closed:
            self._protocol.send_ping()

    def close(self, code: int, reason: str = "") -> None:
        if not self.closed:
            self._protocol.send_close(code, reason)

    def abort(self) -> None:
        if not self._protocol.disconnected:
            self._protocol.transport.abort()


class ServerProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol with a peer. Given to uvicorn as `ws="app.websocket.transport:ServerProtocol"`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.peer = ServerPeer(self)

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        # Pause at the first byte that the kernel does not take: that is what "set aside" means.
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=0)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # else the handshake itself was refused, and no application runs
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[PEER_KEY] = self.peer

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            # A refusal before the upgrade is complete; uvicorn 0.54 would log it as a handshake left open.
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        self.peer.last_received = self.loop.time()
        super().data_received(data)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._tell_drained()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._tell_drained()

    def send_ping(self) -> None:
        self.conn.send_ping(b"")
        self._flush()

    def send_close(self, code: int, reason: str) -> None:
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self._flush()
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(ABORT_AFTER_S, self.transport.abort)

    def _flush(self) -> None:
        self.transport.write(b"".join(self.conn.data_to_send()))

    def _tell_drained(self) -> None:
        if self.peer.on_drain is not None:
            self.peer.on_drain()
