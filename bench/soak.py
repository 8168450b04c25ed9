"""Idle connections for a long time: memory and files stay flat, and every heartbeat goes on.

    .venv/bin/python bench/soak.py [--connections 5000] [--minutes 10] [--reconnects 5] [--json FILE]

The application is that of bench/fanout_server.py, with the product's own times for pings and heartbeats. Every client
follows the task `bench` and says nothing of its own: it lives by answering control pings. A few a second go away, half
of them without a word, and come back with a new connection; one event a second is delivered to all. Ends with 1 when
something grew, a connection was lost, an event was missing or a ping of the server's did not come.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import uvloop
from fanout import describe_machine
from fanout_tools import Application, Tools
from realtime_client import CLOSE, PING, Socket

from app.core.config import Settings
from app.server import raise_file_limit

AT_ONCE: Final = 32
EVENTS_PER_S: Final = 1
SAMPLE_S: Final = 2.0
PING_AFTER_S: Final = float(Settings.model_fields["ws_ping_after_s"].default)
PING_LATE_S: Final = 5.0  # how much later than that a ping may come before it counts as missed
MOST_GROWTH: Final = 0.03  # of the memory held: what an allocator moves by itself
TASK: Final = "bench"


class Client(Socket):
    """Remembers when the server last asked whether it lives, and what it was sent."""

    __slots__ = ("gaps", "last", "longest_silence_s", "pinged_at", "pings")

    def __init__(self) -> None:
        super().__init__()
        self.pinged_at = time.monotonic()
        self.pings = 0
        self.longest_silence_s = 0.0  # between two pings
        self.last = -1
        self.gaps = 0
        self.on_frame = self._note

    def age_s(self) -> float:
        return time.monotonic() - self.pinged_at

    async def follow(self, port: int) -> None:
        """From the handshake to the snapshot."""
        token = f"u{random.getrandbits(48)}"
        cast("asyncio.Transport", self.transport).write(
            f"GET /api/v1/monitor/ws?token={token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await self.until("connection_established")
        self.send({"type": "subscribe_task", "task_id": TASK, "log_tail": 0})
        await self.until("task_snapshot")

    def leave(self) -> None:
        """With a word."""
        self._write(CLOSE, (1_000).to_bytes(2))
        self.transport.close()

    def _note(self, frame: dict[str, Any], _now: int) -> None:
        if frame.get("task_id") != TASK or "seq" not in frame:
            return
        self.gaps += frame.get("prev_seq", -1) > self.last >= 0
        self.last = frame["seq"]

    def _take(self, opcode: int, payload: bytes, now: int) -> None:
        super()._take(opcode, payload, now)
        if opcode == PING:
            self.longest_silence_s = max(self.longest_silence_s, self.age_s())
            self.pinged_at = time.monotonic()
            self.pings += 1


@dataclass(slots=True)
class Sample:
    seconds: float
    resident_bytes: int
    files: int
    connections: int
    asyncio_tasks: int


@dataclass(slots=True)
class Soak:
    """One run."""

    server: Application
    count: int
    seconds: float
    reconnects_per_s: float
    clients: list[Client] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    closes: Counter[int] = field(default_factory=Counter)  # codes of connections that should have stayed
    gone: Counter[str] = field(default_factory=Counter)  # of those that left: pings, late pings, gaps

    async def run(self) -> None:
        await self._open_all()
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for work in (self._sample, self._churn, self._publish):
                group.create_task(work(lambda: time.monotonic() - started < self.seconds))
        await asyncio.sleep(1)
        for client in self.clients:
            self._judge(client)
        self.gone["behind"] = sum(client.last < max(item.last for item in self.clients) for client in self.clients)

    async def _open_all(self) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def open_in_turn() -> None:
            async with places:
                self.clients.append(await self._open())

        async with asyncio.TaskGroup() as group:
            for _ in range(self.count):
                group.create_task(open_in_turn())

    async def _open(self) -> Client:
        port = self.server.port
        _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
        await client.follow(port)
        return client

    async def _churn(self, going: Callable[[], bool]) -> None:
        while going():
            await asyncio.sleep(1 / self.reconnects_per_s)
            place = random.randrange(len(self.clients))
            client = self.clients[place]
            self._judge(client)
            if random.random() < 0.5:
                client.leave()
            else:
                client.close()
            self.clients[place] = await self._open()

    async def _publish(self, going: Callable[[], bool]) -> None:
        while going():
            await asyncio.to_thread(self.server.publish, EVENTS_PER_S, rate=EVENTS_PER_S)
            await asyncio.sleep(1 / EVENTS_PER_S)

    async def _sample(self, going: Callable[[], bool]) -> None:
        started = time.monotonic()
        while going():
            stats = await asyncio.to_thread(self.server.stats)
            names = ("resident_bytes", "files", "connections", "asyncio_tasks")
            self.samples.append(Sample(time.monotonic() - started, **{name: stats[name] for name in names}))
            await asyncio.sleep(SAMPLE_S)

    def _judge(self, client: Client) -> None:
        """Before it goes."""
        if client.closed is not None:
            self.closes[client.closed] += 1
        late = max(client.longest_silence_s, client.age_s()) > PING_AFTER_S + PING_LATE_S
        self.gone.update(pings=client.pings, late=int(late), gaps=client.gaps)

    def report(self) -> dict[str, Any]:
        """Growth is between the medians of a fifth of the samples: after the first fifth, and the last."""
        fifth = max(1, len(self.samples) // 5)
        early, late = self.samples[fifth : 2 * fifth] or self.samples, self.samples[-fifth:]

        def grown(name: str) -> float:
            before, after = (statistics.median(float(getattr(item, name)) for item in part) for part in (early, late))
            return after - before

        return {
            "connections": self.count,
            "minutes": self.seconds / 60,
            "resident_mib": late[-1].resident_bytes / (1 << 20),
            "grown_mib": grown("resident_bytes") / (1 << 20),
            "grown_files": grown("files"),
            "grown_tasks": grown("asyncio_tasks"),
            "lost_connections": sum(self.closes.values()),
            "close_codes": dict(self.closes),
            "pings": self.gone["pings"],
            "missed_heartbeats": self.gone["late"],
            "gaps": self.gone["gaps"],
            "behind_at_the_end": self.gone["behind"],
        }


def find_faults(report: dict[str, Any]) -> list[str]:
    faults = [
        name for name in ("lost_connections", "missed_heartbeats", "gaps", "behind_at_the_end") if report[name] > 0
    ]
    if report["grown_mib"] > MOST_GROWTH * report["resident_mib"]:
        faults.append("grown_mib")
    faults += [name for name in ("grown_files", "grown_tasks") if report[name] > AT_ONCE]
    if not report["pings"] and report["minutes"] * 60 > PING_AFTER_S + PING_LATE_S:
        faults.append("pings")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=5_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--reconnects", type=float, default=5.0, help="a second")
    parser.add_argument("--json", type=Path, help="write the samples there too")
    arguments = parser.parse_args()
    raise_file_limit()
    print(describe_machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder, Tools(Path(folder)).start("ours") as server:
        assert isinstance(server, Application)
        soak = Soak(server, arguments.connections, arguments.minutes * 60, arguments.reconnects)
        uvloop.run(soak.run())
    report = soak.report()
    faults = find_faults(report)
    for name, value in report.items():
        print(f"{name.replace('_', ' '):>20}: {value:,.2f}" if isinstance(value, float) else f"{name:>20}: {value}")
    if arguments.json:
        samples = [[s.seconds, s.resident_bytes, s.files, s.connections] for s in soak.samples]
        arguments.json.write_text(json.dumps({**report, "samples": samples}, indent=2))
    if faults:
        sys.exit(f"not flat: {', '.join(faults)}")


if __name__ == "__main__":
    main()
