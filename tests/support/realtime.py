"""The real socket layer on a real port: uvicorn, our protocol class, a real database; only sign-in is simple."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.core.errors import ScannerError, Unauthenticated
from app.core.ids import new_id
from app.core.metrics import Metrics
from app.core.principal import Principal
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.event import NewEvent, PendingLogs
from app.events.types import TaskWarning
from app.events.writer import EventWriter
from app.findings.recorder import Recorder
from app.scans.lifecycle import Lifecycle
from app.transport.websocket import WebSocketProtocol
from app.websocket.factory import build_manager
from app.websocket.session import websocket_endpoint
from tests.support.databases import create_tables
from tests.support.frames import Subscriber, read_frame
from tests.support.rows import add_user

PATIENCE_S = 90.0  # ends a wait for what never comes; it measures nothing


class SimpleAuth:
    """A token is a user's id, `admin:` before it for an administrator. `endings` says who is no longer good."""

    def __init__(self) -> None:
        self.endings: dict[str, str] = {}
        self.denied: list[tuple[str, Principal | None]] = []  # codes of refusals, and who was refused
        self.expires_in_s = 3_600.0

    async def authenticate(self, token: str | None) -> Principal:
        if not token:
            raise Unauthenticated("a token is needed", code="missing_token")
        if token == "bad":
            raise Unauthenticated("no token of ours")
        role = "admin" if token.startswith("admin:") else "user"
        user_id = token.removeprefix("admin:")
        expires = datetime.now(UTC) + timedelta(seconds=self.expires_in_s)
        return Principal(user_id, user_id, role, f"sid-{user_id}", expires)

    async def redeem(self, ticket: str) -> Principal:
        """A ticket is a token."""
        return await self.authenticate(ticket)

    def note_denied(self, error: ScannerError, principal: Principal | None, *, address: str | None) -> None:
        self.denied.append((error.code, principal))

    async def ended(self, principals: Any) -> dict[Principal, str]:
        return {
            principal: self.endings[principal.user_id] for principal in principals if principal.user_id in self.endings
        }


class RecordingAudit:
    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def record(self, action: str, outcome: str = "ok", **fields: Any) -> bool:
        self.rows.append({"action": action, "outcome": outcome, **fields})
        return True


class Stack:
    """Everything that a watcher needs, and a writer's hands."""

    def __init__(self, folder: Any, **overrides: Any) -> None:
        self.settings = Settings(data_dir=folder, **overrides)
        self.clock = SystemClock()
        self.db = Database(f"sqlite:///{folder}/test.db")
        create_tables(self.db)
        self.bus = MemoryBus()
        self.texts = MessageCatalog(self.settings.language)
        self.event_writer = EventWriter(db=self.db, bus=self.bus)
        self.lifecycle = Lifecycle(clock=self.clock, texts=self.texts)
        self.auth = SimpleAuth()
        self.audit = RecordingAudit()
        self.metrics = Metrics()
        self.manager = build_manager(
            settings=self.settings,
            db=self.db,
            bus=self.bus,
            clock=self.clock,
            authenticator=self.auth,
            audit=self.audit,
            metrics=self.metrics,
        )
        self.port = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def add_user(self, name: str) -> str:
        return add_user(self.db, self.clock, name)

    async def add_task(self, user_id: str, *, running: bool = True) -> str:
        task_id = new_id()
        await self.event_writer.write(
            self.lifecycle.create(task_id, user_id=user_id, target_domain="example.org", config={})
        )
        if running:
            await self.event_writer.write(self.lifecycle.claim(task_id, 1, "worker", "example.org"))
        return task_id

    async def say(self, task_id: str, *bodies: Any, attempt: int = 1) -> int:
        """Record events of a running task; its new last seq."""
        recorder = Recorder(task_id=task_id, attempt=attempt, run=1, clock=self.clock)
        result = await self.event_writer.write(recorder.record([NewEvent(body) for body in bodies]))
        assert result is not None
        return result.last_seq

    def lines(self, *messages: str) -> PendingLogs:
        return PendingLogs(tuple(LogEntry("INFO", "test", message, self.clock.now()) for message in messages))

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator["Stack"]:
        """Run the server until the block ends."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.settings.ws_send_buffer_bytes)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        server = uvicorn.Server(self._config())
        await self.manager.start()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(server.serve(sockets=[listener]))
            try:
                await until(lambda: server.started)
                yield self
            finally:
                await self.manager.stop()
                server.should_exit = True
                await running
        await self.db.close()

    def _config(self) -> uvicorn.Config:
        services = SimpleNamespace(manager=self.manager, auth=self.auth, clock=self.clock, settings=self.settings)

        @contextlib.asynccontextmanager
        async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
            yield {"services": services}

        app = Starlette(routes=[WebSocketRoute("/ws", websocket_endpoint)], lifespan=lifespan)
        return uvicorn.Config(
            app,
            ws=WebSocketProtocol,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            ws_max_size=self.settings.ws_max_frame_bytes,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )


class Client:
    """A client as the protocol describes it. Each frame is validated."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.tasks: dict[str, Subscriber] = {}

    async def send(self, **command: Any) -> None:
        await self.socket.send(orjson.dumps(command).decode())

    async def receive(self, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        async with asyncio.timeout(timeout_s):
            frame = read_frame(await self.socket.recv())
        self.frames.append(frame)
        if frame.get("task_id") in self.tasks:
            self.tasks[frame["task_id"]].take(frame)
        return frame

    async def until(self, kind: str, timeout_s: float = PATIENCE_S, **fields: Any) -> dict[str, Any]:
        """The next frame of a type with the given fields; those before it are kept in `frames`."""
        async with asyncio.timeout(timeout_s):
            while True:
                frame = await self.receive(timeout_s)
                if frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items()):
                    return frame

    async def follow(self, task_id: str, **fields: Any) -> dict[str, Any]:
        """Subscribe and take the result; what follows goes through the client's rule."""
        await self.send(type="subscribe_task", task_id=task_id, **fields)
        result = await self.until("subscription_result", task_id=task_id)
        subscriber = self.tasks.setdefault(task_id, Subscriber())
        if result.get("recovered"):
            subscriber.last = result["seq"]
        return result

    async def until_seq(self, task_id: str, seq: int, timeout_s: float = PATIENCE_S) -> Subscriber:
        """Read until the followed task stands at `seq`."""
        subscriber = self.tasks[task_id]
        async with asyncio.timeout(timeout_s):
            while (subscriber.last or 0) < seq:
                await self.receive(timeout_s)
        return subscriber


@contextlib.asynccontextmanager
async def open_client(stack: Stack, token: str, **options: Any) -> AsyncIterator[Client]:
    """A welcomed client."""
    async with connect(f"{stack.url}?token={token}", proxy=None, ping_interval=None, **options) as socket:
        client = Client(socket)
        await client.until("connection_established")
        yield client


def warning(message: str = "something") -> TaskWarning:
    return TaskWarning(code="partial", message=message)


async def until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Wait for what no event tells of."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition is foreign state
            await asyncio.sleep(0.005)
