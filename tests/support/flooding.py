"""A server that one user floods with all that its OpenAPI document names, and what another one waits for meanwhile."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import Connection
from websockets.asyncio.client import connect

from app.core.db import Database
from app.core.ids import new_id
from app.domain.projection import TaskProjection
from app.events.tables import RUN_COLUMNS, scan_runs, scan_tasks
from app.findings.violation_mapping import NewViolation
from app.identity.tables import users
from tests.support.backend import USER_PASSWORD
from tests.support.command import ROOT
from tests.support.flood import NUMBER, Operation, Order
from tests.support.link_farm import write_link_farm
from tests.support.service import Service
from tests.support.violations import new_violation, write_violations

SCANS, DOMAINS = 1_000, 300
SITE: Final = "https://www.site-1.test"
PARTIES: Final = ("casino.example", *(f"farm-{number:03}.example" for number in range(200)))
ENDED_S: Final = 60.0
NOWHERE: Final = "127.0.0.1:9"  # a resolver at which nobody answers: nothing is scanned that a flood orders
SECOND: Final = "second"  # the attacker's other account
# By operation; the id of the path's parameter of this kind is one that the flood itself has made.
MAKES: Final = {
    "POST /api/v1/tasks": "task_id",
    "POST /api/v1/orders": "order_id",
    "POST /api/v1/admin/users": "user_id",
}
TAKES: Final = {
    "DELETE /api/v1/tasks/{task_id}": "task_id",
    "DELETE /api/v1/orders/{order_id}": "order_id",
    "DELETE /api/v1/admin/users/{user_id}": "user_id",
}
SIGN_OUT: Final = {
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/logout-everywhere",
    "POST /api/v1/auth/password",
    "POST /api/v1/auth/cookie/logout",
    "DELETE /api/v1/auth/sessions",
}
HASHES: Final = {
    *SIGN_OUT,
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/cookie/login",
    "POST /api/v1/admin/users",
    "PATCH /api/v1/admin/users/{user_id}",
}
CREDENTIALS: Final = {"username": SECOND, "password": USER_PASSWORD}
# In the place of the document's example: it must be the attacker's own, or not the same each time.
BODIES: Final[dict[str, dict[str, Any]]] = {
    "POST /api/v1/auth/login": CREDENTIALS,
    "POST /api/v1/auth/cookie/login": CREDENTIALS,
    "POST /api/v1/auth/password": {"current_password": USER_PASSWORD, "new_password": USER_PASSWORD},
    "POST /api/v1/admin/users": {
        "username": f"mei{NUMBER}",
        "email": f"mei{NUMBER}@example.com",
        "password": USER_PASSWORD,
        "role": "user",
    },
}


def fill(service: Service) -> str:
    """Scans that have ended, as a year leaves them; the id of the newest, whose results can be read."""
    db = Database(f"sqlite:///{service.data_dir}/compliance.db")

    def work(connection: Connection) -> str:
        owner = connection.execute(users.select().where(users.c.username == "admin")).one().id
        tasks = [_task_row(owner, number) for number in range(SCANS)]
        runs = [
            {name: task[name] for name in RUN_COLUMNS if name in task}
            | {"task_id": task["id"], "conclusive": True, "capture_bytes": 0}
            for task in tasks
        ]
        connection.execute(scan_tasks.insert(), tasks)
        connection.execute(scan_runs.insert(), runs)
        newest = str(tasks[-1]["id"])
        write_violations(connection, newest, *map(_violation, PARTIES), at=datetime.now(UTC))
        return newest

    newest = db.write_sync(work)
    asyncio.run(db.close())
    write_link_farm(service.data_dir / "scans" / f"{newest}-1.db", PARTIES, site=SITE)
    return newest


def _violation(domain: str) -> NewViolation:
    return new_violation(domain, needs_review=True, url=f"https://{domain}/", found_on=f"{SITE}/1")


def _task_row(owner: str, number: int) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(hours=SCANS - number)
    return {
        **TaskProjection().to_columns(),
        "id": new_id(), "user_id": owner, "target_domain": f"site-{number % DOMAINS}.test", "config": {},
        "status": "completed", "attempt": 1, "run": 1, "finding_counts": {"total": number % 7, "high": number % 7},
        "last_seq": 1, "min_seq": 1, "last_log_seq": 0, "heartbeat": 1, "requeues": 0, "running_s": 1.0,
        "created_at": at, "queued_at": at, "started_at": at, "completed_at": at,
        "verdict": {"result": "clean", "reasons": []},
    }  # fmt: skip


def known_ids(service: Service, task_id: str) -> dict[str, str]:
    """What parameters of paths have as examples, except for `task_id`."""
    known = {}
    for operations in service.http.get("/openapi.json").json()["paths"].values():
        for operation in operations.values():
            for one in operation.get("parameters", ()):
                if one["in"] == "path":
                    known[one["name"]] = str(_example_of(one))
    return {**known, "task_id": task_id}


def operations_of(service: Service) -> list[Operation]:
    """All that the document names, with bodies that are its examples."""
    document = service.http.get("/openapi.json").json()
    found = []
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            name = f"{verb.upper()} {path}"
            wanted = [one for one in operation.get("parameters", ()) if one["in"] == "query" and one.get("required")]
            query = urlencode({one["name"]: _example_of(one) for one in wanted})
            found.append(
                Operation(
                    name=name,
                    method=verb.upper(),
                    path=path + (f"?{query}" if query else ""),
                    body=_body_of(name, operation, document),
                    makes=MAKES.get(name),
                    takes=TAKES.get(name),
                    signs_out=name in SIGN_OUT,
                    is_slow=name in HASHES,
                )
            )
    return found


def _body_of(name: str, operation: dict[str, Any], document: dict[str, Any]) -> str | None:
    """None: it has none."""
    if "requestBody" not in operation:
        return None
    if name in BODIES:
        return json.dumps(BODIES[name])
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    # No domain of the examples is anybody's, and no two scans are of the same one.
    return re.sub(r"example\.(?:com|org|net)", f"flood-{NUMBER}.test", json.dumps(schema["examples"][0]))


def _example_of(parameter: dict[str, Any]) -> Any:
    return parameter["schema"]["examples"][0]


@contextmanager
def flooding(
    service: Service, operations: Sequence[Operation], token: str, known: dict[str, str], *, at_once: int
) -> Iterator[dict[str, dict[str, int]]]:
    """They are asked for without end, from before this begins.

    What was answered, by name and status, is there at its end.
    """
    answers: dict[str, dict[str, int]] = {}
    order = Order(
        port=service.port,
        token=token,
        second=json.dumps(CREDENTIALS),
        at_once=at_once,
        known=known,
        operations=[asdict(operation) for operation in operations],
    )
    command = [sys.executable, "-m", "tests.support.flood"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order.to_line())
        process.stdin.flush()
        try:
            assert process.stdout.readline() == "under way\n"
            yield answers
        finally:
            try:
                written, _ = process.communicate(timeout=ENDED_S)
            finally:
                process.kill()
            answers |= json.loads(written or "{}")


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds for each look at oneself and each ping of a socket; and of the processor time that the server's event
    loop took during each look, whatever it was for: what a look waits for on a machine with nothing else to do.
    """

    looks: list[float] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)
    loop: list[float] = field(default_factory=list)


