"""A socket that exists only in memory."""

from collections.abc import Callable


class FakePeer:
    """A socket that takes everything, or nothing while it is stalled but for the frame that fills it."""

    def __init__(self) -> None:
        self.wire: list[bytes] = []
        self.stalled = False
        self.full = False
        self.closed = False
        self.closed_with: tuple[int, str] | None = None
        self.aborted = False
        self.pings = 0
        self.on_drain: Callable[[], None] | None = None
        self.last_received = self.last_sent = 0.0

    @property
    def writable(self) -> bool:
        return not self.full and not self.closed

    @property
    def unsent_bytes(self) -> int:
        return 1 if self.full else 0

    def send(self, payload: bytes) -> None:
        if not self.closed:
            self.wire.append(payload)
            self.full = self.stalled

    def drain(self) -> None:
        self.stalled = self.full = False
        if self.on_drain:
            self.on_drain()

    def ping(self) -> None:
        self.pings += 1

    def close(self, code: int, reason: str = "") -> None:
        self.closed = True
        self.closed_with = (code, reason)

    def abort(self) -> None:
        self.closed = self.aborted = True
