"""A WebSocket client that costs next to nothing, so that a hundred of them measure the server and not themselves."""

import asyncio
import struct
import time
from collections.abc import Callable
from typing import Any

import orjson

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
PATIENCE_S = 30.0
OnFrame = Callable[[dict[str, Any], int], None]


class Socket(asyncio.Protocol):
    """One connection. `on_frame` gets each frame with the moment (monotonic ns) at which its bytes came."""

    __slots__ = ("_buffer", "_upgraded", "_waiting", "closed", "on_frame", "transport")

    def __init__(self) -> None:
        self._buffer = b""
        self._upgraded = False  # the upgrade is through
        self._waiting: tuple[str, asyncio.Future[dict[str, Any]]] | None = None
        # Close code of the server, 1006 without one; None while open.
        self.closed: int | None = None
        self.on_frame: OnFrame | None = None

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of a type."""
        future = asyncio.get_running_loop().create_future()
        self._waiting = (kind, future)
        async with asyncio.timeout(PATIENCE_S):
            return await future

    def send(self, command: dict[str, Any]) -> None:
        self._write(TEXT, orjson.dumps(command))

    def close(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self._buffer += data
        if not self._upgraded:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 101"), head[:200]
            self._upgraded, self._buffer = True, rest
        while (frame := self._next()) is not None:
            self._take(*frame, now)

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed = self.closed or 1006
        if self._waiting is not None and not self._waiting[1].done():
            self._waiting[1].set_exception(ConnectionError(f"closed with {self.closed}"))

    def _next(self) -> tuple[int, bytes] | None:
        """(opcode, payload); a server's frames are not masked, and ours are never fragmented."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size == 126 and len(buffer) >= 4:
            size, start = struct.unpack_from("!H", buffer, 2)[0], 4
        elif size == 127 and len(buffer) >= 10:
            size, start = struct.unpack_from("!Q", buffer, 2)[0], 10
        elif size >= 126:
            return None
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[0] & 0x0F, buffer[start : start + size]

    def _take(self, opcode: int, payload: bytes, now: int) -> None:
        if opcode == TEXT:
            frame = orjson.loads(payload)
            if self.on_frame is not None:
                self.on_frame(frame, now)
            if self._waiting is not None and frame["type"] == self._waiting[0] and not self._waiting[1].done():
                self._waiting[1].set_result(frame)
        elif opcode == PING:
            self._write(PONG, payload)
        elif opcode == CLOSE:
            self.closed = struct.unpack("!H", payload[:2])[0]

    def _write(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        assert size < 65_536
        head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
        self.transport.write(head + bytes(4) + payload)  # a mask of zeros


class Watcher:
    """Follows one task and keeps what came: seq and moment, gaps by the client's rule."""

    def __init__(self, socket: Socket, task_id: str) -> None:
        self._task_id = task_id
        self.received: dict[int, int] = {}  # seq -> monotonic ns
        self.first = 0  # the snapshot's seq
        self.last = 0
        self.gaps = 0
        self.dropped_lines = 0
        self.over = asyncio.Event()
        self.end: dict[str, Any] = {}  # `task_completed`, once it is over
        self.socket = socket
        socket.on_frame = self._take

    async def follow(self) -> None:
        self.socket.send({"type": "subscribe_task", "task_id": self._task_id})
        await self.socket.until("task_snapshot")

    def _take(self, frame: dict[str, Any], now: int) -> None:
        if frame.get("task_id") != self._task_id:
            return
        kind = frame["type"]
        if kind == "task_snapshot":
            self.first = self.last = frame["seq"]
        elif kind == "logs_dropped":
            self.dropped_lines += frame["count"]
        elif "prev_seq" in frame and frame["seq"] > self.last:
            self.gaps += frame["prev_seq"] > self.last
            self.last = frame["seq"]
            self.received[self.last] = now
            if kind == "task_completed":
                self.end = frame
                self.over.set()


async def open_socket(host: str, port: int, token: str) -> Socket:
    """A welcomed connection."""
    _, socket = await asyncio.get_running_loop().create_connection(Socket, host, port)
    socket.transport.write(
        f"GET /api/v1/monitor/ws?token={token} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await socket.until("connection_established")
    return socket


async def measure_pings(socket: Socket, *, seconds: float, pause_s: float, enough: Callable[[], bool]) -> list[float]:
    """Round trips in ms, one at a time, until the time is over or `enough`."""
    trips: list[float] = []
    until = time.monotonic() + seconds
    arrived = 0

    def take(frame: dict[str, Any], now: int) -> None:
        nonlocal arrived
        if frame["type"] == "pong":
            arrived = now

    socket.on_frame = take
    while time.monotonic() < until and not enough():
        sent = time.monotonic_ns()
        socket.send({"type": "ping"})
        await socket.until("pong")
        trips.append((arrived - sent) / 1e6)
        await asyncio.sleep(pause_s)
    return trips
