"""Numbers of the real-time core over real sockets: latency to many watchers, and pings beside scans.

    .venv/bin/python bench/realtime.py [--watchers 100] [--seconds 10] [--only NAME] [--json FILE]

The server is a process of its own, the real application with its real sign-in; so is the writer, which commits events
as a scan's process does, and so are the scans. The clients are here. Everybody shares the machine's cores: what a
client waits for one is counted too.

- `watchers`: everybody follows one task, on which first a scan's usual rate is written, then 200 events a second.
- `pings`: round trips on one connection; idle, beside two scans of the test internet (with Chromium, if it is there),
  and beside two scans of a site without any latency, each of which uses all the processor that it gets.

Connects and memory are measured by fanout.py.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import crawl
import uvloop
from realtime_client import Socket, Watcher, measure_pings, open_socket

from app.cli.testnet import open_testnet
from app.domain.messages import MessageCatalog
from app.server import raise_file_limit

SERVER = Path(__file__).with_name("realtime_server.py")
PASSWORD = "a password for the benchmark"
# The limits of protocol.md, section 6, are for people at browsers.
LIMITS: dict[str, Any] = {
    "ws_max_connections_per_user": 10_000,
    "ws_max_connections_per_address": 10_000,
    "ws_handshakes_per_s_per_address": 100_000,
    "ws_commands_per_s": 100_000,
}
USUAL = {"name": "a scan's usual rate", "log_groups_per_s": 5, "lines_per_group": 8}
BUSY = {"name": "200 events/s", "log_groups_per_s": 197, "lines_per_group": 2, "violations_per_s": 2}
PING_PAUSE_S = 0.01
NOISE_TURN_S = 0.01
SITE_PAGES = 20_000  # more than two scans get through while they are measured
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Row:
    """One number. `bar`: what it has to stay below, if anything is asked for."""

    area: str
    name: str
    value: float
    unit: str
    bar: float | None = None

    def line(self) -> str:
        verdict = "" if self.bar is None else f"{'reached' if self.value < self.bar else 'MISSED'} (< {self.bar:g})"
        return f"| {self.area} | {self.name} | {self.value:,.1f} {self.unit} | {verdict} |"


class Application:
    """The server's process, as its clients see it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url: str = self._read()["url"]
        parts = urlsplit(self.url)
        self.host, self.port = str(parts.hostname), int(parts.port or 0)
        self.token = self.post("auth/login", username="admin", password=PASSWORD)["access_token"]

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if path != "auth/login":
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._read()

    async def open(self) -> Socket:
        return await open_socket(self.host, self.port, self.token)

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def waited_s(self) -> float:
        """How long the event loop's thread has waited for a core since its start."""
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the server has ended; its log went to stderr"
        return json.loads(line)


@contextmanager
def run_application(folder: Path, **settings: Any) -> Iterator[Application]:
    values = {"data_dir": str(folder / "data"), "port": 0, "admin_password": PASSWORD, **LIMITS, **settings}
    command = [sys.executable, str(SERVER), json.dumps(values)]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            yield Application(process)
        except BaseException:
            sys.stderr.write((folder / "server.log").read_text()[-3_000:])
            raise
        finally:
            process.stdin.close()


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


# Watchers


