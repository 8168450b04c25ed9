"""A socket that exists only in memory."""

import contextlib
import socket
from collections.abc import Callable

from app.transport.framing import frame_text


class FakeTransport:
    """A socket that takes everything, or nothing while it is stalled but for the frame that fills it."""

    def __init__(self) -> None:
        self.wire: list[bytes] = []
        self.fd = -1
        self.stalled = False
        self.paused = False
        self.closed = False
        self.closed_with: tuple[int, str] | None = None
        self.aborted = False
        self.pings = 0
        self.on_pause: Callable[[], None] | None = None
        self.on_drain: Callable[[], None] | None = None
        self.on_closed: Callable[[], None] | None = None
        self.last_received = self.last_sent = 0.0
        self.received_bytes = self.sent_bytes = 0

    @property
    def unsent_bytes(self) -> int:
        return 1 if self.paused else 0

    def send(self, payload: bytes) -> None:
        self.send_framed(frame_text(payload))

    def send_framed(self, frames: bytes) -> None:
        if self.closed:
            return
        self.sent_bytes += len(frames)
        self.wire.extend(split_frames(frames))
        if self.stalled and not self.paused:
            self.paused = True
            if self.on_pause:
                self.on_pause()

    def drain(self) -> None:
        self.stalled = False
        if self.paused:
            self.paused = False
            if self.on_drain:
                self.on_drain()

    def pull(self) -> None:
        """What was sent is on the wire already."""

    def discard(self) -> None:
        """Nothing to give back."""

    def ping(self) -> None:
        self.pings += 1

    def close(self, code: int, reason: str = "") -> None:
        self.closed_with = (code, reason)
        self.retire()

    def abort(self) -> None:
        self.aborted = True
        self.retire()

    def retire(self) -> None:
        if not self.closed:
            self.closed = True
            if self.on_closed:
                self.on_closed()


def split_frames(data: bytes) -> list[bytes]:
    """The payloads of complete text frames."""
    payloads = []
    while data:
        assert data[0] == 0x81
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4]), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10]), 10
        payloads.append(data[start : start + size])
        assert len(payloads[-1]) == size
        data = data[start + size :]
    return payloads


class SocketPairTransport(FakeTransport):
    """The same over a real socket pair with small buffers: idle, it is written to by its descriptor."""

    def __init__(self) -> None:
        super().__init__()
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        self.fd = self._ours.fileno()
        self._unsent = b""  # what a transport would hold
        self._received = b""  # the beginning of a frame

    @property
    def unsent_bytes(self) -> int:
        return len(self._unsent)

    def send_framed(self, frames: bytes) -> None:
        if self.closed:
            return
        self.sent_bytes += len(frames)
        self._unsent += frames
        self._push()
        if self._unsent and not self.paused:
            self.paused = True
            if self.on_pause:
                self.on_pause()

    def drain(self) -> None:
        """The client reads all, and the transport may send the rest."""
        self.pull()
        self._push()
        self.pull()
        if self.paused and not self._unsent and not self.closed:
            self.paused = False
            if self.on_drain:
                self.on_drain()

    def pull(self) -> None:
        """Move what has arrived to `wire`."""
        with contextlib.suppress(BlockingIOError):
            while data := self._theirs.recv(65_536):
                self._received += data
        whole, self._received = complete_frames(self._received)
        self.wire.extend(split_frames(whole))

    def retire(self) -> None:
        super().retire()
        self.fd = -1

    def discard(self) -> None:
        self._ours.close()
        self._theirs.close()

    def _push(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                self._unsent = self._unsent[self._ours.send(self._unsent) :]


def complete_frames(data: bytes) -> tuple[bytes, bytes]:
    """The complete frames at the beginning, and the rest."""
    end = 0
    while len(data) - end >= 2:
        size, start = data[end + 1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[end + 2 : end + start])
        if len(data) - end < start + size:
            break
        end += start + size
    return data[:end], data[end:]
