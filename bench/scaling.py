"""What grows with what when there are many machines: the price of a hint is measured, the rest is counted.

No machine here is big enough for a thousand times the load of docs/performance.md. So this script measures what a hint
costs on a real redis-server and in a process that hears it, takes the other prices from docs/performance.md, renders a
deployment at random (users with scans, connections of users on processes), and counts who has to do what in a second.

    .venv/bin/python bench/scaling.py [--rounds 2000]
"""

import argparse
import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import redis
from redis.asyncio import Redis as AsyncRedis

from app.core.clock import SystemClock
from app.core.ids import new_id
from app.events.bus.base import TaskHint
from app.events.bus.codec import decode, encode
from app.events.event import Event
from tests.support.redis_server import RedisServer, running_redis

# From docs/performance.md and docs/adr/0028-logs-in-partitions.md.
FRAME_S: Final = 6e-6  # of a web process for a frame to one socket, everything included
APPEND_S: Final = 1.4e-3 / 20  # of PostgreSQL for an event in a transaction of twenty
SWEEP_S: Final = 7.3e-3  # of a web process for 1,000 tasks
EVENTS_PER_SCAN_S: Final = 6.2
CONNECTIONS_PER_PROCESS: Final = 5_000  # COMPLIANCE_WS_MAX_CONNECTIONS
SWEEP_EVERY_S: Final = 2.0
FULL: Final = 0.5  # of a core: above that waiting times grow faster than the load

ROUNDS: Final = 2_000  # hints of each measurement
LISTENERS: Final = 16
CHANNEL: Final = "compliance:hints:user"
SEED: Final = 7


@dataclass(frozen=True)
class Prices:
    """Seconds of processor time for one hint."""

    publish_s: float  # of Redis, whether anybody hears it or not
    deliver_s: float  # of Redis, for each process that hears it
    hear_s: float  # of who hears it, from the socket to the hint


@dataclass(frozen=True)
class Load:
    """`watchers`: connections of each scan's owner; the other connections look at nothing that happens."""

    name: str
    scans: int
    connections: int
    watchers: int


@dataclass(frozen=True)
class Need:
    """For one second of a load. Shares are of a core; `heard` is by how many processes, on average."""

    events: float
    processes: int
    heard: float
    web: float  # the busiest process
    redis: float
    database: float


LOADS: Final = (
    Load("as measured", scans=50, connections=1_000, watchers=3),
    Load("10 times", scans=500, connections=10_000, watchers=3),
    Load("100 times", scans=5_000, connections=100_000, watchers=3),
    Load("1,000 times", scans=50_000, connections=1_000_000, watchers=3),
    Load("one scan, 100,000 watch", scans=1, connections=100_000, watchers=100_000),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="hints of each measurement")
    prices = measure(parser.parse_args().rounds)
    print("a hint, in microseconds of processor time:")
    print(f"  Redis, to take it            {prices.publish_s * 1e6:6.1f}")
    print(f"  Redis, for each that hears   {prices.deliver_s * 1e6:6.1f}")
    print(f"  a process, to hear it        {prices.hear_s * 1e6:6.1f}\n")
    print("| load | events/s | web processes | a hint is heard by | busiest process | Redis | PostgreSQL |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for load in LOADS:
        need = count(load, prices)
        print(
            f"| {load.name} | {need.events:,.0f} | {need.processes:,} | {need.heard:.1f} | {need.web:.1%} "
            f"| {need.redis:.1%} | {need.database:.1%} |"
        )


def count(load: Load, prices: Prices) -> Need:
    """Place the connections at random, as a balancer does, and add up. As many processes as keep each below `FULL`."""
    processes = max(2, -(-load.connections // CONNECTIONS_PER_PROCESS))
    while (need := _count(load, prices, processes)).web > FULL:
        processes = int(processes * max(1.1, need.web / FULL)) + 1
    return need


def _count(load: Load, prices: Prices, processes: int) -> Need:
    draw = random.Random(SEED)  # the same deployment each time
    frames, hints, tasks = [0] * processes, [0] * processes, [0] * processes
    for _ in range(load.scans):
        watchers = [draw.randrange(processes) for _ in range(load.watchers)]
        for process in watchers:
            frames[process] += 1
        for process in set(watchers):
            hints[process] += 1
            tasks[process] += 1
    busy = [
        EVENTS_PER_SCAN_S * (frames[process] * FRAME_S + hints[process] * prices.hear_s)
        + tasks[process] / 1_000 * SWEEP_S / SWEEP_EVERY_S
        for process in range(processes)
    ]
    events = load.scans * EVENTS_PER_SCAN_S
    heard = sum(hints) / load.scans
    return Need(
        events=events,
        processes=processes,
        heard=heard,
        web=max(busy),
        redis=events * (prices.publish_s + heard * prices.deliver_s),
        database=events * APPEND_S,
    )


def measure(rounds: int) -> Prices:
    """One hint at a time, as when little happens: many at once share system calls, and each costs less."""
    message = encode(_hint(), sender="one")
    with running_redis() as server:
        alone = _redis_share(server.port, message, listeners=0, rounds=rounds)
        heard = _redis_share(server.port, message, listeners=LISTENERS, rounds=rounds)
        hear_s = asyncio.run(_hear(server, message, rounds))
    return Prices(publish_s=alone, deliver_s=(heard - alone) / LISTENERS, hear_s=hear_s)


def _redis_share(port: int, message: bytes, *, listeners: int, rounds: int) -> float:
    """What a message costs Redis when so many hear it."""
    with redis.Redis(port=port) as client, ExitStack() as stack:
        heard = [stack.enter_context(_listening(port)) for _ in range(listeners)]
        before = _used_s(client)
        for _ in range(rounds):
            assert client.publish(CHANNEL, message) == listeners
            for listener in heard:
                assert listener.get_message(timeout=5) is not None
        return (_used_s(client) - before) / rounds


async def _hear(server: RedisServer, message: bytes, rounds: int) -> float:
    """What it costs a process to read a message as the bus does."""
    async with AsyncRedis(port=server.port) as client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(CHANNEL)
        await pubsub.get_message(timeout=1)
        with server.client() as sender:
            for _ in range(rounds):
                assert sender.publish(CHANNEL, message) == 1
        began, got = time.process_time(), 0
        while got < rounds:
            read = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
            if read is not None:
                decode(read["data"])
                got += 1
        return (time.process_time() - began) / rounds


@contextmanager
def _listening(port: int) -> Iterator[redis.client.PubSub]:
    with redis.Redis(port=port) as client, client.pubsub() as listener:
        listener.subscribe(CHANNEL)
        assert listener.get_message(timeout=5) is not None
        yield listener


def _used_s(client: "redis.Redis[bytes]") -> float:
    used = client.info("cpu")
    return float(used["used_cpu_sys"]) + float(used["used_cpu_user"])


def _hint() -> TaskHint:
    body = '{"stage":"crawl","progress":41,"message":"https://www.corp.test/partners/page-1","pages":417}'
    event = Event(new_id(), 417, 1, "task_progress", body, SystemClock().now())
    return TaskHint(event.task_id, new_id(), 417, "running", (event,), 90_000)


if __name__ == "__main__":
    main()
