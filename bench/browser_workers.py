"""How long 200 pages of waiting sites take to be drawn by 1, 2 and 4 browser workers.

    PYTHONPATH=. .venv/bin/python bench/browser_workers.py [--pages 200] [--wait 3] [--workers 1 2 4]

Real workers (`compliance worker --queues browser`) on a PostgreSQL and a Redis of their own; of the scan there is the
half that asks for pages (`app/tasks/worker/spread_drawings.py`), as many at a time as a scan does. Every page has a
host of its own, and answers after `--wait` seconds. What each worker draws first, while its browser starts, does not
count.
"""

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.page_renderer import RenderFailed, RenderSlow
from app.engines.capture.render_limit import RenderLimit
from app.engines.pipeline.capture.renderings import PATIENT_TIMEOUT_S
from app.scanstore.postgres.store import Attempt
from app.tasks.worker.spread_drawings import AT_ONCE, SpreadDrawings
from tests.support.cluster import running_deployment
from tests.support.postgres import running_cluster
from tests.support.postgres_scans import PostgresScan
from tests.unit.engines.net.servers import dns_server, http_server, response

ADDRESS: Final = "127.64.0.7"
FIRST_PAGES: Final = 8  # of each worker: twice what it draws side by side
WORDS: Final = "Pumps, valves and fittings for every purpose. " * 60
PAGE: Final = f"<!doctype html><title>Pumps</title><h1>Pumps</h1><p>{WORDS}".encode()


def hosts(kind: str, count: int) -> list[str]:
    return [f"{kind}{number}.test" for number in range(count)]


@contextlib.contextmanager
def claimed_scan(url: str, folder: Path) -> Iterator[PostgresScan]:
    """A scan that runs, and has taken its store."""
    with contextlib.closing(PostgresScan(url, folder)) as scan, contextlib.closing(scan.open()) as store:
        store.hosts()
        yield scan


async def draw(spread: SpreadDrawings, wanted: list[str]) -> Counter[str]:
    """All of them; what became of how many."""
    outcomes: Counter[str] = Counter()
    waiting = list(reversed(wanted))

    async def work() -> None:
        while waiting:
            try:
                limit = RenderLimit(PATIENT_TIMEOUT_S)
                rendered = await spread.render(f"http://{waiting.pop()}/", limit=limit, needs_document=False)
            except (RenderSlow, RenderFailed) as failure:
                outcomes[type(failure).__name__] += 1
            else:
                outcomes["drawn" if rendered.screenshot else "without a picture"] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    return outcomes


def no_browser_here() -> Any:
    raise BrowserUnavailable("the workers draw")  # type: ignore[arg-type] # nobody reads it


async def measure(deployment: Any, scan: PostgresScan, workers: int, pages: int) -> None:
    processes = [deployment.work("--queues", "browser") for _ in range(workers)]
    spread = SpreadDrawings(
        drawings=scan.stores.drawings(Attempt(scan.task_id, 1, scan.attempt)),
        silence=lambda: 0.0,
        want_browser=lambda: None,
        open_renderer=no_browser_here,
    )
    async with spread.open():
        await draw(spread, hosts("first", workers * FIRST_PAGES))
        began = time.monotonic()
        outcomes = await draw(spread, hosts("page", pages))
        taken = time.monotonic() - began
    ended = [await asyncio.to_thread(process.end) for process in processes]
    assert ended == [0] * workers, ended
    load = os.getloadavg()[0]
    print(f"| {workers} | {taken:.0f} s | {pages / taken:.2f} | {dict(outcomes)} | {load:.1f} |", flush=True)


async def run(options: argparse.Namespace) -> None:
    async def answer(_head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(options.wait)
        writer.write(response(PAGE, Content_Type="text/html; charset=utf-8"))

    names = [*hosts("page", options.pages), *hosts("first", max(options.workers) * FIRST_PAGES)]
    zone = {(name, "A"): [ADDRESS] for name in names}
    with tempfile.TemporaryDirectory(prefix="compliance-bench-") as folder, running_cluster() as postgres:
        async with dns_server(zone, ttl=60) as resolver, http_server(answer, address=ADDRESS) as web:
            reach = {
                "resolvers": resolver.address,
                "allow_networks": "127.64.0.0/10",
                "port_map": f"80={web.port}",
            }
            print("| browser workers | 200 pages | pages/s | outcomes | load |\n|--:|--:|--:|---|--:|")
            for workers in options.workers:
                with (
                    running_deployment(Path(folder), postgres, **reach) as deployment,
                    claimed_scan(deployment.database_url, Path(folder)) as scan,
                ):
                    await measure(deployment, scan, workers, options.pages)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--pages", type=int, default=200)
    words.add_argument("--wait", type=float, default=3.0, help="seconds until a page answers")
    words.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    asyncio.run(run(words.parse_args()))


if __name__ == "__main__":
    main()
