"""What reading costs when very many scans of sites have been completed: every view of all sites, and a difference.

    .venv/bin/python bench/sites.py --users 1 --targets 400 --scans 5000
    .venv/bin/python bench/sites.py [--postgres] [--scans 50000] [--targets 1000] [--users 50] [--parties 20000]
        [--runs 200] [--limit-s 2] [--json FILE]

Completed scans of so many targets are written as rows, over a year and half of them one user's, with five violations
each, every second of which waits for a person in a fifth of the scans; people have decided about some. The newest have
a scan's file beside them, as the review opens it. Each target is a site with a schedule, and 400 of the large owner's
are listed with a hundred third parties each, ten of which all of them have; a third of them belong to known services.
Every site has found five changes of a third party that all have. Two scans of one site have files of 20,000 third
parties, one in a hundred of which changes, and are compared. Two of another site have 20,000 others each, which have
taken turns before: all of the earlier scan are gone, and all of the later one are back.

Then each read is carried out as the product does it, views and encoding included: by an administrator, who sees all,
and by the large owner. Nothing is kept from the one before but the comparison of the two scans, which the product keeps
as well. Printed: median, 99th percentile and worst in milliseconds, and the median and 99th percentile of the processor
time; before them the processor time of the first comparison, and last what the end of a scan costs that counts its site
anew, and the processor time of the comparison of those that take turns.

Ends with 1 when one of both comparisons takes more than 2 s of processor time (`--limit-s`), or a read more than 50 ms:
on SQLite, all of which is in this process, at the 99th percentile of its processor time; on PostgreSQL, whose work is
done elsewhere, by the clock in the median.
"""

import argparse
import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import growth_postgres
import orjson
import structlog
from fanout import describe_machine
from growth_data import Fill, SqliteFill
from party_data import list_parties, list_taking_turns, write_scan
from sites_data import NOW, YEAR, World, write_files

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.heap import settle_heap
from app.core.paging import Paging
from app.core.principal import Principal
from app.domain.assignments import ReviewFilter
from app.domain.differences import Change, Section
from app.domain.messages import Language
from app.findings.evidence.service import EvidenceService
from app.findings.review import ReviewService
from app.inventory.differences import ALL, DifferenceFilter, DifferenceService
from app.inventory.party_service import PartyInventoryService
from app.inventory.queries.party_totals import PartyFilter
from app.overview.service import OverviewService, search
from app.scans.shown_run import RunRef
from app.scanstore.scan_folder import ScanFolder
from app.site_counts.service import SiteKeeper, recount
from app.sites.queries.sites import SiteFilter
from app.sites.service import SiteService
from app.tasks.target_parser import EngineTargetParser

ASKED_MS: Final = 50.0
COMPARISON: Final = "the first comparison"
TURNS: Final = "the comparison of those that take turns"
COMPARISON_S: Final = 2.0  # of processor time
LISTED: Final = 400  # sites whose third parties are listed: for so many it is asked
NOTHING: Final = cast("Any", None)
Works = dict[str, Callable[[], Awaitable[Any]]]


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
    print(f"{name:<54}" + "".join(f"{value:>10.1f}" for value in found.values()), flush=True)
    return found


async def read_overview(db: Database, principal: Principal, **asked: Any) -> Any:
    """As for the first one who looks: nothing is kept."""
    return await OverviewService(db=db, clock=SystemClock()).read(principal, **asked)


class Reads:
    """What people read, by the services of the product."""

    def __init__(self, db: Database, folder: Path, compared: str) -> None:
        clock, stores, targets = SystemClock(), ScanFolder(folder), EngineTargetParser()
        self._db = db
        self._compared = RunRef(compared)
        self._evidence = EvidenceService(
            db=db, stores=stores, contents=NOTHING, targets=targets, clock=clock, processes=NOTHING
        )
        self._review = ReviewService(db=db, evidence=self._evidence, clock=clock)
        others = dict.fromkeys(("bus", "settings", "audit", "scans", "orders", "runs"), NOTHING)
        self._sites = SiteService(db=db, clock=clock, **others)
        self._parties = PartyInventoryService(db=db)
        self._differences = DifferenceService(db=db, stores=stores, targets=targets, clock=clock)

    def close(self) -> None:
        self._evidence.close()
        self._differences.close()

    async def works(self, who: Principal) -> Works:
        asked: dict[str, Any] = {"today": NOW.date(), "language": Language.EN, "service": None}
        queue: dict[str, Any] = {"limit": 50, "language": Language.EN}
        first = await self._review.read(who, ReviewFilter(), cursor=None, **queue)
        assert first.items
        assert not first.unreadable
        rest, sites = first.next_cursor, partial(self._sites.list_page, who, page=1)
        parties = partial(self._parties.list_page, who)
        return {
            "overview": partial(read_overview, self._db, who, **asked),
            "sites": partial(sites, SiteFilter(), page_size=50),
            "sites, 200 on a page": partial(sites, SiteFilter(), page_size=200),
            "sites with a text": partial(sites, SiteFilter(q="39"), page_size=50),
            "search": partial(search, self._db, who, "977"),
            "search without a result": partial(search, self._db, who, "nothing"),
            "review": partial(self._review.read, who, ReviewFilter(), cursor=None, **queue),
            "review, the next page": partial(self._review.read, who, ReviewFilter(), cursor=rest, **queue),
            "all third parties": partial(parties, Paging()),
            "third parties, the newest": partial(parties, Paging(), sort="-first_seen_at"),
            "third parties by risk": partial(parties, Paging(), sort="-risk"),
            "third parties by risk, the tenth page": partial(parties, Paging(10), sort="-risk"),
            "third parties by pages": partial(parties, Paging(), sort="-pages"),
            "third parties with a risk": partial(parties, Paging(), PartyFilter(risk="any")),
            "third parties without a risk": partial(parties, Paging(), PartyFilter(risk="none")),
            "third parties with a text": partial(parties, Paging(), PartyFilter(q="party1")),
            "third parties of a service": partial(parties, Paging(), PartyFilter(service="Service 0")),
            "third parties without a service": partial(parties, Paging(), PartyFilter(service="unknown")),
            "services": partial(self._parties.list_services, who, Paging(), category=None),
            "sites with a service": partial(self._parties.list_service_sites, who, "Service 0", Paging(page_size=200)),
            "sites with a third party": partial(
                self._parties.get, who, "common0.test", Paging(page_size=200), language="en"
            ),
            "differences": partial(self.read_differences, who, ALL),
            "differences of one section": partial(self.read_differences, who, DifferenceFilter(Section.THIRD_PARTIES)),
        }

    async def read_differences(self, who: Principal, only: DifferenceFilter, scan: RunRef | None = None) -> Any:
        paging = Paging(page_size=50)
        return await self._differences.read(who, scan or self._compared, None, language="en", paging=paging, only=only)

    async def compare(self, name: str, who: Principal, scan: str) -> dict[str, Any]:
        """Compare a scan with the one before for the first time. Return the numbers of differences by section and kind,
        and the seconds of processor time that it cost.
        """
        began = time.process_time()
        pieces = await self.read_differences(who, ALL, RunRef(scan))
        cost_s = time.process_time() - began
        found = orjson.loads(b"".join(pieces))
        assert found["total"]
        print(f"{name}: {found['total']} differences, {cost_s:.2f} s of processor time")
        return {"counts": found["counts"], "cost_s": cost_s}


