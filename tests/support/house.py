"""The real application over the real database, with a runner, a monitor and a hub that only remember."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from argon2 import PasswordHasher
from pydantic import SecretStr

from app.core.config import Settings
from app.core.security import Passwords
from app.factory import create_app
from app.wiring import Services, build_services

ADMIN_PASSWORD = "correct horse battery"
USER_PASSWORD = "staple staple staple"


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


class FakeHub:
    def __init__(self) -> None:
        self.said: list[Mapping[str, Any]] = []
        self.sweep_lag_s: float | None = 0.1
        self.stopping = False
        self.admission = SimpleNamespace(check_address=lambda address: None)  # everybody may try

    async def start(self) -> None: ...

    async def drain(self, hurry: Callable[[], bool]) -> None: ...

    async def stop(self) -> None: ...

    def is_watched(self, task_id: str) -> bool:
        return False

    def stats(self) -> dict[str, Any]:
        return {"connections": 0, "sweep_lag_s": self.sweep_lag_s}

    async def broadcast(self, **message: Any) -> dict[str, Any]:
        self.said.append(message)
        return {"broadcast_id": "b1", "delivered": 3}


def cheap_passwords() -> Passwords:
    """Argon2 with the least work it takes."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def make_settings(folder: Path, **values: Any) -> Settings:
    return Settings(**{"data_dir": folder, "admin_password": SecretStr(ADMIN_PASSWORD), **values})


class House:
    """A started application and a client of it."""

    def __init__(self, services: Services, client: httpx.AsyncClient, runner: FakeRunner, hub: FakeHub) -> None:
        self.services = services
        self.client = client
        self.runner = runner
        self.hub = hub

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
async def open_house(folder: Path, **values: Any) -> AsyncIterator[House]:
    settings = make_settings(folder, **values)
    runner, hub = FakeRunner(), FakeHub()
    services = build_services(settings, passwords=cheap_passwords(), runner=runner, monitor=FakeMonitor(), manager=hub)
    await services.start()
    try:
        async with connect(create_app(settings, services), services) as client:
            yield House(services, client, runner, hub)
    finally:
        await services.stop()


@asynccontextmanager
async def connect(application: Any, services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """httpx knows no lifespan: the state is handed over with each request."""

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = {"services": services}
        await application(scope, receive, send)

    transport = httpx.ASGITransport(with_state, raise_app_exceptions=False, client=("192.0.2.7", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://house.test") as client:
        yield client
