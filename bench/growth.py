"""What the product's reads cost on a database that has grown.

    .venv/bin/python bench/growth.py [--postgres] [--divide N] [--runs N] [--folder FOLDER] [--json FILE]

A database of 50,000 tasks, 5,000,000 events and 1,000,000 log lines is made (`--divide 50`: a fiftieth of it;
`--folder`: it stays there, and is used again; `--postgres`: on a PostgreSQL that is started for it), half of the tasks
one user's, one task with 500,000 events and a link farm of 80,000 third parties. Then each read is carried out as the
product does it, views and encoding included. Printed: median, 99th percentile, best and worst of its runs in
milliseconds, and the median and the 99th percentile of the processor time, which is nearly the same beside other work;
then what one event costs when it is written, looked at by the sweep, shown in a snapshot, and read and encoded for
those who come back.

Ends with 1 when a list, a snapshot or a resume takes more than 50, or a sweep more than 20, of processor time on
SQLite, which is all in this process; on PostgreSQL, whose work is done elsewhere, more than 100 or 20 at best.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast

import growth_postgres
from fanout import describe_machine
from growth_costs import measured
from growth_data import BEGAN, Grown, Size, build

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.core.heap import settle_heap
from app.core.paging import Paging
from app.core.principal import Principal
from app.domain.messages import Language, MessageCatalog
from app.domain.third_parties import Outcome
from app.events.epoch import LogEpoch
from app.events.log import read_after
from app.events.types import TaskWarning
from app.findings.queries import violations
from app.reports.service import ReportService
from app.scans.lifecycle import Lifecycle
from app.scans.queries import queue, tasks
from app.scans.queries.tasks import TaskFilter
from app.scans.service import ScanService
from app.scans.shown_run import RunRef
from app.scanstore.scan_folder import ScanFolder
from app.tasks.target_parser import EngineTargetParser
from app.websocket.messages.topics import ALL_TOPICS, topics
from app.websocket.state.state_reader import StateReader

ASKED_MS: Final = {"list": 50.0, "snapshot": 50.0, "resume": 50.0, "sweep": 20.0}  # of processor time
ASKED_POSTGRES_MS: Final = {"list": 100.0, "snapshot": 100.0, "resume": 100.0, "sweep": 20.0}  # at best
FEEDS: Final = 1_000  # tasks that a sweep compares
ALL: Final = TaskFilter()


class Rollback(Exception):
    """Leaves a transaction as if it had not been."""


class Bench:
    """The parts of the product that read, over one database."""

    def __init__(self, folder: Path, grown: Grown, url: str) -> None:
        self.grown = grown
        self.settings = Settings(data_dir=folder)
        self.clock = SystemClock()
        self.db = Database(url)
        self.stores = ScanFolder(folder / "scans")
        self.states = StateReader(
            clock=self.clock,
            max_snapshot_bytes=self.settings.snapshot_max_bytes,
            epoch=LogEpoch(db=self.db),
        )
        self.life = Lifecycle(clock=self.clock, texts=MessageCatalog("en"))
        nothing = cast("Any", None)  # reads need none of these
        self.scans = ScanService(
            settings=self.settings,
            db=self.db,
            clock=self.clock,
            event_writer=nothing,
            lifecycle=self.life,
            audit=nothing,
            runner=nothing,
            targets=nothing,
        )
        self.reports = ReportService(db=self.db, stores=self.stores, targets=EngineTargetParser(), language="en")
        self.principals = {
            "admin": Principal(grown.admin, "user1", "admin"),
            "owner": Principal(grown.owner, "user0", "user"),
        }

    async def close(self) -> None:
        self.reports.close()
        await self.db.close()

    def list(self, who: str, wanted: TaskFilter = ALL, **asked: Any) -> Callable[[], Any]:
        asked = {"page": 1, "page_size": 50, **asked}
        return lambda: self.scans.list_page(self.principals[who], wanted, **asked)

    def read(self, work: Callable[[Any], Any]) -> Callable[[], Any]:
        return lambda: self.db.read(work)

    def snapshot(self, log_tail: int) -> Callable[[], Any]:
        return self.read(lambda c: self.states.snapshot(c, self.grown.long_task, log_tail, Language.EN))

    def resume(self, after: int, wanted: Any = ALL_TOPICS) -> Callable[[], Any]:
        """Whether the position can be served, and the first page of events."""

        def work(connection: Any) -> Any:
            limits: dict[str, Any] = {
                "epoch": None,
                "max_events": self.settings.replay_max_events,
                "max_bytes": self.settings.replay_max_bytes,
            }
            found = self.states.replay(connection, self.grown.long_task, after, wanted, **limits)
            return found, read_after(connection, self.grown.long_task, after, limit=50)

        return self.read(work)

    def warn(self) -> Callable[[], Any]:
        """`_was_warned` inside a write that is taken back."""
        unit = self.life.warn(self.grown.long_task, 1, TaskWarning(code="stalled", message="m"), once_since=1)

        def work(connection: Any) -> None:
            unit(connection)
            raise Rollback

        async def run() -> None:
            try:
                await self.db.write(work)
            except Rollback:
                return

        return run

    def of_task(self, what: str, **asked: Any) -> Callable[[], Any]:
        paging = Paging(**{name: asked.pop(name) for name in ("page", "page_size", "q") if name in asked})
        principal = self.principals["owner"]
        return lambda: getattr(self.reports, what)(principal, RunRef(self.grown.long_task), paging, **asked)

    async def report(self) -> None:
        """All of the JSON at once."""
        await self.reports.report(self.principals["owner"], RunRef(self.grown.long_task), Language.EN)


def cases(b: Bench, head: int) -> dict[str, Callable[[], Any]]:
    """By name; those that begin with a word of ASKED_FOR are held to the bound."""
    owners = [b.grown.owner]
    waiting = b.db.read_sync(lambda c: queue.pending(c, 1_000))[-1]
    lines = b.grown.long_lines
    return {
        "list: admin, newest first": b.list("admin"),
        "list: admin, page 500": b.list("admin", page=500),
        "list: admin, by domain": b.list("admin", sort="target_domain"),
        "list: admin, failed by time of end": b.list("admin", TaskFilter(status="failed"), sort="-completed_at"),
        "list: admin, a part of the domain": b.list("admin", TaskFilter(domain="977")),
        "list: admin, a part that no domain has": b.list("admin", TaskFilter(domain="nothing")),
        "list: large owner, newest first (all wait)": b.list("owner"),
        "list: large owner, 200 a page": b.list("owner", page_size=200),
        "snapshot: 200 lines": b.snapshot(200),
        "snapshot: 1,000 lines": b.snapshot(1_000),
        "resume: from 1": b.resume(1),
        "resume: 900 behind": b.resume(max(0, head - 900)),
        "resume: 19,000 behind, without progress and logs": b.resume(max(0, head - 19_000), topics(frozenset())),
        "sweep: 1,000 feeds, large owner": b.read(lambda c: tasks.heads(c, b.grown.task_ids[-FEEDS:], owners)),
        "count of unfinished tasks (in each POST)": b.read(lambda c: tasks.count_unfinished(c, b.grown.owner)),
        "place in the queue": b.read(lambda c: queue.position(c, waiting)),
        "monitor: active and waiting tasks": b.read(lambda c: (tasks.active(c), queue.pending(c, 1_000))),
        "warned before? (inside a write)": b.warn(),
        "newest retry": b.read(lambda c: tasks.last_retry_seq(c, b.grown.long_task)),
        "findings that a run knows": b.read(lambda c: violations.known_violations(c, b.grown.long_task, 1)),
        "log: 200 lines": b.read(lambda c: tasks.logs_after(c, b.grown.long_task, 1_000, 200, upto=lines)),
        "log: a text that no line has": b.read(
            lambda c: tasks.logs_after(c, b.grown.long_task, 0, 200, upto=lines, text="nope")
        ),
        "violations: page of 50": b.of_task("violations"),
        "violations: page of 200, filtered": b.of_task("violations", page_size=200, risk="high"),
        "pages: 200 of the last ones": b.of_task("pages", page_size=200, page=50),
        "third parties: page of 50": b.of_task("third_parties"),
        "third parties: page of 200 by outcome": b.of_task("third_parties", page_size=200, outcome=Outcome.EXAMINED),
    }


async def measure(case: Callable[[], Any], runs: int) -> dict[str, float]:
    await case()
    wall, processor = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        await case()
        wall.append((time.perf_counter() - began) * 1_000)
        processor.append((time.process_time() - used) * 1_000)
    return {
        "median": statistics.median(wall),
        "p99": percentile_99(wall),
        "best": min(wall),
        "worst": max(wall),
        "processor": statistics.median(processor),
        "processor p99": percentile_99(processor),
    }


def percentile_99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]


async def run(folder: Path, grown: Grown, url: str, runs: int) -> dict[str, dict[str, float]]:
    bench = Bench(folder, grown, url)
    row = bench.db.read_sync(lambda c: tasks.find(c, grown.long_task))
    assert row is not None
    found = {}
    settle_heap()  # as a server does: a search through all modules for garbage takes 0.1 s
    heads = ("median", "p99", "best", "worst", "cpu", "cpu p99")
    print(f"{'milliseconds':<52}" + "".join(f"{head:>9}" for head in heads))
    for name, case in cases(bench, row.last_seq).items():
        found[name] = await measure(case, runs)
        print(f"{name:<52}" + "".join(f"{value:>9.1f}" for value in found[name].values()), flush=True)
    found["report: all of it"] = whole = await measure(bench.report, 1)
    print(f"{'report: all of it':<52}" + "".join(f"{value:>9.0f}" for value in whole.values()))
    print(f"\n{'microseconds per event':<52}{'median':>9}")
    shares = (
        (f"sweep: each of {FEEDS:,} tasks", "sweep: 1,000 feeds, large owner", FEEDS),
        ("snapshot: each of 1,000 lines", "snapshot: 1,000 lines", 1_000),
    )
    per_event = [(name, 1_000 * found[whole]["median"] / count) for name, whole, count in shares]
    for name, per_event_us in chain(per_event, measured(bench.db, grown.long_task)):
        found[name] = {"median": per_event_us}
        print(f"{name:<52}{per_event_us:>9.0f}", flush=True)
    await bench.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL that is started for it")
    parser.add_argument("--divide", type=int, default=1, metavar="N", help="an Nth of everything")
    parser.add_argument("--runs", type=int, default=200, help="of each read")
    parser.add_argument("--folder", type=Path, help="where the database is, or will be made")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    arguments = parser.parse_args()
    size = Size().divided(arguments.divide) if arguments.divide > 1 else Size()
    print(describe_machine())
    with ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{folder / 'compliance.db'}"
        if arguments.postgres:
            url = stack.enter_context(growth_postgres.running(folder))
        grown = open_or_build(folder, size, url)
        print(f"{size.tasks} tasks, {size.events} events, {size.lines} lines: {megabytes(folder, url)} MiB")
        found = asyncio.run(run(folder, grown, url, arguments.runs))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2))
    asked = ("best", ASKED_POSTGRES_MS) if arguments.postgres else ("processor", ASKED_MS)
    late = list(late_ones(found, *asked))
    print(f"too late: {', '.join(late) or 'none that was asked for'}")
    sys.exit(bool(late))


def late_ones(found: dict[str, dict[str, float]], column: str, bounds_ms: Mapping[str, float]) -> Iterator[str]:
    for name, times in found.items():
        bound_ms = bounds_ms.get(name.partition(":")[0])
        if bound_ms is not None and times.get(column, 0.0) > bound_ms:  # what an event costs has a median alone
            yield name


def open_or_build(folder: Path, size: Size, url: str) -> Grown:
    notes = folder / "grown.json"
    if not notes.exists():
        began = time.perf_counter()
        fill = None if url.startswith("sqlite") else growth_postgres.PostgresFill(url, BEGAN)
        grown = build(folder, size, fill=fill)
        notes.write_text(json.dumps([grown.owner, grown.admin, grown.long_task, grown.task_ids, grown.long_lines]))
        print(f"made in {time.perf_counter() - began:.0f} s")
    return Grown(*json.loads(notes.read_text()))


def megabytes(folder: Path, url: str) -> int:
    if url.startswith("sqlite"):
        return (folder / "compliance.db").stat().st_size >> 20
    return growth_postgres.megabytes(url)


if __name__ == "__main__":
    main()
