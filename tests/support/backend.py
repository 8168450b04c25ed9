"""The real application over the real database, with a runner, a monitor and a real-time side that only remember."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from pydantic import SecretStr

from app.compose.services import Services, build_services
from app.core.config import Settings
from app.core.security import Passwords
from app.factory import create_app
from tests.support.databases import lay_database

ADMIN_PASSWORD = "correct horse battery"
USER_PASSWORD = "staple staple staple"
BACKEND_URL = "http://backend.test"
PAGE_KEY = "k7Jc0Yw4s9mB2vT6xQ1eR8uN3aL5dF0gH7iK9oP2zXs"
OWN_PAGE = {"Origin": BACKEND_URL, "X-Compliance-Page": PAGE_KEY}  # of requests that our own page sends


class HandClock:
    """Moves only when told to; a sleep returns at once."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FakeRunner:
    def __init__(self) -> None:
        self.woken = 0
        self.cancelled: list[str] = []

    def wake(self) -> None:
        self.woken += 1

    def cancel(self, task_id: str) -> None:
        self.cancelled.append(task_id)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class FakeMonitor:
    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def run(self) -> None: ...

    async def check_running_tasks(self) -> None: ...

    async def handle_timeout(self, task: Any) -> None: ...


class FakeRealtime:
    def __init__(self) -> None:
        self.said: list[Mapping[str, Any]] = []
        self.open_sockets: list[dict[str, Any]] = []
        self.sweep_lag_s: float | None = 0.1
        self.stopping = False

    async def start(self) -> None: ...

    async def drain(self, hurry: Callable[[], bool]) -> None: ...

    async def stop(self) -> None: ...

    def is_watched(self, task_id: str) -> bool:
        return False

    async def refusal(self, address: str) -> None:
        """Everybody may try."""

    async def open_stream(self, *arguments: Any, **options: Any) -> Any:
        raise NotImplementedError

    def stats(self) -> dict[str, Any]:
        none = dict.fromkeys(
            (
                "connections",
                "users",
                "event_streams",
                "subscriptions",
                "followed_tasks",
                "watched_tasks",
                "backlog_bytes",
                "set_aside",
            ),
            0,
        )
        return {**none, "sweep_lag_s": self.sweep_lag_s, "bus_healthy": True, "connections_by_user": {"u1": 2}}

    async def other_servers(self) -> list[dict[str, Any]]:
        return []

    async def sockets(self) -> list[dict[str, Any]]:
        return self.open_sockets

    async def close_socket(self, connection_id: str) -> bool:
        return any(one["connection_id"] == connection_id for one in self.open_sockets)

    async def broadcast(self, **message: Any) -> dict[str, Any]:
        self.said.append(message)
        return {"broadcast_id": "b1", "delivered": 3}


def cheap_passwords() -> Passwords:
    """Argon2 with the least work it takes."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def make_settings(folder: Path, **values: Any) -> Settings:
    """No passive source is asked unless the values name it, and a new finding is judged again at once."""
    ours = {
        "data_dir": folder,
        "admin_password": SecretStr(ADMIN_PASSWORD),
        "ct_urls": (),
        "recheck_after_s": 0.2,
        "database_busy_timeout_s": 60.0,  # the machine of a test may stand still for longer than the usual five
    }
    return Settings(**{**ours, **values})


class Backend:
    """A started application and a client of it."""

    def __init__(
        self, services: Services, client: httpx.AsyncClient, runner: FakeRunner, realtime: FakeRealtime
    ) -> None:
        self.services = services
        self.client = client
        self.runner = runner
        self.realtime = realtime

    async def login(self, username: str = "admin", password: str = ADMIN_PASSWORD) -> dict[str, str]:
        """Headers of a fresh session."""
        answer = await self.client.post("/api/v1/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def add_user(self, username: str = "mei", role: str = "user") -> dict[str, str]:
        """Makes the user; headers of a session of theirs."""
        await self.services.users.create(
            username=username, email=f"{username}@example.com", password=USER_PASSWORD, role=role, by="test"
        )
        return await self.login(username, USER_PASSWORD)

    async def add_task(self, headers: dict[str, str], domain: str = "example.com") -> str:
        answer = await self.client.post("/api/v1/tasks", json={"target_domain": domain}, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@asynccontextmanager
async def open_backend(folder: Path, **values: Any) -> AsyncIterator[Backend]:
    settings = make_settings(folder, **values)
    lay_database(settings)
    runner, realtime = FakeRunner(), FakeRealtime()
    services = build_services(
        settings, passwords=cheap_passwords(), runner=runner, monitor=FakeMonitor(), manager=realtime
    )
    await services.start()
    try:
        async with connect(create_app(settings, services), services) as client:
            yield Backend(services, client, runner, realtime)
    finally:
        await services.stop()


@asynccontextmanager
async def connect(
    application: Any, services: Services, *, address: str = "192.0.2.7"
) -> AsyncIterator[httpx.AsyncClient]:
    """httpx knows no lifespan: the state is handed over with each request. `address`: the client's."""

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = {"services": services}
        await application(scope, receive, send)

    transport = httpx.ASGITransport(with_state, raise_app_exceptions=False, client=(address, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=BACKEND_URL, timeout=60) as client:
        yield client


def problem(answer: httpx.Response) -> dict[str, Any]:
    """A problem detail without the trace of its request, which no two requests share."""
    return {name: value for name, value in answer.json().items() if name != "trace_id"}
