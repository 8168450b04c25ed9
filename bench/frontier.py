"""What known URLs cost: memory of the process, time per page and per link, and the time to go on after a crash.

    .venv/bin/python bench/frontier.py [--known 1000000] [--store sqlite|postgresql] [--hosts 1]

A page has a hundred links, of which forty are new, until so many URLs are known; nothing is fetched. A process of its
own does it, so that its memory is the frontier's, the store's and that of an interpreter with the engine ("before").
PostgreSQL is a server of its own in a temporary folder; its memory is not counted.
"""

import argparse
import asyncio
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeVar

from app.engines.crawl.frontier import Frontier
from app.engines.crawl.traps import TrapDetector
from app.engines.model import UrlState
from app.engines.ports import ScanStore
from app.scanstore.sqlite import SqliteScanStore

NEW, REPEATED = 40, 60
FLUSH_EVERY_S = 0.5
DEPTH = 1_000
TIMER_S = 0.001
T = TypeVar("T")


def memory(name: str) -> float:
    """MiB that the process has ("VmRSS"), or had at most ("VmHWM")."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def url_of(number: int, hosts: int) -> str:
    host = "a.test" if hosts == 1 else f"h{number % hosts}.a.test"
    return f"https://{host}/section-{number % 97}/an-article-about-{number * 2_654_435_761 % 2**32:08x}-{number}.html"


def open_store(folder: Path, kind: str, stack: ExitStack) -> ScanStore:
    if kind == "sqlite":
        return stack.enter_context(closing(SqliteScanStore(folder / "scan.db")))
    from app.scanstore.postgres.store import Attempt
    from app.scanstore.postgres.stores import PostgresScanStores

    stores = stack.enter_context(closing(PostgresScanStores(kind)))
    return stack.enter_context(closing(stores.place(Attempt("task-1", 1, 1), folder).open()))


async def open_frontier(store: ScanStore, hosts: int) -> Frontier:
    frontier = Frontier(store=store, traps=TrapDetector(), max_depth=DEPTH, max_known=10**9)
    for number in range(min(hosts, 500)):  # discovery takes no more of them
        frontier.open_host("a.test" if hosts == 1 else f"h{number}.a.test", "127.64.0.1")
    await frontier.load()
    await asyncio.to_thread(store.counts)  # as the crawler does
    return frontier


async def fill(frontier: Frontier, store: ScanStore, known: int, hosts: int) -> int:
    """Returns the number of pages, each of which is a turn of the loop."""
    source, made, pages, flushed = random.Random(7), 1, 0, time.perf_counter()
    frontier.add([url_of(0, hosts)], 0)
    while frontier.known < known and (item := frontier.take()) is not None:
        links = [url_of(source.randrange(made), hosts) for _ in range(REPEATED)]
        links += [url_of(number, hosts) for number in range(made, made + NEW)]
        made += NEW
        frontier.finish(item.id, UrlState.DONE, links=links)
        if time.perf_counter() - flushed > FLUSH_EVERY_S:
            flushed = time.perf_counter()
            store.flush()
        pages += 1
        await asyncio.sleep(0)
    return pages


async def watched(work: Awaitable[T]) -> tuple[T, str]:
    """What the work gives, and how late a timer on the event loop was meanwhile: in all, and without the time in which
    the loop's thread waited for a core that somebody else had.
    """
    late: list[float] = []
    held: list[float] = []

    async def watch() -> None:
        while True:
            began, waited = time.perf_counter(), waited_s()
            await asyncio.sleep(TIMER_S)
            late.append(time.perf_counter() - began - TIMER_S)
            held.append(late[-1] - (waited_s() - waited))

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    found = await work
    await asyncio.sleep(2 * TIMER_S)
    watching.cancel()
    return found, f"a timer was late by {told(late)}, without waiting for a core {told(held)}"


def told(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"{1_000 * ordered[len(ordered) * 99 // 100]:.0f} ms (p99) and {1_000 * ordered[-1]:.0f} ms at most"


def waited_s() -> float:
    """How long this thread has waited for a core so far."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


async def measure(folder: Path, kind: str, known: int, hosts: int) -> None:
    with ExitStack() as stack:
        store = open_store(folder, kind, stack)
        before = memory("VmRSS")
        frontier = await open_frontier(store, hosts)
        began, cpu = time.perf_counter(), time.process_time()
        pages, held = await watched(fill(frontier, store, known, hosts))
        filled, cpu = time.perf_counter() - began, time.process_time() - cpu
        store.settle()
        print(
            f"  filled   {frontier.known:>9,} URLs  {memory('VmRSS'):>5.0f} MiB (before {before:.0f}, at most"
            f" {memory('VmHWM'):.0f})  {1e6 * cpu / pages:>5.0f} us CPU a page, {1e6 * filled / pages:.0f} us in all,"
            f" {1e6 * cpu / pages / (NEW + REPEATED):.1f} us a link\n           {held}"
        )


async def resume(folder: Path, kind: str, hosts: int) -> None:
    with ExitStack() as stack:
        store = open_store(folder, kind, stack)
        before, began = memory("VmRSS"), time.perf_counter()
        frontier, held = await watched(open_frontier(store, hosts))
        print(
            f"  resumed  {frontier.known:>9,} URLs  {memory('VmRSS'):>5.0f} MiB (before {before:.0f}, at most"
            f" {memory('VmHWM'):.0f})  {time.perf_counter() - began:.1f} s\n           {held}"
        )


def run(folder: Path, kind: str, arguments: argparse.Namespace) -> None:
    for step in ("fill", "resume"):
        command = [sys.executable, __file__, "--folder", str(folder), "--store", kind, "--step", step]
        subprocess.run([*command, "--known", str(arguments.known), "--hosts", str(arguments.hosts)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--known", type=int, default=1_000_000)
    parser.add_argument("--hosts", type=int, default=1, help="among which the URLs are spread")
    parser.add_argument("--store", default="sqlite")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step == "fill":
        asyncio.run(measure(arguments.folder, arguments.store, arguments.known, arguments.hosts))
    elif arguments.step == "resume":
        asyncio.run(resume(arguments.folder, arguments.store, arguments.hosts))
    else:
        print(f"{arguments.known:,} URLs on {arguments.hosts:,} hosts, store: {arguments.store}")
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            kind = arguments.store
            if kind == "postgresql":
                kind = postgresql(folder, stack)
            run(folder, kind, arguments)


def postgresql(folder: Path, stack: ExitStack) -> str:
    """A database with a running task; its URL."""
    from app.core.clock import SystemClock
    from app.core.db import Database
    from app.migrations.runner import migrate
    from tests.support.postgres import running_cluster
    from tests.support.postgres_scans import PostgresScan

    url = stack.enter_context(stack.enter_context(running_cluster()).new_database())
    db = Database(url)
    migrate(db, clock=SystemClock())
    db.engine.dispose()
    PostgresScan(url, folder).close()
    return url


if __name__ == "__main__":
    main()
