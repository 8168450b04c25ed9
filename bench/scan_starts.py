"""What it costs to start a scan: executed, and forked by the fork server (ADR 0058), in one run.

    PYTHONPATH=. .venv/bin/python bench/scan_starts.py [--scans 8]

A site of fourteen pages is scanned again and again, by turns. Processor time is that of all processes of a scan, and of
the fork server meanwhile.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from app.tasks.fork_server.starter import ForkingStarter
from app.tasks.process_start import ExecutingStarter
from app.tasks.supervisor import worker_handle
from tests.support.realtime import until
from tests.support.scan_backend import ScanBackend, is_type, scan_backend
from tests.support.small_world import small_world

TICKS = os.sysconf("SC_CLK_TCK")
CHILDREN_TIME = slice(13, 15)  # fields of proc(5) behind the name: of those that it has waited for
OWN_TIME = slice(11, 13)


def used_s(starter: ForkingStarter) -> float:
    """Processor time of all that was waited for, here and in the fork server."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = usage.ru_utime + usage.ru_stime
    if starter.server_pid is not None:
        fields = Path(f"/proc/{starter.server_pid}/stat").read_text().rpartition(")")[2].split()
        used += sum(map(int, (*fields[OWN_TIME], *fields[CHILDREN_TIME]))) / TICKS
    return used


async def scan(backend: ScanBackend, starter: ForkingStarter) -> tuple[float, float]:
    """One scan: its processor time, and the seconds to its claim."""
    before, ordered = used_s(starter), time.monotonic()
    task_id = await backend.create()
    await backend.until(task_id, is_type("task_started"))
    start_s = time.monotonic() - ordered
    await backend.finished(task_id)
    await until(lambda: not backend.runner.is_responsive(task_id))
    return used_s(starter) - before, start_s


@contextlib.asynccontextmanager
async def quiet_backend() -> AsyncIterator[ScanBackend]:
    async with small_world() as world:
        world.delay_s = 0.0
        with tempfile.TemporaryDirectory() as folder:
            async with scan_backend(Path(folder), **world.settings) as backend:
                yield backend


def memory_mb(pid: int) -> float:
    """What the process has for itself, and its share of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


async def measure(scans: int) -> None:
    executing, forking = ExecutingStarter(), ForkingStarter((worker_handle.MODULE,))
    async with quiet_backend() as backend:
        backend.runner.starter = executing
        await scan(backend, forking)  # compiles what is not compiled yet
        backend.runner.starter = forking
        first = await scan(backend, forking)
        print(f"the first one, with the start of the server: {first[0]:.2f} CPU-s, claimed after {first[1]:.2f} s")
        found: dict[str, list[tuple[float, float]]] = {"executed": [], "forked": []}
        for _ in range(scans):
            for way, starter in (("executed", executing), ("forked", forking)):
                backend.runner.starter = starter
                found[way].append(await scan(backend, forking))
        for way, numbers in found.items():
            used, start = (statistics.median(column) for column in zip(*numbers, strict=True))
            print(f"{way}: {used:.2f} CPU-s a scan, claimed after {start:.2f} s (medians of {scans})")
        assert forking.server_pid is not None
        print(f"memory of the server: {memory_mb(forking.server_pid):.0f} MB")
        await forking.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=8)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(measure(parser.parse_args().scans))
