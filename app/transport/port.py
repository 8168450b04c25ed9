"""The port between the sockets and what carries them: `websocket` implements it, `app.websocket` uses it."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final, Protocol

# Keys of `scope["extensions"]`:
TRANSPORT_KEY: Final = "compliance.transport"  # the `SocketTransport` of a WebSocket
ABORT_KEY: Final = "compliance.abort"  # for HTTP: `{"abort": drops the connection at once}` (`http`)
READ_AHEAD: Final = 8  # messages that wait to be heard before reading stops
Content = str | bytes


class SocketState(Enum):
    """Of a WebSocket."""

    OPENING = auto()  # the request is not answered
    OPEN = auto()
    CLOSING = auto()  # our close frame or refusal was sent
    CLOSED = auto()


class Listener(Protocol):
    """Takes over what the client says."""

    def on_message(self, content: Content) -> None:
        """A whole message: text, or bytes of a binary one."""
        ...

    def on_flood(self) -> None:
        """More control frames came than a client may send: say so, and close."""
        ...

    def on_end(self, code: int, reason: str) -> None:
        """The connection is over or closing: nothing comes any more. Called once."""
        ...


class SocketTransport(Protocol):
    """One accepted WebSocket. All calls are synchronous, and none raises for a client that is gone."""

    # Descriptor that an idle socket may be written to directly; -1: through its transport only (TLS).
    fd: int
    # Loop time at which bytes last came from the peer: commands, pings, pongs, anything.
    last_received: float
    # Loop time at which a frame was last handed over by `send`.
    last_sent: float
    # Bytes received, and bytes handed over to the transport; what in-sync groups write past it does not count.
    received_bytes: int
    sent_bytes: int
    # The transport holds bytes that the kernel did not take.
    paused: bool
    # Lost, closing, or a close frame was sent: nothing may follow.
    closed: bool
    # Called when the transport begins to hold bytes.
    on_pause: Callable[[], None] | None
    # Called when the transport has drained.
    on_drain: Callable[[], None] | None
    # Called once when the socket becomes `closed`, before its descriptor is given back.
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

    def take_over(self, listener: Listener) -> None:
        """From now on messages go to the listener, those that wait first; the application may return."""
        ...

    def pause_reading(self) -> None:
        """Read no further until `resume_reading`: enough messages wait."""
        ...

    def resume_reading(self) -> None: ...