async def waits(service: Service, headers: dict[str, str], samples: int) -> Waits:
    return await _waits(service, headers, range(samples))


async def waits_for(service: Service, headers: dict[str, str], seconds: float) -> Waits:
    """The same for so long."""
    until = time.monotonic() + seconds
    return await _waits(service, headers, iter(lambda: time.monotonic() < until, False))


async def _waits(service: Service, headers: dict[str, str], turns: Iterable[object]) -> Waits:
    token, found = headers["Authorization"].removeprefix("Bearer "), Waits()
    url = f"ws://127.0.0.1:{service.port}/api/v1/monitor/ws?token={token}"
    async with connect(url, proxy=None, ping_interval=None, open_timeout=60) as socket:
        for _ in turns:
            began, used = time.perf_counter(), _loop_s(service)
            answer = await asyncio.to_thread(service.http.get, "/api/v1/auth/me", headers=headers, timeout=60)
            assert answer.status_code == 200
            found.looks.append(time.perf_counter() - began)
            found.loop.append(_loop_s(service) - used)
            began = time.perf_counter()
            await (await socket.ping())
            found.pings.append(time.perf_counter() - began)
    return found


def _loop_s(service: Service) -> float:
    """Processor time of the server's first thread, in which its event loop runs."""
    return int((service.proc / "schedstat").read_text().split()[0]) / 1e9


def p99(values: Sequence[float]) -> float:
    return sorted(values)[-max(1, len(values) // 100)]
