"""The writing half of a WebSocket: frames out, back-pressure, and the end of its transport."""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import cast

from app.transport.framing import Opcode, close_payload, frame, frame_text
from app.transport.port import SocketState


class WebSocketOutput(asyncio.Protocol):
    """What `port.SocketTransport` says of writing. `transport.websocket.WebSocketProtocol` adds reading."""

    __slots__ = (
        "_pong",
        "_timer",
        "_transport",
        "closed",
        "fd",
        "last_sent",
        "loop",
        "on_closed",
        "on_drain",
        "on_pause",
        "paused",
        "sent_bytes",
        "state",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.state = SocketState.OPENING
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._pong: bytes | None = None  # to be answered when the transport has drained: the last ping
        self._timer: asyncio.TimerHandle | None = None
        self.fd = -1
        self.last_sent = loop.time()
        self.sent_bytes = 0
        self.paused = False
        self.closed = False
        self.on_pause: Callable[[], None] | None = None
        self.on_drain: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        encrypted = transport.get_extra_info("ssl_object") is not None
        # Pause at the first byte that the kernel does not take: that is what "backpressured" means. Plain transports
        # pause above the limit; TLS ones already at it, which with 0 would be always.
        self._transport.set_write_buffer_limits(high=1 if encrypted else 0, low=0)
        connected = transport.get_extra_info("socket")
        if connected is not None and not encrypted:
            self.fd = connected.fileno()

    def pause_writing(self) -> None:
        self.paused = True
        if self.on_pause is not None:
            self.on_pause()

    def resume_writing(self) -> None:
        self.paused = False
        if self._pong is not None and not self.closed:
            self._transport.write(frame(Opcode.PONG, self._pong))
        self._pong = None
        if self.on_drain is not None:
            self.on_drain()

    @property
    def unsent_bytes(self) -> int:
        return 0 if self.state is SocketState.CLOSED else self._transport.get_write_buffer_size()

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

    def abort(self) -> None:
        self._mark_closed()
        if self.state is not SocketState.CLOSED:
            self._transport.abort()

    def _answer_ping(self, payload: bytes) -> None:
        """While the transport is full the last one stands for all (section 5.5.3): pongs must not pile up."""
        if self.paused:
            self._pong = payload
        else:
            self._transport.write(frame(Opcode.PONG, payload))

    def _write_close(self, code: int, reason: str = "") -> None:
        self._mark_closed()
        self.state = SocketState.CLOSING
        self._transport.write(frame(Opcode.CLOSE, close_payload(code, reason)))

    def _mark_closed(self) -> None:
        """Nothing may be written from here on. Before the descriptor is closed: no frame may meet its next owner."""
        if self.closed:
            return
        self.closed = True
        if self.on_closed is not None:
            self.on_closed()
        self.fd = -1

    def _close_transport(self, patience_s: float) -> None:
        self._transport.close()
        self._cut_off_after(patience_s)

    def _cut_off_after(self, seconds: float) -> None:
        """A transport that closes waits until the peer has taken all that it holds, and with TLS until it has said
        closing alert: here no longer than this.
        """
        if self.state is not SocketState.CLOSED:
            self._abort_after(seconds)

    def _abort_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._transport.abort)
