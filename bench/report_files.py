"""A scan with 200,000 third parties as each format: first byte, whole time, memory, and how long the loop waits."""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.compose.storage import open_database
from app.core.clock import SystemClock
from app.core.config import load_settings
from app.core.principal import ADMIN, Principal
from app.domain.report_format import ReportFormat
from app.repositories import tasks
from app.scanstore.location import open_stores
from app.services.report_formats.service import ReportFileService
from app.services.shown_run import RunRef
from app.tasks.report_process.process import ReportProcess
from app.tasks.target_parser import EngineTargetParser
from bench.growth_data import Size, build

TICK_S = 0.005
MEMORY_TICK_S = 0.25
IDLE_S = 5.0  # of the first row, which says how late a timer is on this machine when nothing is asked for
NOTHING = "nothing"
READER = Principal("bench", "bench", ADMIN)


def size_of(parties: int) -> Size:
    return Size(
        tasks=20,
        events=2_000,
        lines=2_000,
        users=10,
        long_events=1_000,
        long_lines=1_000,
        long_violations=1_000,
        parties=parties,
        pages=5_000,
        long_config=10,
    )


async def watch_loop(waits: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK_S)
        waits.append(time.perf_counter() - began - TICK_S)


def memory_mib(pid: int) -> float:
    """What a process and those that it has started take, shared pages by their share (Linux: PSS); one that has just
    ended takes nothing.
    """
    try:
        own = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return (int(own[1]) / 1024 if own else 0.0) + sum(memory_mib(int(child)) for child in children)


async def watch_memory(most: list[float]) -> None:
    """Keep the most that we and our processes took. The kernel counts it: in a thread."""
    while True:
        most[0] = max(most[0], await asyncio.to_thread(memory_mib, os.getpid()))
        await asyncio.sleep(MEMORY_TICK_S)


async def measure(folder: Path, task: str, kind: ReportFormat | None, *, cold: bool) -> dict[str, float]:
    settings = load_settings(data_dir=folder)
    db = open_database(settings)
    process = ReportProcess(settings)
    files = ReportFileService(
        db=db,
        stores=open_stores(settings).stores,
        targets=EngineTargetParser(),
        clock=SystemClock(),
        processes=process,
        reports_at_once=settings.reports_at_once,
    )
    if not cold:
        await ask(files, task, ReportFormat.JSON, pieces=1)
    await db.read(lambda connection: tasks.find(connection, task, READER))  # as any request before it
    await asyncio.sleep(0.5)  # what was asked for before is over
    before = memory_mib(os.getpid())
    waits: list[float] = []
    most = [before]
    watching = [asyncio.create_task(watch_loop(waits)), asyncio.create_task(watch_memory(most))]
    await asyncio.sleep(0.1)
    if kind is None:
        await asyncio.sleep(IDLE_S)
    first, whole, size = (0.0, IDLE_S, 0) if kind is None else await ask(files, task, kind)
    for one in watching:
        one.cancel()
    files.close()
    await process.close()
    await db.close()
    waits.sort()
    return {
        "first_s": first,
        "whole_s": whole,
        "mb": size / 1e6,
        "more_mib": most[0] - before,
        "wait_ms": waits[int(len(waits) * 0.99)] * 1e3,
        "longest_ms": waits[-1] * 1e3,
    }


async def ask(files: ReportFileService, task: str, kind: ReportFormat, *, pieces: int = 0) -> tuple[float, float, int]:
    """(seconds until the first byte, until the last, bytes). `pieces`: leave after so many; 0: read to the end."""
    began, size, first, read = time.perf_counter(), 0, 0.0, 0
    file = await files.open(READER, RunRef(task), kind, "zh-CN")
    try:
        async for piece in file.stream:
            first = first or time.perf_counter() - began
            size += len(piece)
            read += 1
            if read == pieces:
                break
    finally:
        await file.stream.close()
    return first, time.perf_counter() - began, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parties", type=int, default=200_000)
    parser.add_argument("--only", nargs="*", default=[NOTHING, *ReportFormat], help="these formats")
    parser.add_argument("--cold", action="store_true", help="with a process that has to be started first")
    parser.add_argument("--one", nargs=3, help="folder, task and format: for the processes that measure")
    asked = parser.parse_args()
    if asked.one:
        folder, task, kind = asked.one
        print(
            json.dumps(
                asyncio.run(
                    measure(Path(folder), task, None if kind == NOTHING else ReportFormat(kind), cold=asked.cold)
                )
            )
        )
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        folder.mkdir()
        task = build(folder, size_of(asked.parties)).long_task
        print("format   first byte  whole   size      memory    loop waits 99 % / longest")
        for kind in asked.only:
            one = [sys.executable, "-m", "bench.report_files", "--one", str(folder), task, kind]
            one += ["--cold"] if asked.cold else []
            found = json.loads(
                subprocess.run(one, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
            )
            print(
                f"{kind:<7} {found['first_s']:8.2f} s {found['whole_s']:7.1f} s {found['mb']:7.1f} MB"
                f" {found['more_mib']:+7.0f} MiB {found['wait_ms']:6.1f} / {found['longest_ms']:.1f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
