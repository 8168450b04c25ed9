"""What the overview, the search and the review queue cost when very many scans have been completed.

    .venv/bin/python bench/sites.py [--postgres] [--scans 50000] [--targets 1000] [--runs 200] [--json FILE]

Completed scans of so many targets are written as rows, over a year and half of them one user's, with five violations
each, every second of which waits for a person in a fifth of the scans; people have decided about some. The newest have
a scan's file beside them, as the review opens it. Then each read is carried out as the product does it, views and
encoding included and nothing kept from the one before: by an administrator, who sees all, and by the large owner.
Printed: median, 99th percentile and worst in milliseconds, and the median of the processor time. Last, what the end of
a scan costs that counts its site anew.

Ends with 1 when a read takes more than 50 ms: on SQLite, all of which is in this process, at the 99th percentile of its
processor time; on PostgreSQL, whose work is done elsewhere, by the clock in the median.
"""

import argparse
import asyncio
import json
import logging
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import growth_postgres
import structlog
from fanout import describe_machine
from growth_data import RISKS, Fill, SqliteFill, finding_of

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.heap import settle_heap
from app.core.ids import first_id_of, new_id
from app.core.principal import Principal
from app.domain.assignments import ReviewFilter
from app.domain.messages import Language
from app.domain.projection import TaskProjection
from app.domain.scan_facts import Capture, PageFact, Reference, Relation, ThirdParty
from app.findings.evidence.service import EvidenceService
from app.findings.review import ReviewService
from app.overview.service import OverviewService, search
from app.scanstore.scan_folder import ScanFolder
from app.scanstore.sqlite import SqliteScanStore
from app.site_counts.service import SiteKeeper, recount
from app.tasks.target_parser import EngineTargetParser

ASKED_MS: Final = 50.0
USERS: Final = 50
FOUND: Final = 5  # violations of a scan
WITH_FILE: Final = 1_000  # of the newest scans
PARTIES: Final = 200  # third parties of a scan's file
YEAR: Final = timedelta(days=365)
NOW: Final = datetime.now(UTC).replace(microsecond=0)


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


