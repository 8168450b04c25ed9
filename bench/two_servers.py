"""From a scan's COMMIT to the sockets of a thousand subscribers: one embedded server beside two behind Redis.

    .venv/bin/python bench/two_servers.py [--subscribers 1000] [--rate 500] [--seconds 10] [--rounds 3] [--share 0.5]
        [--asked-p99-ms 50]

One task has all the subscribers, and one line of its log is an event. A writer, which is a process of its own, commits
them as a scan does. Its hints take the way that a scan's hints take: embedded to the server that started it; in the
deployment to a worker, which is this script, and from there over Redis to two servers that share a PostgreSQL. The
subscribers are epoll clients in C (`limit.c`: a compiler is needed), one for each server. Counted from the moment at
which the writer's COMMIT has returned; beside it the same from the moment before the transaction.

All of them share the processors of this machine, and who waits for one is measured too: look at the load.
"""

import argparse
import asyncio
import gc
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final

import uvloop
from fanout_tools import Process, compile_limit
from realtime import LIMITS, Application, describe_machine, run_application

from app.compose.storage import build_bus
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.core.logging import configure_logging
from app.migrations.runner import migrate
from app.server import raise_file_limit
from app.tasks.process_protocol import MAX_LINE_BYTES, decode_hint
from tests.support.postgres import running_cluster
from tests.support.redis_server import running_redis

ASKED_P99_MS: Final = 50.0
WRITER: Final = Path(__file__).with_name("realtime_writer.py")
TASK: Final = "bench"  # as limit.c follows it
ANY_CORE: Final = f"0-{(os.cpu_count() or 1) - 1}"
AT_ONCE: Final = 64  # handshakes under way
WARM_UP_S: Final = 2.0
PATIENCE_S: Final = 60.0
LIFTED: Final[dict[str, Any]] = {
    **LIMITS,
    "ws_max_connections": 10_000,
    "http_max_connections_per_address": 10_000,
    "log_level": "WARNING",
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """Servers over one database, and who carries the hints of scans to them."""

    servers: list[Application]
    database_url: str
    of_worker: Settings | None = None  # None: embedded

    def write(self, plan: dict[str, Any]) -> int:
        if self.of_worker is None:
            return int(self.servers[0].ask(cmd="write", plan=plan)["code"])
        return uvloop.run(self._write_as_worker(plan, self.of_worker))

    async def _write_as_worker(self, plan: dict[str, Any], settings: Settings) -> int:
        """Passes the writer's hints on as `tasks.supervisor.scan_worker` does."""
        bus = build_bus(settings, clock=SystemClock())
        await bus.start()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(WRITER), self.database_url, json.dumps(plan)),
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_LINE_BYTES,
        )
        assert process.stdout is not None
        while line := await process.stdout.readline():
            if (hint := decode_hint(line)) is not None:
                bus.publish(hint)
        await bus.stop()
        return await process.wait()


@contextmanager
def embedded(folder: Path, share: float) -> Iterator[Deployment]:
    with run_application(folder, ws_fanout_share=share, **LIFTED) as server:
        yield Deployment([server], "")


@contextmanager
def distributed(folder: Path, share: float) -> Iterator[Deployment]:
    with ExitStack() as stack:
        url = stack.enter_context(stack.enter_context(running_cluster()).new_database())
        redis = stack.enter_context(running_redis())
        db = Database(url)
        migrate(db, clock=SystemClock())
        db.engine.dispose()
        shared = {
            "database_url": url,
            "redis_url": redis.url,
            "secret_key": token_urlsafe(32),
            "ws_fanout_share": share,
        }
        servers = []
        for name in ("first", "second"):
            home = folder / name
            home.mkdir()
            servers.append(stack.enter_context(run_application(home, **LIFTED, **shared)))
        yield Deployment(servers, url, Settings(**shared))


@dataclass(frozen=True, slots=True)
class Result:
    """Milliseconds, the worst server's where there are two; of `transaction` those of the writer."""

    p50: float
    p99: float
    longest: float
    before_p50: float  # counted from before the transaction
    before_p99: float
    cpu_s: float  # of all servers, for a second of the measurement

    @staticmethod
    def median(rounds: "list[Result]") -> "Result":
        return Result(*(statistics.median(column) for column in zip(*map(_values, rounds), strict=True)))


def _values(result: Result) -> tuple[float, ...]:
    return tuple(getattr(result, name) for name in Result.__slots__)


