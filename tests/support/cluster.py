"""A distributed deployment for tests: PostgreSQL, Redis, servers and workers, each a process that can be killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx

from app.core.clock import SystemClock
from app.core.db import Database
from app.migrations.runner import migrate
from tests.support.ports import free_port
from tests.support.postgres import Cluster
from tests.support.programs import Program, start_program
from tests.support.redis_server import RedisServer, running_redis

PATIENCE_S = 150.0  # of a machine that is busy for minutes; all waits are for facts
PASSWORD = "a-password-of-the-tests"
SECRET = "kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f"
PROGRAM: Final = ("app.cli",)  # a module to run, and what its first words are
EXECUTED: Final = ("app.cli.__main__",)  # the same in an interpreter of its own, of which the system tells variables


class Process:
    """One command of the program, with its log in a file."""

    def __init__(
        self, name: str, log: Path, entry: tuple[str, ...], words: tuple[str, ...], variables: dict[str, str]
    ) -> None:
        self.name = name
        self.log = log
        self.process: Program | subprocess.Popen[bytes]
        with log.open("wb") as sink:
            if entry == PROGRAM and "LD_PRELOAD" not in variables:  # from one that has loaded it, which takes seconds
                self.process = start_program(words, variables, sink)
            else:
                command = [sys.executable, "-m", *entry, *words]
                self.process = subprocess.Popen(command, env=variables, stdout=sink, stderr=subprocess.STDOUT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self, number: int = signal.SIGTERM, *, within_s: float = PATIENCE_S) -> int:
        """Ask it to end, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def said(self) -> str:
        return self.log.read_text(errors="replace")


class Deployment:
    """What shares a database, a Redis and, so far, a folder of scans."""

    def __init__(self, folder: Path, database_url: str, redis: RedisServer, **settings: Any) -> None:
        self.folder = folder
        self.redis = redis
        self.database_url = database_url
        self.processes: list[Process] = []
        self._people: list[Person] = []
        self._variables = {
            "COMPLIANCE_DATABASE_URL": database_url,
            "COMPLIANCE_REDIS_URL": redis.url,
            "COMPLIANCE_SECRET_KEY": SECRET,
            "COMPLIANCE_ADMIN_PASSWORD": PASSWORD,
            "COMPLIANCE_DATA_DIR": str(folder / "data"),
            "COMPLIANCE_LANGUAGE": "en",
            "COMPLIANCE_WS_DRAIN_S": "0",  # most tests do not wait for it
        }
        self.change(**settings)

    def change(self, **settings: Any) -> None:
        """Give the processes that start from now on other settings."""
        self._variables |= {f"COMPLIANCE_{name.upper()}": str(value) for name, value in settings.items()}

    @property
    def variables(self) -> dict[str, str]:
        """What every process gets: `None` in a process's own variables takes one away."""
        return dict(self._variables)

    def run(self, *words: str) -> str:
        """Run a command to its end; what it wrote."""
        done = subprocess.run(
            [sys.executable, "-m", *PROGRAM, *words],
            check=False,
            env=self._environment({}),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def serve(
        self, *words: str, port: int | None = None, entry: tuple[str, ...] = PROGRAM, **variables: str | None
    ) -> tuple[Process, str]:
        """A server that answers, and its address. `entry`: a module in the program's place, and its own words;
        `variables` of its environment are its own.
        """
        process, url = self.begin_to_serve(*words, port=port, entry=entry, **variables)
        wait_until(lambda: answers(f"{url}/readyz"), process)
        return process, url

    def begin_to_serve(
        self, *words: str, port: int | None = None, entry: tuple[str, ...] = PROGRAM, **variables: str | None
    ) -> tuple[Process, str]:
        """A server, and the address at which it will answer."""
        port = port or free_port()
        process = self._start("server", entry, ("serve", "--port", str(port), *words), variables)
        return process, f"http://127.0.0.1:{port}"

    def work(self, *words: str, entry: tuple[str, ...] = PROGRAM, **variables: str | None) -> Process:
        """A worker that is ready. `entry` as of `serve`."""
        process = self.begin_to_work(*words, entry=entry, **variables)
        wait_until(lambda: "worker_started" in process.said(), process)
        return process

    def begin_to_work(self, *words: str, entry: tuple[str, ...] = PROGRAM, **variables: str | None) -> Process:
        return self._start("worker", entry, ("worker", *words), variables)

    def person(self, url: str, username: str = "admin", password: str = PASSWORD) -> "Person":
        """Somebody who is signed in at this server until the end."""
        self._people.append(Person(url, username, password))
        return self._people[-1]

    def end_workers(self) -> None:
        """Ask all workers to end, and wait for it; servers go on."""
        for process in self.processes:
            if process.name == "worker":
                process.end()

    def stop(self) -> None:
        for person in self._people:
            person.client.close()
        for process in self.processes:
            if process.process.poll() is None:
                process.kill()

    def _start(
        self, name: str, entry: tuple[str, ...], words: tuple[str, ...], variables: dict[str, str | None]
    ) -> Process:
        log = self.folder / f"{name}-{len(self.processes)}.log"
        self.processes.append(Process(name, log, entry, words, self._environment(variables)))
        return self.processes[-1]

    def _environment(self, variables: dict[str, str | None]) -> dict[str, str]:
        """`variables` go before those of all; None: it has not this one."""
        chosen = {**os.environ, **self._variables, **variables}
        return {name: value for name, value in chosen.items() if value is not None}


def with_tables(url: str) -> None:
    """As `compliance migrate` does, which takes a process, and as long as a server does to start."""
    db = Database(url)
    migrate(db, clock=SystemClock())
    db.close_sync()


@contextlib.contextmanager
def running_deployment(
    folder: Path, postgres: Cluster, *, database_port: int | None = None, **settings: Any
) -> Iterator[Deployment]:
    """Services that run and a database with its tables; no server and no worker yet.

    `database_port`: where all its processes find PostgreSQL, when something stands before it.
    """
    with postgres.new_database(with_tables) as url, running_redis() as redis:
        deployment = Deployment(folder, url, redis, **settings)
        if database_port is not None:
            deployment.change(database_url=url.replace(f":{postgres.port}/", f":{database_port}/"))
        try:
            yield deployment
        finally:
            deployment.stop()


class Person:
    """Somebody who is signed in at one server."""

    def __init__(self, url: str, username: str = "admin", password: str = PASSWORD) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=120)
        answer = self.client.post("/api/v1/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {self.token}"

    def create(self, target: str, **config: Any) -> str:
        body = {"target_domain": target, "config": {"screenshots": False, "use_passive_sources": False, **config}}
        answer = self.client.post("/api/v1/tasks", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def task(self, task_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get(f"/api/v1/tasks/{task_id}").json()
        return answer


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def wait_until(condition: Callable[[], bool], process: Process | None = None, *, within_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, process.said() if process else "too late"
        assert process is None or process.process.poll() is None, process.said()
        time.sleep(0.05)