async def bench_watchers(application: Application, folder: Path, watchers: int, seconds: float) -> list[Row]:
    task_id = application.ask(cmd="task")["task_id"]
    crowd = [Watcher(await application.open(), task_id) for _ in range(watchers)]
    for watcher in crowd:
        await watcher.follow()
    result = folder / "committed.json"
    plan = {
        "task_id": task_id,
        "result": str(result),
        "phases": [{**USUAL, "seconds": seconds}, {**BUSY, "seconds": seconds}],
    }
    cpu, waited, started = application.cpu_s(), application.waited_s(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        noise = group.create_task(measure_noise(crowd))
        code = (await asyncio.to_thread(application.ask, cmd="write", plan=plan))["code"]
        assert code == 0, f"the writer ended with {code}"
        async with asyncio.timeout(30):
            for watcher in crowd:
                await watcher.over.wait()
    cpu, waited = application.cpu_s() - cpu, application.waited_s() - waited
    waited /= time.monotonic() - started
    for watcher in crowd:
        watcher.socket.close()
    rows = list(judge_watchers(crowd, json.loads(result.read_text()), seconds, cpu))
    area = f"{watchers} watchers"
    rows.append(Row(area, "noise: the server waits for a core", waited * 1000, "ms/s"))
    rows.append(Row(area, "noise: a timer of the clients is late by, p99", noise.result(), "ms"))
    return rows


async def measure_noise(crowd: list[Watcher]) -> float:
    """How long the machine lets this very process wait for its turn, p99 in ms: no server can be better."""
    late: list[float] = []
    while not crowd[-1].over.is_set():
        due = time.monotonic() + NOISE_TURN_S
        await asyncio.sleep(NOISE_TURN_S)
        late.append((time.monotonic() - due) * 1000)
    return percentile(late, 0.99)


def judge_watchers(
    crowd: list[Watcher], committed: list[tuple[int, int, str]], seconds: float, cpu: float
) -> Iterator[Row]:
    area = f"{len(crowd)} watchers"
    deliveries = 0
    for phase in (USUAL["name"], BUSY["name"]):
        events = {seq: at for seq, at, name in committed if name == phase}
        waits = [(watcher.received[seq] - at) / 1e6 for watcher in crowd for seq, at in events.items()
                 if seq in watcher.received]  # fmt: skip
        deliveries += len(waits)
        yield Row(area, f"{phase}: events written", len(events) / seconds, "/s")
        yield Row(area, f"{phase}: frames delivered", len(waits) / seconds, "/s")
        yield Row(area, f"{phase}: commit to receipt, p50", percentile(waits, 0.5), "ms")
        yield Row(area, f"{phase}: commit to receipt, p99", percentile(waits, 0.99), "ms", bar=100)
        yield Row(area, f"{phase}: commit to receipt, longest", max(waits), "ms")
    owed = {seq for seq, _, _ in committed}
    missing = sum(len({seq for seq in owed if seq > w.first} - w.received.keys()) for w in crowd)
    yield Row(area, "events not received", missing, "", bar=1)
    yield Row(area, "gaps", sum(watcher.gaps for watcher in crowd), "", bar=1)
    yield Row(area, "server's processor time per frame", cpu / deliveries * 1e6, "us")


# Pings


async def bench_pings(application: Application, seconds: float, demo_target: str) -> list[Row]:
    socket = await application.open()
    rows: list[Row] = []

    async def measure(name: str, targets: list[str], bar: float | None, **config: Any) -> None:
        tasks = [application.post("tasks", target_domain=target, config=config)["id"] for target in targets]
        watchers = [Watcher(await application.open(), task_id) for task_id in tasks]
        for watcher in watchers:
            await watcher.follow()

        def enough() -> bool:
            """Both have to run all the time."""
            return any(watcher.over.is_set() for watcher in watchers)

        started, waited = time.monotonic(), application.waited_s()
        trips = await measure_pings(socket, seconds=seconds, pause_s=PING_PAUSE_S, enough=enough)
        took, waited = time.monotonic() - started, application.waited_s() - waited
        for watcher, task_id in zip(watchers, tasks, strict=True):
            if not watcher.over.is_set():
                application.post(f"tasks/{task_id}/cancel")
                await asyncio.wait_for(watcher.over.wait(), 30)
            watcher.socket.close()
        rows.extend(
            (
                Row("ping", f"{name}: p50", percentile(trips, 0.5), "ms"),
                Row("ping", f"{name}: p99", percentile(trips, 0.99), "ms", bar=bar),
                Row("ping", f"{name}: longest of {len(trips)} in {took:.0f} s", max(trips), "ms"),
                Row("ping", f"{name}: the server waits for a core", waited / took * 1000, "ms/s"),
            )
        )
        if watchers:
            rows.append(Row("ping", f"{name}: pages that they crawled", sum(map(pages_of, watchers)), ""))

    await measure("idle", [], None)
    await measure("beside two scans of the test internet", [demo_target] * 2, 50)
    plain = {"max_pages": SITE_PAGES, "max_depth": 100, "use_passive_sources": False, "screenshots": False}
    await measure("beside two scans without any latency", [crawl.HOST] * 2, 50, **plain)
    socket.close()
    return rows


def pages_of(watcher: Watcher) -> int:
    """Of a scan that is over."""
    return int(watcher.end["statistics"]["total_pages_crawled"])


@contextmanager
def serve_site(folder: Path) -> Iterator[None]:
    """What bench/crawl.py scans."""
    site = folder / "site"
    site.mkdir()
    crawl.make_site(site, SITE_PAGES)
    command = [sys.executable, crawl.__file__, "--serve", str(site)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        server.stdout.readline()
        yield
        server.stdin.close()


def describe_machine() -> str:
    cores, load = os.cpu_count(), os.getloadavg()[0]
    python = platform.python_version()
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cores} cores, load before {load:.1f}, Python {python}"


def run_all(arguments: argparse.Namespace) -> list[Row]:
    wanted = arguments.only or ["watchers", "pings"]
    rows: list[Row] = []
    if "watchers" in wanted:
        with tempfile.TemporaryDirectory() as name, run_application(Path(name)) as application:
            rows += uvloop.run(bench_watchers(application, Path(name), arguments.watchers, arguments.seconds))
    if "pings" in wanted:
        with (
            tempfile.TemporaryDirectory() as name,
            serve_site(Path(name)),
            open_testnet(MessageCatalog("en")) as testnet,
        ):
            hosts = (f"{crawl.HOST}={crawl.ADDRESS}:{crawl.PORT}",)
            with run_application(Path(name), **testnet.overrides, static_hosts=hosts) as application:
                rows += uvloop.run(bench_pings(application, arguments.seconds, testnet.demo_target))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--watchers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--only", action="append", choices=["watchers", "pings"])
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    arguments = parser.parse_args()
    machine = describe_machine()
    raise_file_limit()
    gc.disable()  # its pauses, up to 0.1 s, would be counted as the server's
    rows = run_all(arguments)
    print(f"{machine}\n\n| what | measure | value | asked for |\n|---|---|---:|---|")
    print("\n".join(row.line() for row in rows))
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=2))


if __name__ == "__main__":
    main()
