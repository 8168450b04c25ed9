"""The real server in a process of its own, at its most talkative: whatever one does, its output holds no secret."""

import asyncio
import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "main": ["main.py"],
    "uvicorn": [
        "-m", "uvicorn", "--ws", "app.transport.websocket:WebSocketProtocol", "--log-level", "trace",
        "--port", "{port}", "main:app",
    ],
}  # fmt: skip
HANDSHAKE = (
    "GET /api/v1/monitor/ws?{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)
GOOD_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def made_up(name: str) -> str:
    """A secret that is found wherever it turns up."""
    return f"{name.replace(' ', '_')}-{secrets.token_hex(16)}"


@contextmanager
def server(folder: Path, command: list[str], **variables: str) -> Iterator[tuple[int, Path]]:
    """Its port, and the file that all its output goes to."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COMPLIANCE_")}
    environment |= {"COMPLIANCE_DATA_DIR": str(folder / "data"), "COMPLIANCE_PORT": str(port)}
    environment |= {f"COMPLIANCE_{name}": value for name, value in variables.items()}
    output = folder / "output"
    arguments = [sys.executable, *(part.format(port=port) for part in command)]
    with (
        output.open("wb") as stream,
        subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=stream, stderr=stream) as process,
    ):
        try:
            yield port, output
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


class Visitor:
    """Does all that a client can do, right and wrong, and remembers each secret it used."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self.password = password
        self.used: dict[str, str] = {}
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20)

    def use(self, name: str, value: str | None = None) -> str:
        self.used[name] = made_up(name) if value is None else value
        return self.used[name]

    async def wait(self) -> None:
        async with asyncio.timeout(30):
            while True:
                try:
                    await self.http.get("/livez")
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                else:
                    return

    async def visit(self) -> None:
        await self.wait()
        pair = await self.sign_in()
        await self.over_rest(pair)
        await self.over_sockets(pair)
        await self.with_broken_bytes()
        await self.http.aclose()

    async def sign_in(self) -> dict[str, str]:
        first = (await self.login(self.password)).json()
        answer = await self.http.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
        pair = dict(answer.json())
        for name in ("access_token", "refresh_token"):
            self.use(f"first {name}", first[name])
            self.use(f"second {name}", pair[name])
        return pair

    async def login(self, password: str, **more: Any) -> httpx.Response:
        return await self.http.post("/api/v1/auth/login", json={"username": "admin", "password": password, **more})

    async def over_rest(self, pair: dict[str, str]) -> None:
        good = {"Authorization": f"Bearer {pair['access_token']}"}
        http, use = self.http, self.use
        assert (await http.get("/api/v1/auth/me", headers=good)).status_code == 200
        assert (await self.login(use("wrong password"))).status_code == 401
        assert (await self.login(use("with an unknown field"), extra=use("unknown field"))).status_code == 422
        await http.post("/api/v1/auth/login", content=f'{{"password": "{use("broken json")}"'.encode())
        await http.post("/api/v1/auth/login", json={"username": ["x"], "password": {"a": use("wrong type")}})
        await http.post("/api/v1/auth/login", data={"password": use("form")})
        await http.post("/api/v1/auth/refresh", json={"refresh_token": use("refresh")})
        page = {"Origin": f"http://127.0.0.1:{self.port}", "X-Compliance-Page": use("key of the page")}
        for secret in (use("refresh cookie"), pair["refresh_token"].replace(".", "", 1)):
            cookie = {"Cookie": f"compliance-refresh={secret}"}
            assert (await http.post("/api/v1/auth/cookie/refresh", headers=page | cookie)).status_code == 401
        await http.get(f"/api/v1/nowhere?token={use('query of nowhere')}&api_key={use('api key')}")
        await http.get("/api/v1/auth/me", params={"access_token": use("access token in a query")})
        await http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {use('bearer')}"})
        await http.get("/api/v1/auth/me", headers={"Authorization": f"Basic {use('basic')}"})
        await http.get("/api/v1/auth/me", headers={"Cookie": f"session={use('cookie')}"})
        await http.get("/api/v1/auth/me", headers={"Authorization": "Bearer " + use("long token") * 500})
        await http.get(f"http://user:{use('user info')}@127.0.0.1:{self.port}/api/v1/tasks")
        key = {"Idempotency-Key": use("idempotency key")}
        body = {"target_domain": "localhost", "config": {"start_urls": [f"http://a:{use('target')}@example.com/"]}}
        await http.post("/api/v1/tasks", json=body, headers={**good, **key})
        body = {"current_password": use("wrong current password"), "new_password": use("new password")}
        assert (await http.post("/api/v1/auth/password", json=body, headers=good)).status_code == 403
        user = {"username": "mei", "email": "mei@example.com", "password": use("password of a new user")}
        assert (await http.post("/api/v1/admin/users", json=user, headers=good)).status_code == 201
        assert (await http.post("/api/v1/admin/users", json=user, headers=good)).status_code == 409

    async def over_sockets(self, pair: dict[str, str]) -> None:
        token, use = pair["access_token"], self.use
        good = {"Authorization": f"Bearer {token}"}
        ticket = use("ticket", (await self.http.post("/api/v1/monitor/ws/ticket", headers=good)).json()["ticket"])
        commands = [
            f'{{"type": "auth", "token": "{token}"}}',
            f'{{"type": "auth", "token": "{use("auth")}"}}',
            f'{{"type": "ping", "client_time": "{use("client time")}"}}',
            f'{{"type": "subscribe_task", "task_id": "{use("task id")}", "password": "{use("field")}"}}',
        ]
        for query in (f"token={token}", f"ticket={ticket}"):
            await self.socket(query, *commands)
        await self.socket(f"token={token}", f'{{"type": "{use("unknown type")}"}}', use("no json"), b"\x00" * 50)
        await self.socket(
            f"token={token}", "x" * 9_000 + use("too large command"), "x" * 70_000 + use("too large frame")
        )
        await self.socket(f"ticket={ticket}")
        await self.socket(f"token={use('bad token')}&ticket={use('bad ticket')}")
        await self.socket("token=" + use("token of 20 KB") * 600)
        await self.socket(f"token={token}", origin=f"https://{use('origin')}.example")

    async def socket(self, query: str, *messages: str | bytes, origin: str | None = None) -> None:
        """Send all, read until nothing more comes for a moment."""
        url = f"ws://127.0.0.1:{self.port}/api/v1/monitor/ws?{query}"
        with suppress(ConnectionClosed, InvalidStatus, TimeoutError):
            async with connect(url, proxy=None, origin=origin) as socket:
                for message in messages:
                    await socket.send(message)
                while True:
                    async with asyncio.timeout(0.3):
                        await socket.recv()

    async def with_broken_bytes(self) -> None:
        use = self.use
        await self.raw(f"GET /?token={use('request line')} GARBAGE\r\n\r\n".encode())
        await self.raw(f"GARBAGE?token={use('garbage')}\r\n\r\n".encode())
        for key, more in (
            ("bad", ""),
            (GOOD_KEY, "X: y\r\n" * 200),
            (GOOD_KEY, f"Cookie: a={use('long cookie') * 400}\r\n"),
        ):
            query = f"token={use('handshake ' + str(len(more)))}"
            await self.raw(HANDSHAKE.format(query=query, key=key, more=more).encode())
        opening = HANDSHAKE.format(query=f"token={use('broken frame token')}", key=GOOD_KEY, more="").encode()
        await self.raw(opening + b"\xff\xff" + use("broken frame").encode())

    async def raw(self, content: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(content)
            async with asyncio.timeout(30):
                await reader.read(65_536)
        finally:
            writer.close()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
async def test_no_secret_is_in_the_output_at_any_level(tmp_path, command):
    keys = {"SECRET_KEY": made_up("signing key"), "SECRET_KEY_PREVIOUS": made_up("previous signing key")}
    password = made_up("admin password")
    with server(tmp_path, command, LOG_LEVEL="DEBUG", ADMIN_PASSWORD=password, **keys) as (port, output):
        visitor = Visitor(port, password)
        async with asyncio.timeout(120):
            await visitor.visit()
    said = output.read_text(encoding="utf-8", errors="replace")
    assert "ws_opened" in said  # or the visit was not heard of at all
    assert said.partition("Traceback")[2][:3_000] == ""
    assert found(said, {**visitor.used, **keys, "admin password": password}) == {}


def found(said: str, used: dict[str, str]) -> dict[str, str]:
    """The secrets of which some of it was said: any stretch of 16 characters is too much."""
    lines = {}
    for name, secret in used.items():
        last = secret.rpartition("-")[2]  # of those that we made up; a ticket may hold a dash anywhere
        random_part = last if len(last) >= 32 and "." not in secret else secret
        pieces = [random_part[start : start + 16] for start in range(max(1, len(random_part) - 15))]
        hits = [line for line in said.splitlines() if any(piece in line for piece in pieces)]
        if hits:
            lines[name] = re.sub(r"\s+", " ", hits[0])[:300]
    return lines