def measure(deployment: Deployment, clients: list[Process], folder: Path, rate: int, seconds: float) -> Result:
    """One round: everybody gets everything, or this raises."""
    result, count = folder / "committed.json", int(rate * (seconds - 0.5))
    phase = {"name": "lines", "seconds": seconds, "log_groups_per_s": rate, "lines_per_group": 1}
    phases = [{**phase, "progress_per_s": 0, "violations_per_s": 0}]
    plan = {"task_id": TASK, "result": str(result), "phases": phases, "ends": False}
    for client in clients:
        client.ask(f"arm {count}")
    cpu = sum(server.cpu_s() for server in deployment.servers)
    with ThreadPoolExecutor(1 + len(clients)) as threads:
        writing = threads.submit(deployment.write, plan)
        waiting = [threads.submit(item.ask, f"wait {seconds + PATIENCE_S}") for item in clients]
        seen = [item.result() for item in waiting]
        code = writing.result()
    cpu = sum(server.cpu_s() for server in deployment.servers) - cpu
    if code or any(item["complete"] != item["readers"] or item["gaps"] for item in seen):
        raise RuntimeError(f"the writer ended with {code}; not everybody got everything: {seen}")
    moments = folder / "moments"
    moments.write_text("".join(f"{seq} {at}\n" for seq, at, _ in json.loads(result.read_text())))
    since = [item.ask(f"since {moments}") for item in clients]
    worst = [max(item[name] for item in since) for name in ("p50_ms", "p99_ms", "max_ms")]
    return Result(*worst, *(max(item[name] for item in seen) for name in ("p50_ms", "p99_ms")), cpu / seconds)


def follow(deployment: Deployment, stack: ExitStack, command: list[str], folder: Path, count: int) -> list[Process]:
    """The subscribers, spread over the servers evenly."""
    deployment.servers[0].ask(cmd="task", name=TASK)
    clients = []
    for number, server in enumerate(deployment.servers):
        client = Process([*command, "follow", str(server.port)], core=ANY_CORE, log=folder / "subscribers.log")
        stack.callback(client.end)
        client.read()
        token = folder / f"token-{number}"
        token.write_text(server.token)
        client.ask(f"token {token}")
        wanted = count // len(deployment.servers)
        opened = client.ask(f"open {wanted} {AT_ONCE} 0")
        if opened["opened"] != wanted:
            raise RuntimeError(f"only {opened} of {wanted} came in")
        clients.append(client)
    return clients


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subscribers", type=int, default=1_000)
    parser.add_argument("--rate", type=int, default=500, help="events a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.5, help="COMPLIANCE_WS_FANOUT_SHARE")
    parser.add_argument("--asked-p99-ms", type=float, default=ASKED_P99_MS, help="through Redis, of the median round")
    parser.add_argument("--only", choices=["embedded", "distributed"])
    arguments = parser.parse_args()
    raise_file_limit()
    configure_logging("WARNING")
    gc.disable()
    print(f"{describe_machine()}\n{arguments.subscribers:,} subscribers, {arguments.rate} events/s, milliseconds\n")
    print("| deployment | p50 | p99 | longest | from before the transaction: p50 | p99 | servers' processors | load |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    missed = False
    for name, kind in {"embedded": embedded, "distributed": distributed}.items():
        if arguments.only not in (None, name):
            continue
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            command = compile_limit(folder)
            deployment = stack.enter_context(kind(folder, arguments.share))
            clients = follow(deployment, stack, command, folder, arguments.subscribers)
            measure(deployment, clients, folder, arguments.rate, WARM_UP_S)
            rounds = []
            for _ in range(arguments.rounds):
                rounds.append(measure(deployment, clients, folder, arguments.rate, arguments.seconds))
                show(name, rounds[-1])
            if arguments.rounds > 1:
                show(f"{name}, median", Result.median(rounds))
            missed |= name == "distributed" and Result.median(rounds).p99 > arguments.asked_p99_ms
    print(f"\np99 through Redis at most {arguments.asked_p99_ms:g} ms: {'MISSED' if missed else 'reached'}")
    sys.exit(missed)


def show(name: str, result: Result) -> None:
    numbers = " | ".join(f"{value:,.1f}" for value in _values(result)[:-1])
    print(f"| {name} | {numbers} | {result.cpu_s:.2f} | {os.getloadavg()[0]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
