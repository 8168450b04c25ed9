"""A real server on which `corp.test` of the test internet was scanned, and a client that is signed in."""

import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.compose.services import build_services
from app.domain.messages import DEFAULT_LANGUAGE, Language
from app.server import serve
from testnet.client import attach
from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD, FakeMonitor, cheap_passwords, make_settings
from tests.support.databases import lay_database
from tests.support.watchdog import watch

TARGET = "corp.test"
SCANNER_SETTINGS = ("resolvers", "allow_networks", "ca_file", "port_map", "ct_urls")
PATIENCE_S = 120
POLL_S = 0.2


def as_settings(reached: dict[str, Any]) -> dict[str, Any]:
    """The test internet's own words for it, as our settings take them."""
    chosen = {name: reached[name] for name in SCANNER_SETTINGS}
    chosen["port_map"] = tuple(f"{port}={real}" for port, real in reached["port_map"].items())
    return chosen


@dataclass
class Scanned:
    """One finished scan behind REST."""

    http: httpx.Client
    task_id: str
    data_dir: Path

    def get(self, tail: str, status: int = 200, **more: Any) -> httpx.Response:
        """What stands under the task."""
        answer = self.http.get(f"/api/v1/tasks/{self.task_id}{tail}", **more)
        assert answer.status_code == status, answer.text
        return answer

    def all_items(self, tail: str, *, page_size: int = 50) -> list[dict[str, Any]]:
        """Every page of a list."""
        found: list[dict[str, Any]] = []
        sign = "&" if "?" in tail else "?"
        for page in range(1, 1_000):
            document = self.get(f"{tail}{sign}page={page}&page_size={page_size}").json()
            found += document["items"]
            if len(found) >= document["total"]:
                return found
        raise AssertionError("the list does not end")

    def screenshots(self) -> set[str]:
        """Hashes of all screenshots that the scan's own store names."""
        (path,) = (self.data_dir / "scans").glob("*.db")
        with closing(sqlite3.connect(path)) as db:
            return {sha256 for (sha256,) in db.execute("SELECT screenshot_sha256 FROM captures") if sha256}

    @contextmanager
    def as_another_user(self) -> Iterator[httpx.Client]:
        body = {"username": "li", "email": "li@example.com", "password": USER_PASSWORD, "role": "user"}
        assert self.http.post("/api/v1/admin/users", json=body).status_code in (201, 409)
        with httpx.Client(base_url=self.http.base_url, timeout=120) as other:
            sign_in(other, "li", USER_PASSWORD)
            yield other


def sign_in(http: httpx.Client, username: str = "admin", password: str = ADMIN_PASSWORD) -> None:
    answer = http.post("/api/v1/auth/login", json={"username": username, "password": password})
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@contextmanager
def served(folder: Path, **values: Any) -> Iterator[httpx.Client]:
    """A server on a data folder, and its administrator, who sees all that lies in it."""
    with watch(lambda: _serve(folder, values)) as held, httpx.Client(base_url=held.value, timeout=120) as http:
        sign_in(http)
        yield http


@contextmanager
def scanned_testnet(
    folder: Path, *, patience_s: float = PATIENCE_S, language: Language = DEFAULT_LANGUAGE, **config: Any
) -> Iterator[Scanned]:
    """`language`: of the deployment; `config`: options of the scan. The server stays until the block is left."""
    with attach() as testnet, served(folder, language=language, **as_settings(testnet.settings)) as http:
        body = {"target_domain": TARGET, "config": {"use_passive_sources": True, **config}}
        task_id = http.post("/api/v1/tasks", json=body).json()["id"]
        scanned = Scanned(http, task_id, folder)
        await_end(scanned, patience_s)
        yield scanned


def scanned_folder(factory: pytest.TempPathFactory, *, screenshots: bool, patience_s: float = PATIENCE_S) -> Path:
    """Return a copy of the data folder of a finished scan, whose events have a new epoch.

    All who ask for it share the scan, in each process of the run: the first one scans, and the others wait for it.
    """
    base = factory.getbasetemp()
    name = "scanned-with-screenshots" if screenshots else "scanned"
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            with scanned_testnet(shared.with_suffix(".new"), patience_s=patience_s, screenshots=screenshots):
                pass  # the server ends in order
            shared.with_suffix(".new").rename(shared)
    folder = factory.mktemp("scanned") / "data"
    shutil.copytree(shared, folder)
    return folder


@contextmanager
def scanned_once(
    factory: pytest.TempPathFactory, *, screenshots: bool = False, patience_s: float = PATIENCE_S, **values: Any
) -> Iterator[Scanned]:
    """A server on a copy of the shared scan. `values`: settings of the server."""
    folder = scanned_folder(factory, screenshots=screenshots, patience_s=patience_s)
    with served(folder, **values) as http:
        (task,) = http.get("/api/v1/tasks").json()["items"]
        yield Scanned(http, task["id"], folder)


def await_end(scanned: Scanned, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while (task := scanned.get("").json())["status"] not in ("completed", "failed", "cancelled"):
        assert time.monotonic() < deadline, task
        time.sleep(POLL_S)
    assert task["status"] == "completed", task


@asynccontextmanager
async def _serve(folder: Path, values: dict[str, Any]) -> AsyncIterator[str]:
    settings = make_settings(folder, port=0, **values)
    lay_database(settings)
    services = build_services(settings, passwords=cheap_passwords(), monitor=FakeMonitor())
    async with serve(settings, services=services) as (serving, _):
        yield serving.url
