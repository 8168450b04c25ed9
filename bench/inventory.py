"""What it costs to ask which third parties all sites have, and which sites have one.

    .venv/bin/python bench/inventory.py [--sites 400] [--parties 100] [--runs 100]

So many sites of one user are listed with so many third parties each, a tenth of which all of them have. Then each read
is carried out as the product does it, encoding included: by an administrator and by the owner. Printed: median and 99th
percentile of the processor time in milliseconds, and of a bare loop that groups as many names in memory. Ends with 1
when a read takes more than 50 ms.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from fanout import describe_machine
from sqlalchemy import insert

from app.compose.tables import metadata
from app.core.db import Database
from app.core.paging import Paging
from app.core.principal import Principal
from app.inventory.party_service import PartyInventoryService
from app.inventory.tables import site_parties

ASKED_MS: Final = 50.0
NOW: Final = datetime.now(UTC)
PARTIES: Final = 100  # of each site
COMMON: Final = 10  # of how many one is on every site
FACTS: Final = {
    "is_present": True, "category": "analytics", "relation": "script",
    "reference_count": 12, "hidden": 0, "page": "https://www.example.com/", "script": "https://cdn.example/app.js",
    "outcome": "examined", "registrar": "Names Ltd.", "registered_on": "2011-04-12", "title": "About",
    "first_seen_at": NOW, "last_seen_at": NOW, "attempt": 1, "run": 1,
}  # fmt: skip


def names_of(site: int, parties: int) -> list[str]:
    common = [f"common{number}.test" for number in range(parties // COMMON)]
    return [*common, *(f"party{number}-{site % 50}.test" for number in range(parties - len(common)))]


def fill(db: Database, sites: Iterable[tuple[str, str, str]], parties: int = PARTIES) -> None:
    """List third parties of sites. `sites`: owner, target and newest scan of each."""
    for number, (user_id, target, task_id) in enumerate(sites):
        site = {"user_id": user_id, "target_domain": target, "task_id": task_id}
        rows = [{**FACTS, **site, "domain": name} for name in names_of(number, parties)]
        db.write_sync(lambda c, rows=rows: c.execute(insert(site_parties), rows) and None)


def works(service: PartyInventoryService, who: Principal) -> dict[str, Callable[[], Awaitable[object]]]:
    return {
        "all third parties": partial(service.list_page, who, Paging(), category=None),
        "third parties, the newest": partial(service.list_page, who, Paging(), category=None, sort="-first_seen_at"),
        "third parties with a text": partial(service.list_page, who, Paging(q="party1"), category=None),
        "sites with a third party": partial(service.get, who, "common0.test", Paging(page_size=200)),
    }


async def measure(work: Callable[[], Awaitable[object]], runs: int) -> list[float]:
    taken = []
    for _ in range(runs):
        began = time.process_time()
        await work()
        taken.append((time.process_time() - began) * 1_000)
    return sorted(taken)


async def reads(db: Database, runs: int) -> dict[str, list[float]]:
    service = PartyInventoryService(db=db)
    return {
        f"{name}, {who.username}": await measure(work, runs)
        for who in (Principal("admin", "admin", "admin"), Principal("owner", "owner", "user"))
        for name, work in works(service, who).items()
    }


def bare_loop(sites: int, parties: int) -> float:
    names = [name for site in range(sites) for name in names_of(site, parties)]
    random.Random(3).shuffle(names)
    began = time.process_time()
    Counter(names).most_common(50)
    return (time.process_time() - began) * 1_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=400)
    parser.add_argument("--parties", type=int, default=PARTIES, help="of each site")
    parser.add_argument("--runs", type=int, default=100, help="of each read")
    arguments = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(prefix="inventory-") as folder:
        db = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        metadata.create_all(db.engine)
        fill(db, [("owner", f"site{site}.test", "0" * 36) for site in range(arguments.sites)], arguments.parties)
        found = asyncio.run(reads(db, arguments.runs))
        db.close_sync()
    print(f"{arguments.sites} sites with {arguments.parties} third parties each, processor time in ms: median, 99 %")
    print(f"  bare loop: {bare_loop(arguments.sites, arguments.parties):.1f}")
    for name, taken in found.items():
        print(f"  {name}: {statistics.median(taken):.1f}, {taken[int(len(taken) * 0.99) - 1]:.1f}")
    late = [name for name, taken in found.items() if taken[int(len(taken) * 0.99) - 1] > ASKED_MS]
    print(f"too late: {', '.join(late) or 'none'}")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
