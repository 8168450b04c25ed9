"""Fan-out over real sockets: ours beside a bare loop of send() in C and beside what most people write.

    .venv/bin/python bench/fanout.py [--quick] [--only NAME] [--rounds 3] [--json FILE]

The server has one core, the subscriber (an epoll client in C, bench/limit.c) the other. Each round measures the limit,
ours and the naive manager one after the other; the numbers are medians of the rounds. A ratio counts, a rate says as
much about the machine. `cpu` is processor time of the sending thread per delivery: on a busy machine the ratio of those
says more than that of what passed.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import fanout_parts as parts
from fanout_parts import FULL, QUICK, Results, Size
from fanout_tools import Tools

from app.server import raise_file_limit


def show_fanout(results: Results) -> Iterator[str]:
    yield "| subscribers | k | limit, messages/s | ours | naive | of the limit | by cpu | times the naive | bar |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---|"
    for result in results:
        bar = BARS.get((result["subscribers"], result["k"])) if "tasks" not in result else None
        of_limit, of_naive = (result[kind]["deliveries_per_s"] for kind in ("of_limit", "of_naive"))
        by_cpu = 1 / result["of_limit"]["cpu_ns"]
        verdict = "" if bar is None else f"{bar}: {'reached' if of_limit >= bar else 'MISSED'}"
        name = (
            f"{result['tasks']} x {result['subscribers'] // result['tasks']}"
            if "tasks" in result
            else f"{result['subscribers']:,}"
        )
        rates = " | ".join(f"{result[kind]['messages_per_s']:,.0f}" for kind in ("limit", "ours", "naive"))
        yield f"| {name} | {result['k']} | {rates} | {of_limit:.2f} | {by_cpu:.2f} | {of_naive:.1f} | {verdict} |"


def show_paced(results: Results) -> Iterator[str]:
    yield "| subscribers | messages/s | limit p50 / p99 | ours p50 / p99 | naive p50 / p99 |"
    yield "|---|---:|---:|---:|---:|"
    for result in results:
        spans = " | ".join(
            f"{result[kind]['p50_ms']:.2f} / {result[kind]['p99_ms']:.2f} ms" for kind in ("limit", "ours", "naive")
        )
        yield f"| {result['subscribers']:,} | {result['rate']:g} | {spans} |"


def show_connects(results: Results) -> Iterator[str]:
    yield "| server | connects/s | per second of its processor time | KiB per idle connection |"
    yield "|---|---:|---:|---:|"
    for result in results:
        for kind in ("limit", "ours", "naive"):
            found = result[kind]
            rates = f"{found['connects_per_s']:,.0f} | {found['connects_per_cpu_s']:,.0f}"
            yield f"| {kind} | {rates} | {found['kib']:.1f} |"


def show_plain(results: Results) -> Iterator[str]:
    yield "| measure | value |"
    yield "|---|---:|"
    for result in results:
        for name, value in result.items():
            numbers = value if isinstance(value, dict) else {"": value}
            for inner, number in numbers.items():
                yield f"| {' '.join(filter(None, (name, inner))).replace('_', ' ')} | {number:,.2f} |"


# Of the limit, by (subscribers, k): what has to be reached.
BARS: Final = {(100, 1): 0.55, (1_000, 1): 0.95, (1_000, 32): 0.85, (5_000, 1): 0.7, (5_000, 32): 0.7}
Part = tuple[Callable[[Tools, Size], Results], Callable[[Results], Iterator[str]]]
PARTS: Final[dict[str, Part]] = {
    "fanout": (parts.bench_fanout, show_fanout),
    "many": (parts.bench_many, show_fanout),
    "single": (parts.bench_single, show_fanout),
    "paced": (parts.bench_paced, show_paced),
    "connects": (parts.bench_connects, show_connects),
    "stuck": (parts.bench_stuck, show_plain),
    "resume": (parts.bench_resume, show_plain),
    "commit": (parts.bench_commit, show_plain),
}


def describe_machine() -> str:
    cores, load, python = os.cpu_count(), os.getloadavg()[0], platform.python_version()
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cores} cores, load before {load:.1f}, Python {python}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round, little of everything, no 5,000")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", action="append", choices=list(PARTS))
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else FULL
    size = replace(size, rounds=arguments.rounds or size.rounds)
    raise_file_limit()
    machine = describe_machine()
    print(machine, flush=True)
    found: dict[str, Any] = {"machine": machine}
    with tempfile.TemporaryDirectory() as folder:
        tools = Tools(Path(folder))
        for name in arguments.only or PARTS:
            act, show = PARTS[name]
            found[name] = act(tools, size)
            print(f"\n**{name}**: {(act.__doc__ or 'as fast as nothing is dropped.').splitlines()[0]}\n", flush=True)
            print("\n".join(show(found[name])), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