class World:
    """The rows, in the order of their tables. `owners[0]` has half of all, `owners[1]` is an administrator."""

    def __init__(self, scans: int, targets: int) -> None:
        self.owners = [new_id() for _ in range(USERS)]
        self.targets = targets
        self._chance = random.Random(21)
        self.tasks: list[tuple[str, str, str, datetime, bool]] = []
        for number in range(scans):
            at = NOW - YEAR + (number + 1) * (YEAR / (scans + 1))
            task_id = f"{first_id_of(at)}-7000-8000-{number:012x}"
            owner = self.owners[0] if number % 2 else self._chance.choice(self.owners)
            waits = self._chance.random() < 0.2
            self.tasks.append((task_id, owner, f"corp-{self._chance.randrange(targets)}.example", at, waits))

    def write(self, fill: Fill) -> None:
        fill.insert("users", self._users())
        fill.insert("scan_tasks", self._scans("scan_tasks"))
        fill.insert("scan_runs", self._scans("scan_runs"))
        fill.insert("violations", self._violations())
        fill.insert("findings", self._findings())
        fill.insert("decisions", self._decisions())
        fill.finish()

    def _users(self) -> Iterator[dict[str, Any]]:
        for number, user_id in enumerate(self.owners):
            yield {
                "id": user_id,
                "username": f"user{number}",
                "email": f"user{number}@example.org",
                "password_hash": "x",
                "role": "admin" if number == 1 else "user",
                "is_active": 1,
                "token_version": 1,
                "created_at": moment(NOW - YEAR),
            }

    def _scans(self, table: str) -> Iterator[dict[str, Any]]:
        columns = {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in TaskProjection().to_columns().items()
        }
        counts = {"total": FOUND, "critical": 2, "high": 1, "medium": 1, "low": 1}
        for task_id, owner, target, at, waits in self.tasks:
            row = {
                **columns,
                "finding_counts": json.dumps({**counts, "needs_review": 2 if waits else 0}),
                "verdict": json.dumps({"result": "violations", "reasons": []}),
                "status": "completed",
                "attempt": 1,
                "run": 1,
                "last_seq": 100,
                "last_log_seq": 100,
                "running_s": 60.0,
                "queued_at": moment(at),
                "started_at": moment(at),
                "completed_at": moment(at + timedelta(minutes=5)),
            }
            if table == "scan_tasks":
                more = {"id": task_id, "user_id": owner, "target_domain": target, "config": "{}", "min_seq": 1}
                yield {**row, **more, "heartbeat": 0, "requeues": 0, "turn": 0, "created_at": moment(at)}
            else:
                yield {**row, "task_id": task_id, "conclusive": 1, "capture_bytes": 0}

    def _violations(self) -> Iterator[dict[str, Any]]:
        for task_id, _, _, at, waits in self.tasks:
            for number in range(FOUND):
                yield {
                    "id": f"{task_id[:24]}{number:012x}",
                    "task_id": task_id,
                    "run": 1,
                    "attempt": 1,
                    "domain": f"farm-{number:05}.example",
                    "violation_key": "gambling",
                    "cause": "gambling",
                    "confidence_score": 0.5 + number / 10,
                    "description": "A gambling site.",
                    "evidence": json.dumps([{"layer": "text", "rule": "r", "score": 0.9, "quote": "x" * 200}]),
                    "needs_review": int(waits and number % 2 == 1),
                    "url": f"https://farm-{number:05}.example/",
                    "found_on": "https://www.example.com/",
                    "created_at": moment(at),
                }

    def _findings(self) -> Iterator[dict[str, Any]]:
        decided = {(row["user_id"], row["target_domain"]) for row in self._decisions()}
        of_task = {task_id: (owner, target) for task_id, owner, target, _, _ in self.tasks}
        for number, violation in enumerate(self._violations()):
            is_dismissed = number % FOUND == 0 and of_task[violation["task_id"]] in decided
            yield finding_of(violation, RISKS[number % FOUND % len(RISKS)], "dismissed" if is_dismissed else "open")

    def _decisions(self) -> Iterator[dict[str, Any]]:
        for number in range(0, self.targets, 3):
            yield {
                "user_id": self.owners[0],
                "target_domain": f"corp-{number}.example",
                "domain": "farm-00000.example",
                "cause": "gambling",
                "kinds": '["gambling"]',
                "state": "dismissed",
                "reason": "ours",
                "decided_by": self.owners[1],
                "decided_by_name": "user1",
                "decided_at": moment(NOW - timedelta(days=number % 60)),
                "version": 1,
            }


def write_files(folder: Path, world: World) -> None:
    """Give the newest scans their files, which are all alike."""
    folder.mkdir(parents=True)
    first, *others = [f"{task_id}-1.db" for task_id, *_ in world.tasks[-WITH_FILE:]]
    store = SqliteScanStore(folder / first)
    for number in range(PARTIES):
        domain, page = f"farm-{number:05}.example", f"https://www.example.com/{number}"
        url = f"https://{domain}/"
        store.add_page(PageFact(page, 1, 200, "text/html", "utf-8", "A page", 10_000, parsed=True))
        store.put_third_party(ThirdParty(domain, (domain,), "unknown", 3, Relation.LINK, 0, page))
        store.add_references([Reference(page, url, url, Relation.LINK, "a[href]", "html > body > a", "<a>", "y", None)])
        store.put_capture(Capture(domain, domain, url, url, status=200, page_class="content", title="t"))
    store.flush()
    store.close()
    for name in others:
        shutil.copyfile(folder / first, folder / name)


