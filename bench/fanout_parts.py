"""What bench/fanout.py measures. Each part returns its results; how they are shown is in fanout.py."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from fanout_tools import PATIENCE_S, Application, Process, Server, Tools

AT_ONCE: Final = 64  # handshakes under way
MANY: Final = 200
Numbers = dict[str, float]
Results = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    deliveries: int  # of a round at k=1; eight times as many at k=32
    seconds: float  # of what is paced
    subscribers: tuple[int, ...]


FULL: Final = Size(rounds=3, deliveries=400_000, seconds=10, subscribers=(100, 1_000, 5_000))
QUICK: Final = Size(rounds=1, deliveries=100_000, seconds=3, subscribers=(100, 1_000))


def open_subscribers(subscriber: Process, count: int, *, at_once: int = AT_ONCE, tasks: int = 0) -> dict[str, Any]:
    opened = subscriber.ask(f"open {count} {at_once} {tasks}")
    if opened["opened"] != count:
        raise RuntimeError(f"only {opened} of {count} subscribers came in")
    return opened


def measure(server: Server, subscriber: Process, m: int, **how: Any) -> Numbers:
    """One publication, seen by all subscribers."""
    subscriber.ask(f"arm {m}")
    handed = server.publish(m, **how)
    seen = subscriber.ask(f"wait {PATIENCE_S}")
    if seen["complete"] != seen["readers"] or seen["gaps"]:
        raise RuntimeError(f"{server.name}: not everybody got everything: {seen}")
    return {
        "deliveries_per_s": seen["frames"] / seen["seconds"],
        "messages_per_s": m / seen["seconds"],
        "cpu_ns": handed["cpu_s"] / seen["frames"] * 1e9,
        "p50_ms": seen["p50_ms"],
        "p99_ms": seen["p99_ms"],
        "max_ms": seen["max_ms"],
        "frame_bytes": seen["bytes"] / seen["frames"],
    }


def interleave(
    pairs: list[tuple[Server, Process]], rounds: int, act: Callable[[Server, Process], Numbers]
) -> dict[str, Numbers]:
    """Medians by server and number; a round measures every server before the next begins.

    `of_NAME` is ours over that server: the median of the rounds' own ratios, since what else the machine did changed
    from round to round.
    """
    seen: dict[str, list[Numbers]] = {server.name: [] for server, _ in pairs}
    for _ in range(rounds):
        for server, subscriber in pairs:
            seen[server.name].append(act(server, subscriber))
    results = {name: _medians(of_rounds) for name, of_rounds in seen.items()}
    for name in seen.keys() - {"ours"}:
        ratios = [
            {number: mine[number] / max(other[number], 1e-9) for number in mine}
            for mine, other in zip(seen["ours"], seen[name], strict=True)
        ]
        results[f"of_{name}"] = _medians(ratios)
    return results


def _medians(of_rounds: list[Numbers]) -> Numbers:
    return {number: statistics.median(of_round[number] for of_round in of_rounds) for number in of_rounds[0]}


def bench_fanout(tools: Tools, size: Size) -> Results:
    results: Results = []
    for count in size.subscribers:
        with ExitStack() as stack:
            pairs = open_all(tools, stack, count)
            results += [
                {"subscribers": count, "k": k, **interleave(pairs, size.rounds, at_once(size, count, k))}
                for k in (1, 32)
            ]
    return results


def bench_many(tools: Tools, size: Size) -> Results:
    """200 tasks, five subscribers each. `k` in a turn, one after the other: with 200 each task has one."""
    results = []
    with ExitStack() as stack:
        pairs = open_all(tools, stack, 5 * MANY, tasks=MANY)
        for k in (1, 32, MANY):
            act = at_once(size, 5 * MANY, k, tasks=MANY)
            results.append({"subscribers": 5 * MANY, "tasks": MANY, "k": k, **interleave(pairs, size.rounds, act)})
    return results


def bench_single(tools: Tools, size: Size) -> Results:
    """Each turn's events written at once: fan-out may take all of the time (COMPLIANCE_WS_FANOUT_SHARE=1)."""
    results = []
    for count, tasks, turns in ((1_000, 0, (1, 32)), (5 * MANY, MANY, (1, 32))):
        with ExitStack() as stack:
            pairs = open_all(tools, stack, count, "ws_fanout_share=1", tasks=tasks)
            for k in turns:
                found = interleave(pairs, size.rounds, at_once(size, count, k, tasks=tasks))
                results.append({"subscribers": count, "k": k, **({"tasks": tasks} if tasks else {}), **found})
    return results


def open_all(
    tools: Tools, stack: ExitStack, count: int, *settings: str, tasks: int = 0
) -> list[tuple[Server, Process]]:
    pairs = []
    for kind in ("limit", "ours", "naive"):
        server = stack.enter_context(tools.start(kind, *settings) if kind == "ours" else tools.start(kind))
        subscriber = stack.enter_context(tools.follow(server))
        open_subscribers(subscriber, count, tasks=tasks)
        pairs.append((server, subscriber))
    return pairs


