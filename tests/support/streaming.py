"""A reader of server-sent events, on the application itself behind its real server."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import orjson

from app.compose.services import Services, build_services
from app.core.ids import new_id
from app.events.event import NewEvent
from app.findings.recorder import Recorder
from app.server import serve
from tests.support.backend import (
    ADMIN_PASSWORD,
    USER_PASSWORD,
    FakeMonitor,
    FakeRunner,
    cheap_passwords,
    make_settings,
)
from tests.support.databases import lay_database
from tests.support.frames import read_frame
from tests.support.realtime import PATIENCE_S

PATH = "/api/v1/monitor/tasks/{}/events"


class StreamBackend:
    """The server, people who sign in, and a writer's hands. Nothing scans."""

    def __init__(self, services: Services, url: str) -> None:
        self.services = services
        self.url = url
        self.port = int(url.rpartition(":")[2])
        self.clock = services.clock

    async def sign_in(self, username: str = "admin", password: str = ADMIN_PASSWORD) -> str:
        return (await self.services.auth.login(username, password)).access_token

    async def add_user(self, username: str) -> tuple[str, str]:
        """Their id and a token."""
        row = await self.services.users.create(
            username=username, email=f"{username}@example.com", password=USER_PASSWORD, role="user", by="test"
        )
        return row.id, await self.sign_in(username, USER_PASSWORD)

    async def add_task(self, token: str, *, running: bool = True) -> str:
        principal = await self.services.auth.authenticate(token)
        task_id = new_id()
        lifecycle, event_writer = self.services.lifecycle, self.services.event_writer
        await event_writer.write(
            lifecycle.create(task_id, user_id=principal.user_id, target_domain="example.org", config={})
        )
        if running:
            await event_writer.write(lifecycle.claim(task_id, 1, "worker", "example.org"))
        return task_id

    async def say(self, task_id: str, *bodies: Any) -> int:
        """Record events of a running task; its new last seq."""
        recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=self.clock)
        result = await self.services.event_writer.write(recorder.record([NewEvent(body) for body in bodies]))
        assert result is not None
        return result.last_seq


@contextlib.asynccontextmanager
async def stream_backend(folder: Any, **values: Any) -> AsyncIterator[StreamBackend]:
    settings = make_settings(folder, port=0, **values)
    lay_database(settings)
    services = build_services(settings, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor())
    async with serve(settings, services=services) as (serving, _):
        yield StreamBackend(services, serving.url)


class Reader:
    """Reads a stream as the standard says, from a raw socket. Every payload is held against the contract."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}
        self.last_id: str | None = None
        self.retry_ms: int | None = None
        self.comments: list[str] = []
        self._lines = b""

    @property
    def seq(self) -> int:
        """Of the last event; 0 before the first."""
        return int((self.last_id or "0").rpartition(":")[2])

    async def start(self) -> None:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}

    async def body(self) -> bytes:
        """Of an answer that is no stream."""
        return await self.reader.readexactly(int(self.headers["content-length"]))

    async def event(self, timeout_s: float = PATIENCE_S) -> dict[str, Any] | None:
        """The next event's payload; None when the stream has ended, in good order or not."""
        async with asyncio.timeout(timeout_s):
            while (found := self._take()) is None:
                if not await self._more():
                    return None
            return found

    async def until(self, kind: str) -> dict[str, Any]:
        while True:
            found = await self.event()
            assert found is not None, self.comments
            if found["type"] == kind:
                return found

    async def until_seq(self, seq: int) -> None:
        while self.seq < seq:
            assert await self.event() is not None, self.comments

    async def until_pings(self, count: int) -> None:
        """Read so many of them, and no event."""
        async with asyncio.timeout(PATIENCE_S):
            while self.comments.count("ping") < count:
                assert await self._more(), self.comments
                assert self._take() is None

    async def until_end(self) -> list[dict[str, Any]]:
        events = []
        while (found := await self.event()) is not None:
            events.append(found)
        return events

    def cut(self) -> None:
        self.writer.transport.abort()

    def _take(self) -> dict[str, Any] | None:
        while b"\n\n" in self._lines:
            block, _, self._lines = self._lines.partition(b"\n\n")
            fields: dict[str, str] = {}
            for line in block.decode().split("\n"):
                name, _, value = line.partition(":")
                if name:
                    fields[name] = value.removeprefix(" ")
                else:
                    self.comments.append(value.strip())
            if "retry" in fields:
                self.retry_ms = int(fields["retry"])
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                frame = read_frame(fields["data"])
                assert frame["type"] == fields["event"]
                assert "prev_seq" not in frame
                assert ("id" in fields) == ("seq" in frame)
                assert "id" not in fields or fields["id"].endswith(f":{frame['seq']}")
                return frame
        return None

    async def _more(self) -> bool:
        """One more chunk of the body."""
        try:
            size = int(await self.reader.readline() or b"0", 16)
            chunk = await self.reader.readexactly(size + 2)
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        self._lines += chunk[:-2]
        return size > 0


@contextlib.asynccontextmanager
async def open_stream(
    backend: StreamBackend,
    task_id: str,
    token: str | None,
    *,
    last_id: str | int | None = None,
    query: str = "",
    receive_buffer: int | None = None,
) -> AsyncIterator[Reader]:
    sock = socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", backend.port))
    streams = await asyncio.open_connection(sock=sock, limit=1 << 16 if receive_buffer is None else 2_048)
    reader = Reader(*streams)
    lines = [f"GET {PATH.format(task_id)}{query} HTTP/1.1", "Host: backend.test"]
    lines += [f"Authorization: Bearer {token}"] if token is not None else []
    lines += [f"Last-Event-ID: {last_id}"] if last_id is not None else []
    reader.writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        await reader.start()
        yield reader
    finally:
        reader.cut()


def code_of(body: bytes) -> str:
    """Of a problem document."""
    return str(orjson.loads(body)["code"])