async def run(
    folder: Path, world: World, url: str, parties: int, runs: int
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the seconds of both comparisons, and the milliseconds of each read."""
    db = Database(url)
    began = time.perf_counter()
    await SiteKeeper(db=db, clock=SystemClock()).look()
    print(f"all sites counted once, as after an upgrade: {time.perf_counter() - began:.0f} s")
    few, turns = world.pairs(2)
    write_pair(folder / "scans", few, parties, changed=parties // 100)
    reads = Reads(db, folder / "scans", few[-1])
    listed = [(*site, task_id) for site, task_id in world.newest().items() if site[0] == world.owners[0]]
    list_parties(db, listed[:LISTED])
    admin, owner = Principal(world.admin, "user1", "admin"), Principal(world.owners[0], "user0", "user")
    costs = {COMPARISON: (await reads.compare(COMPARISON, owner, few[-1]))["cost_s"]}
    settle_heap()  # as a server does
    print(f"{'milliseconds':<54}" + "".join(f"{name:>10}" for name in ("median", "p99", "worst", "cpu", "cpu p99")))
    found: dict[str, dict[str, float]] = {}
    for who, principal in {"an administrator": admin, "the large owner": owner}.items():
        for name, work in (await reads.works(principal)).items():
            found[f"{name}, {who}"] = await measure(f"{name}, {who}", work, runs)
    sites = [(user_id, target) for _, user_id, target, *_ in world.tasks[-runs:]]
    upto = iter(sites * 2)
    await measure("a site counted anew", lambda: db.write(lambda c: recount(c, next(upto), now=NOW)), runs)
    costs[TURNS] = await compare_turns(db, folder / "scans", world, turns, parties, reads)
    reads.close()
    await db.close()
    return costs, found


async def compare_turns(
    db: Database, folder: Path, world: World, scans: tuple[str, str, str], parties: int, reads: Reads
) -> float:
    """Return the seconds of processor time of the comparison of two scans that have no third party in common."""
    target, *pair = scans
    write_pair(folder, scans, parties, changed=parties)
    site = {"user_id": world.owners[0], "target_domain": target, "task_id": pair[-1]}
    before, now = map(world.ended_at, pair)
    list_taking_turns(db, site, parties, before=before, now=now)
    made = await reads.compare(TURNS, Principal(world.owners[0], "user0", "user"), pair[-1])
    assert made["counts"] == {Section.THIRD_PARTIES: {Change.ROTATING: 2 * parties}}, made["counts"]
    return float(made["cost_s"])


def write_pair(folder: Path, scans: tuple[str, str, str], parties: int, *, changed: int) -> None:
    """Write the files of two scans of so many third parties; so many of the later one are others."""
    site, *pair = scans
    for is_later, task_id in enumerate(pair):
        path = folder / f"{task_id}-1.db"
        path.unlink(missing_ok=True)
        write_scan(path, site, parties, changed=changed if is_later else 0)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL that is started for it")
    parser.add_argument("--scans", type=int, default=50_000)
    parser.add_argument("--targets", type=int, default=1_000, help="that they are of, at each owner")
    parser.add_argument("--users", type=int, default=50, help="whose they are; one user has all")
    parser.add_argument("--parties", type=int, default=20_000, help="of two scans that are compared")
    parser.add_argument("--runs", type=int, default=200, help="of each read")
    parser.add_argument("--limit-s", type=float, default=COMPARISON_S, help="for each of both comparisons")
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
        world = World(arguments.scans, arguments.targets, arguments.users)
        world.write(fill)
        write_files(folder / "scans", world)
        print(f"{arguments.scans} completed scans of {len(world.newest())} sites")
        costs, found = asyncio.run(run(folder, world, url, arguments.parties, arguments.runs))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2))
    column = "median" if arguments.postgres else "processor p99"
    late = [name for name, cost_s in costs.items() if cost_s > arguments.limit_s]
    late += [name for name, times in found.items() if times[column] > ASKED_MS]
    print(f"too late: {', '.join(late) or 'none'}")
    sys.exit(bool(late))


if __name__ == "__main__":
    main()