def at_once(size: Size, count: int, k: int, *, tasks: int = 0) -> Callable[[Server, Process], Numbers]:
    """As fast as nothing is dropped."""

    def act(server: Server, subscriber: Process) -> Numbers:
        batched = k > max(1, tasks)
        deliveries = size.deliveries * (8 if batched and server.name != "naive" else 1) // (3 - 2 * batched)
        m = max(8 * k if batched else 8, deliveries // count)
        return measure(server, subscriber, m, k=k, tasks=tasks)

    return act


def bench_paced(tools: Tools, size: Size) -> Results:
    """10,000 deliveries a second."""
    results = []
    for count in size.subscribers:
        rate = 10_000 / count
        with ExitStack() as stack:
            pairs = open_all(tools, stack, count)

            def act(server: Server, subscriber: Process, rate: float = rate) -> Numbers:
                return measure(server, subscriber, max(4, int(rate * size.seconds / 3)), rate=rate)

            results.append({"subscribers": count, "rate": rate, **interleave(pairs, size.rounds, act)})
    return results


def bench_connects(tools: Tools, size: Size) -> Results:
    """Handshake, check of a real token, subscription and snapshot; then memory of those that idle."""
    del size
    results: dict[str, Any] = {"subscribers": 1_000}
    for kind in ("limit", "ours", "naive"):
        with tools.start(kind) as server, tools.follow(server) as subscriber:
            if isinstance(server, Application) and kind == "ours":
                tokens = tools.folder / "tokens"
                tokens.write_text(server.tokens(1_100))
                subscriber.ask(f"token {tokens}")
            open_subscribers(subscriber, 100)  # what is only paid once
            time.sleep(1)
            cpu, resident = server.process.cpu_s(), _resident(server)
            seconds = open_subscribers(subscriber, 1_000)["seconds"]
            cpu = server.process.cpu_s() - cpu
            time.sleep(2)
            results[kind] = {
                "connects_per_s": 1_000 / seconds,
                "connects_per_cpu_s": 1_000 / max(cpu, 0.01),
                "kib": (_resident(server) - resident) / 1_000 / 1_024,
            }
    return [results]


def _resident(server: Server) -> int:
    if isinstance(server, Application) and server.name == "ours":
        return int(server.stats(collect=True)["resident_bytes"])
    return server.process.resident()


def bench_stuck(tools: Tools, size: Size) -> Results:
    """100 that never read beside 100 that do, 500 events a second."""
    seconds = max(20.0, 2 * size.seconds)
    with tools.start("ours") as server, tools.follow(server) as subscriber, ThreadPoolExecutor(1) as threads:
        assert isinstance(server, Application)
        open_subscribers(subscriber, 200)
        subscriber.ask("stall 100")
        before = server.stats(collect=True)["resident_bytes"]
        m = int(500 * seconds)
        subscriber.ask(f"arm {m}")
        started = time.monotonic()
        handed = threads.submit(server.publish, m, rate=500)
        most, cut_off_s = before, float("inf")
        while not handed.done():
            stats = server.stats()
            most = max(most, stats["resident_bytes"])
            if stats["connections"] <= 100:
                cut_off_s = min(cut_off_s, time.monotonic() - started)
            time.sleep(0.2)
        seq = handed.result()["seq"]
        seen = subscriber.ask(f"wait {PATIENCE_S}")
        after = subscriber.ask(f"rejoin {AT_ONCE} {seq}")
    return [
        {
            "healthy_complete": seen["complete"],
            "healthy_p99_ms": seen["p99_ms"],
            "healthy_max_ms": seen["max_ms"],
            "cut_off_s": cut_off_s,
            "mib_per_stuck": (most - before) / 100 / (1 << 20),
            "came_back": after["level"],
            "gaps": after["gaps"] + seen["gaps"],
            "replayed": after["replayed"],
            "snapshots": after["snapshots"],
        }
    ]


def bench_resume(tools: Tools, size: Size) -> Results:
    """1,000 subscribers are cut at the same moment, miss 200 events and come back at once; then all as if new."""
    del size
    with tools.start("ours") as server, tools.follow(server) as subscriber:
        assert isinstance(server, Application)
        open_subscribers(subscriber, 1_000)
        with tools.follow(server) as other:  # keeps the task followed; the others must not be there
            open_subscribers(other, 1)
            missed = miss(server, subscriber, 200)
            resumed = subscriber.ask(f"resume 1000 {missed}")
            built = server.stats()["snapshots_built"]
            subscriber.ask("forget")
            storm = subscriber.ask(f"resume 1000 {missed}")
            built = server.stats()["snapshots_built"] - built
    if resumed["level"] != 1_000 or storm["level"] != 1_000:
        raise RuntimeError(f"not everybody came back: {resumed}, {storm}")
    return [
        {
            "resume_s": resumed["seconds"],
            "resume_level": resumed["level"],
            "resume_replayed": resumed["replayed"],
            "resume_snapshots": resumed["snapshots"],
            "gaps": resumed["gaps"] + storm["gaps"],
            "storm_s": storm["seconds"],
            "storm_level": storm["level"],
            "storm_snapshots_sent": storm["snapshots"],
            "storm_snapshots_built": built,
        }
    ]


def miss(server: Application, subscriber: Process, m: int) -> int:
    """Cut everybody, publish `m` events, and say where the log stands."""
    subscriber.ask("cut")
    return int(server.publish(m, k=32)["seq"])


def bench_commit(tools: Tools, size: Size) -> Results:
    """From before the transaction to the socket of 100 subscribers, 100 events a second."""
    with tools.start("ours") as server, tools.follow(server) as subscriber:
        open_subscribers(subscriber, 100)
        pairs = [(server, subscriber)]
        m = int(100 * size.seconds)
        return [{"subscribers": 100, **interleave(pairs, 1, lambda s, f: measure(s, f, m, rate=100, commit=True))}]
