"""What the product's reads cost on a database that has grown.

    .venv/bin/python bench/growth.py [--small] [--folder FOLDER] [--json FILE]

A database of 50,000 tasks, 5,000,000 events and 1,000,000 log lines is made (`--small`: a fiftieth of it; `--folder`:
it stays there, and is used again), half of the tasks one user's, one task with 500,000 events and a link farm of 80,000
third parties. Then each read is carried out as the product does it, views and encoding included. Printed: median,
best and worst of its runs in milliseconds, and the median of the processor time, which is the same beside other work.
Ends with 1 when that of a list, a snapshot, a resume or a sweep is above 50.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, cast

from fanout import describe_machine
from growth_data import Grown, Size, build

from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database
from app.domain.parties import Outcome
from app.events.epoch import LogEpoch
from app.events.log import read_after
from app.events.types import TaskWarning
from app.repositories import queue, tasks, violations
from app.scanstore.reader import SqliteScanReader
from app.services.lifecycle import Lifecycle
from app.services.reports import ReportService, Slice
from app.services.scans import Actor, ScanService
from app.services.texts import Texts
from app.websocket.resume import StateReader
from app.websocket.topics import ALL_TOPICS, topics

RUNS: Final = 20
ASKED_MS: Final = 50.0
ASKED_FOR: Final = ("list", "snapshot", "resume", "sweep")
FEEDS: Final = 1_000  # tasks that a sweep compares


class Rollback(Exception):
    """Leaves a transaction as if it had not been."""


class Bench:
    """The parts of the product that read, over one database."""

    def __init__(self, folder: Path, grown: Grown) -> None:
        self.grown = grown
        self.settings = Settings(data_dir=folder)
        self.clock = SystemClock()
        self.db = Database(f"sqlite:///{folder / 'compliance.db'}")
        self.states = StateReader(
            language="en",
            clock=self.clock,
            max_snapshot_bytes=self.settings.snapshot_max_bytes,
            epoch=LogEpoch(db=self.db),
        )
        self.life = Lifecycle(clock=self.clock, texts=Texts("en"))
        nothing = cast("Any", None)  # reads need none of these
        self.scans = ScanService(
            settings=self.settings,
            db=self.db,
            clock=self.clock,
            journal=nothing,
            lifecycle=self.life,
            audit=nothing,
            runner=nothing,
            targets=nothing,
        )
        self.reports = ReportService(
            db=self.db,
            readers=SqliteScanReader,
            scans_dir=folder / "scans",
            language="en",
            clock=self.clock,
            reports_at_once=4,
        )
        self.actors = {
            "admin": Actor(grown.admin, "user1", is_admin=True),
            "owner": Actor(grown.owner, "user0", is_admin=False),
        }

    async def close(self) -> None:
        self.reports.close()
        await self.db.close()

    def list(self, who: str, **asked: Any) -> Callable[[], Any]:
        asked = {"page": 1, "page_size": 50, **asked}
        return lambda: self.scans.list_page(self.actors[who], **asked)

    def read(self, work: Callable[[Any], Any]) -> Callable[[], Any]:
        return lambda: self.db.read(work)

    def snapshot(self, log_tail: int) -> Callable[[], Any]:
        return self.read(lambda c: self.states.snapshot(c, self.grown.long_task, log_tail))

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
        piece = Slice(**{name: asked.pop(name) for name in ("page", "page_size", "q") if name in asked})
        viewer = self.actors["owner"].viewer
        return lambda: getattr(self.reports, what)(viewer, self.grown.long_task, piece, **asked)

    async def first_piece(self) -> None:
        stream = await self.reports.open_report(self.actors["owner"].viewer, self.grown.long_task)
        await stream.close()

    async def whole_report(self) -> None:
        stream = await self.reports.open_report(self.actors["owner"].viewer, self.grown.long_task)
        try:
            async for _ in stream:
                pass
        finally:
            await stream.close()


def cases(b: Bench, head: int) -> dict[str, Callable[[], Any]]:
    """By name; those that begin with a word of ASKED_FOR are held to the bound."""
    owners = [b.grown.owner]
    waiting = b.db.read_sync(lambda c: queue.pending(c, 1_000))[-1]
    return {
        "list: admin, newest first": b.list("admin"),
        "list: admin, page 500": b.list("admin", page=500),
        "list: admin, by domain": b.list("admin", sort="target_domain"),
        "list: admin, failed by time of end": b.list("admin", status="failed", sort="-completed_at"),
        "list: admin, a part of the domain": b.list("admin", domain="977"),
        "list: admin, a part that no domain has": b.list("admin", domain="nothing"),
        "list: large owner, newest first (all wait)": b.list("owner"),
        "list: large owner, 200 a page": b.list("owner", page_size=200),
        "snapshot: 200 lines": b.snapshot(200),
        "snapshot: 1,000 lines": b.snapshot(1_000),
        "resume: from 1": b.resume(1),
        "resume: 900 behind": b.resume(head - 900),
        "resume: 19,000 behind, without progress and logs": b.resume(head - 19_000, topics(frozenset())),
        "sweep: 1,000 feeds, large owner": b.read(lambda c: tasks.heads(c, b.grown.task_ids[-FEEDS:], owners)),
        "count of unfinished tasks (in each POST)": b.read(lambda c: tasks.count_unfinished(c, b.grown.owner)),
        "place in the queue": b.read(lambda c: queue.position(c, waiting)),
        "monitor: active and waiting tasks": b.read(lambda c: (tasks.active(c), queue.pending(c, 1_000))),
        "warned before? (inside a write)": b.warn(),
        "newest retry": b.read(lambda c: tasks.last_retry_seq(c, b.grown.long_task)),
        "findings that a run knows": b.read(lambda c: violations.known_findings(c, b.grown.long_task, 1)),
        "log: 200 lines": b.read(lambda c: tasks.logs_after(c, b.grown.long_task, 1_000, 200)),
        "log: a text that no line has": b.read(lambda c: tasks.logs_after(c, b.grown.long_task, 0, 200, text="nope")),
        "violations: page of 50": b.of_task("violations"),
        "violations: page of 200, filtered": b.of_task("violations", page_size=200, risk="high"),
        "pages: 200 of the last ones": b.of_task("pages", page_size=200, page=50),
        "third parties: page of 50": b.of_task("third_parties"),
        "third parties: page of 200 by outcome": b.of_task("third_parties", page_size=200, outcome=Outcome.EXAMINED),
        "report: until its first piece": b.first_piece,
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
        "best": min(wall),
        "worst": max(wall),
        "processor": statistics.median(processor),
    }


async def run(folder: Path, grown: Grown) -> dict[str, dict[str, float]]:
    bench = Bench(folder, grown)
    row = bench.db.read_sync(lambda c: tasks.find(c, grown.long_task))
    assert row is not None
    found = {}
    print(f"{'milliseconds':<52}{'median':>9}{'best':>9}{'worst':>9}{'processor':>11}")
    for name, case in cases(bench, row.last_seq).items():
        found[name] = await measure(case, RUNS)
        print(f"{name:<52}" + "".join(f"{value:>9.1f}" for value in found[name].values()), flush=True)
    whole = await measure(bench.whole_report, 1)
    print(
        f"{'report: the whole of it, read by nobody else':<52}" + "".join(f"{value:>9.0f}" for value in whole.values())
    )
    await bench.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="a fiftieth of everything")
    parser.add_argument("--folder", type=Path, help="where the database is, or will be made")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    arguments = parser.parse_args()
    size = Size().divided(50) if arguments.small else Size()
    print(describe_machine())
    with ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        grown = open_or_build(folder, size)
        megabytes = (folder / "compliance.db").stat().st_size >> 20
        print(f"{size.tasks} tasks, {size.events} events, {size.lines} lines: {megabytes} MiB")
        found = asyncio.run(run(folder, grown))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2))
    late = [name for name, times in found.items() if name.startswith(ASKED_FOR) and times["processor"] > ASKED_MS]
    print(f"above {ASKED_MS:.0f} ms of processor time: {', '.join(late) or 'none that was asked for'}")
    sys.exit(bool(late))


def open_or_build(folder: Path, size: Size) -> Grown:
    folder.mkdir(parents=True, exist_ok=True)
    notes = folder / "grown.json"
    if not notes.exists():
        began = time.perf_counter()
        grown = build(folder, size)
        notes.write_text(json.dumps([grown.owner, grown.admin, grown.long_task, grown.task_ids]))
        print(f"made in {time.perf_counter() - began:.0f} s")
    return Grown(*json.loads(notes.read_text()))


if __name__ == "__main__":
    main()