async def measure(name: str, read: Callable[[], Awaitable[Any]], runs: int) -> dict[str, float]:
    await read()
    wall, processor = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        await read()
        wall.append((time.perf_counter() - began) * 1_000)
        processor.append((time.process_time() - used) * 1_000)
    found = {
        "median": statistics.median(wall),
        "p99": statistics.quantiles(wall, n=100)[98],
        "worst": max(wall),
        "processor": statistics.median(processor),
        "processor p99": statistics.quantiles(processor, n=100)[98],
    }
    print(f"{name:<44}" + "".join(f"{value:>10.1f}" for value in found.values()), flush=True)
    return found


async def read_overview(db: Database, principal: Principal, **asked: Any) -> Any:
    """As for the first one who looks: nothing is kept."""
    return await OverviewService(db=db, clock=SystemClock()).read(principal, **asked)


async def run(folder: Path, world: World, url: str, runs: int) -> dict[str, dict[str, float]]:
    db, clock, nothing = Database(url), SystemClock(), cast("Any", None)
    began = time.perf_counter()
    await SiteKeeper(db=db, clock=clock).look()
    print(f"all sites counted once, as after an upgrade: {time.perf_counter() - began:.0f} s")
    evidence = EvidenceService(
        db=db,
        stores=ScanFolder(folder / "scans"),
        contents=nothing,
        targets=EngineTargetParser(),
        clock=clock,
        processes=nothing,
    )
    review = ReviewService(db=db, evidence=evidence, clock=clock)
    people = {
        "an administrator": Principal(world.owners[1], "user1", "admin"),
        "the large owner": Principal(world.owners[0], "user0", "user"),
    }
    settle_heap()  # as a server does
    print(f"{'milliseconds':<44}" + "".join(f"{name:>10}" for name in ("median", "p99", "worst", "cpu", "cpu p99")))
    found: dict[str, dict[str, float]] = {}
    for who, principal in people.items():
        asked: dict[str, Any] = {"today": NOW.date(), "language": Language.EN, "service": None}
        queue: dict[str, Any] = {"limit": 50, "language": Language.EN}
        first = await review.read(principal, ReviewFilter(), cursor=None, **queue)
        assert first.items
        assert not first.unreadable
        rest = first.next_cursor
        reads: dict[str, Callable[[], Awaitable[Any]]] = {
            f"overview, {who}": partial(read_overview, db, principal, **asked),
            f"search, {who}": partial(search, db, principal, "977"),
            f"search for what is nowhere, {who}": partial(search, db, principal, "nothing"),
            f"review, {who}": partial(review.read, principal, ReviewFilter(), cursor=None, **queue),
            f"review, {who}, the next page": partial(review.read, principal, ReviewFilter(), cursor=rest, **queue),
        }
        for name, read in reads.items():
            found[name] = await measure(name, read, runs)
    sites = [(owner, target) for _, owner, target, *_ in world.tasks[-runs:]]
    upto = iter(sites * 2)
    await measure("a site counted anew", lambda: db.write(lambda c: recount(c, next(upto), now=NOW)), runs)
    evidence.close()
    await db.close()
    return found


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL that is started for it")
    parser.add_argument("--scans", type=int, default=50_000)
    parser.add_argument("--targets", type=int, default=1_000, help="that they are of, at each owner")
    parser.add_argument("--runs", type=int, default=200, help="of each read")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    arguments = parser.parse_args()
    print(describe_machine())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'compliance.db'}"
        fill: Fill
        if arguments.postgres:
            url = stack.enter_context(growth_postgres.running(folder))
            fill = growth_postgres.PostgresFill(url, NOW - YEAR)
        else:
            fill = SqliteFill(folder / "compliance.db")
        world = World(arguments.scans, arguments.targets)
        world.write(fill)
        write_files(folder / "scans", world)
        known = len({(owner, target) for _, owner, target, *_ in world.tasks})
        print(f"{arguments.scans} completed scans of {known} sites")
        found = asyncio.run(run(folder, world, url, arguments.runs))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2))
    column = "median" if arguments.postgres else "processor p99"
    late = [name for name, times in found.items() if times[column] > ASKED_MS]
    print(f"too late: {', '.join(late) or 'none'}")
    sys.exit(bool(late))


if __name__ == "__main__":
    main()
