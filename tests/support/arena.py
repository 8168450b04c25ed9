"""The real application on a loop and in a thread of its own: for tests that talk to it with plain blocking sockets."""

import asyncio
import io
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import uvloop

from app.compose.services import build_services
from app.core.logging import configure_logging
from app.server import Serving, serve
from tests.support.backend import ADMIN_PASSWORD, FakeMonitor, FakeRunner, cheap_passwords, make_settings
from tests.support.databases import lay_database
from tests.support.logs import forget_logging

T = TypeVar("T")
PATIENCE_S = 90.0
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Arena:
    """A running server, seen from outside."""

    def __init__(self, serving: Serving, loop: asyncio.AbstractEventLoop, token: str, log: io.StringIO) -> None:
        self.services: Any = serving.services
        self.port = int(urlsplit(serving.url).port or 0)
        self.token = token
        self.log = log
        self._loop = loop

    def ask(self, look: Callable[[], T]) -> T:
        """Evaluate on the server's loop."""

        async def evaluate() -> T:
            return look()

        return self.run(evaluate())

    def run(self, work: Any) -> Any:
        """Await on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        """Wait for what holds on the server's loop."""
        deadline = time.monotonic() + timeout_s
        while not self.ask(condition):
            assert time.monotonic() < deadline, "it did not come to be"
            time.sleep(0.002)

    def connect(self) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    def upgrade(self) -> "Wire":
        """A connection that was welcomed."""
        link = self.connect()
        link.sendall(handshake(self.token))
        wire = Wire(link)
        wire.read_head()
        assert b"connection_established" in wire.read_frame()[1]
        return wire


class Wire:
    """Frames over a blocking socket."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self._data = b""

    def send(self, data: bytes) -> None:
        """The server may have had enough."""
        try:
            self.link.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self._data:
            self._more()
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        return head

    def read_frame(self) -> tuple[int, bytes]:
        """(opcode, payload) of the next frame. Raises EOFError at the end of the stream."""
        while len(self._data) < 2:
            self._more()
        size, start = self._data[1] & 0x7F, 2
        wide = {126: 2, 127: 8}.get(size, 0)
        while len(self._data) < start + wide:
            self._more()
        if wide:
            size, start = int.from_bytes(self._data[2 : 2 + wide]), 2 + wide
        while len(self._data) < start + size:
            self._more()
        opcode, payload = self._data[0] & 0x0F, self._data[start : start + size]
        self._data = self._data[start + size :]
        return opcode, payload

    def read_to_end(self) -> list[tuple[int, bytes]]:
        """What still comes until the server ends the stream, which it has to."""
        frames = []
        while True:
            try:
                frames.append(self.read_frame())
            except (EOFError, ConnectionResetError):
                return frames

    def _more(self) -> None:
        data = self.link.recv(65_536)
        if not data:
            raise EOFError
        self._data += data


def handshake(token: str, path: str = "/api/v1/monitor/ws") -> bytes:
    return (
        f"GET {path}?token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def frame(
    payload: bytes,
    opcode: int = TEXT,
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = bytes(4),
    declared: int | None = None,
) -> bytes:
    """A client's frame, right or wrong: `mask` None leaves it out, `declared` is the size that the header tells."""
    size = len(payload) if declared is None else declared
    first, masked = fin << 7 | reserved << 4 | opcode, 0x80 if mask is not None else 0
    if size < 126:
        head = bytes((first, masked | size))
    elif size < 65_536:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


@contextmanager
def open_arena(folder: Path, **values: Any) -> Iterator[Arena]:
    """Everything that the server's loggers say is kept in `log`."""
    log = io.StringIO()
    configure_logging("INFO", stream=log)
    ready: Future[Arena] = Future()
    over = threading.Event()

    async def live() -> None:
        settings = make_settings(folder / "data", port=0, **values)
        lay_database(settings)
        services = build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())
        async with serve(settings, services=services) as (serving, _):
            pair = await serving.services.auth.login("admin", ADMIN_PASSWORD)
            ready.set_result(Arena(serving, asyncio.get_running_loop(), pair.access_token, log))
            await asyncio.get_running_loop().run_in_executor(None, over.wait)

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(live())
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=run, name="arena")
    thread.start()
    try:
        yield ready.result(PATIENCE_S)
    finally:
        over.set()
        thread.join(PATIENCE_S)
        forget_logging()
    assert not thread.is_alive(), "the server does not end"
