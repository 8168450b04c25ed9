"""The whole application on a real port, with real sign-ins and a clock that can be turned; only scans are not run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.compose.services import Services, build_services
from app.core.clock import SystemClock
from app.identity.queries import audit
from app.server import serve
from app.websocket.manager import WebSocketManager
from tests.support.backend import (
    ADMIN_PASSWORD,
    USER_PASSWORD,
    FakeMonitor,
    FakeRunner,
    cheap_passwords,
    make_settings,
)
from tests.support.databases import lay_database
from tests.support.realtime import Client, until


class TurnedClock(SystemClock):
    """The machine's clock, `turned_s` ahead; sleeps are those of the machine."""

    def __init__(self) -> None:
        self.turned_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.turned_s

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.turned_s)


class Live:
    """A server that answers."""

    def __init__(self, services: Services, clock: TurnedClock, url: str, http: httpx.AsyncClient) -> None:
        self.services = services
        self.clock = clock
        self.url = url
        self.http = http
        self.ws_url = url.replace("http", "ws") + "/api/v1/monitor/ws"

    async def sign_in(self, username: str = "admin", password: str = ADMIN_PASSWORD) -> dict[str, Any]:
        """The pair of tokens."""
        answer = await self.http.post("/api/v1/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def add_user(self, username: str = "mei", role: str = "user") -> str:
        """Their id; the password is USER_PASSWORD."""
        row = await self.services.users.create(
            username=username, email=f"{username}@example.com", password=USER_PASSWORD, role=role, by="test"
        )
        return str(row.id)

    async def ask(self, method: str, path: str, token: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.http.request(method, f"/api/v1{path}", headers=headers, **options)

    async def ticket(self, token: str) -> str:
        return str((await self.ask("POST", "/monitor/ws/ticket", token)).json()["ticket"])

    @asynccontextmanager
    async def open(self, query: str, **options: Any) -> AsyncIterator[Client]:
        """A socket with this query, not yet welcomed."""
        async with connect(f"{self.ws_url}?{query}", proxy=None, ping_interval=None, **options) as socket:
            yield Client(socket)

    @asynccontextmanager
    async def watch(self, token: str) -> AsyncIterator[Client]:
        """A welcomed client."""
        async with self.open(f"token={token}") as client:
            await client.until("connection_established")
            yield client

    async def refusal(self, query: str, **options: Any) -> tuple[str, int, str]:
        """How a socket with this query is refused: code of the error, close code, reason."""
        async with self.open(query, **options) as client:
            frame = await client.receive()
            return (frame.get("code", frame["type"]), *await ending(client))

    def look_at_connections(self) -> None:
        """One round of the liveness loop, now."""
        manager = self.services.manager
        assert isinstance(manager, WebSocketManager)
        for connection in manager.registry.all():
            manager.heartbeat.check(connection, asyncio.get_running_loop().time())

    async def until_hinted(self, user_id: str) -> None:
        """The sockets' side has heard that something about this user changed."""
        manager = self.services.manager
        assert isinstance(manager, WebSocketManager)
        await until(lambda: manager.revocation.recent.noted_since(user_id, 0))

    async def audit_rows(self, action: str) -> list[Any]:
        """The newest first."""
        await self.services.audit.flush()
        return await self.services.db.read(lambda connection: audit.newest(connection, 100, action=action))


async def ending(client: Client) -> tuple[int, str]:
    """Read until the close: its code and reason."""
    while True:
        try:
            await client.receive()
        except ConnectionClosed as closed:
            received = closed.rcvd
            break
    assert received is not None
    return received.code, received.reason


@asynccontextmanager
async def go_live(folder: Path, **values: Any) -> AsyncIterator[Live]:
    settings = make_settings(folder, port=0, **values)
    lay_database(settings)
    clock = TurnedClock()
    services = build_services(
        settings, clock=clock, passwords=cheap_passwords(), runner=FakeRunner(), monitor=FakeMonitor()
    )
    async with (
        serve(settings, services=services) as (serving, _),
        httpx.AsyncClient(base_url=serving.url, timeout=60) as http,
    ):
        yield Live(services, clock, serving.url, http)
