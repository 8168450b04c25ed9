"""What it costs to compare two scans that know very many third parties.

    .venv/bin/python bench/differences.py [--parties 20000] [--changed 200] [--limit-s 2]

Two stores are written, as scans write them: so many third parties, each referred to by three pages and captured once,
and so many of them others in the second scan. Then both are read and compared as the product does it. Printed: seconds
of processor time of the two readings and of the comparison, and each as a multiple of a bare loop over as many names,
which puts them into two sets and takes the difference. Ends with 1 when the two readings and the comparison take more
than 2 s together (`--limit-s`), whatever the number of third parties.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from fanout import describe_machine

from app.domain.coverage import Seen
from app.domain.differences import compare, unmatched
from app.domain.inventory import Inventory
from app.domain.scan_facts import Capture, FrontierUrl, PageFact, Reference, Relation, ThirdParty, UrlState
from app.inventory.loader import InventoryLoader
from app.scanstore.evidence_reader import SqliteEvidenceReader
from app.scanstore.sqlite import SqliteScanStore

LIMIT_S: Final = 2.0
SITE: Final = "corp.test"
PAGES: Final = 300
EACH: Final = 3  # pages that refer to a third party
AT_ONCE: Final = 1_000
T = TypeVar("T")


def write(path: Path, parties: int, changed: int, *, site: str = SITE, later: bool) -> None:
    """The third parties with the highest numbers are others in the later scan."""
    store = SqliteScanStore(path)
    urls = [f"http://{site}/p/{number}" for number in range(PAGES)]
    for number, url in enumerate(urls, start=1):
        store.add_page(PageFact(url, 1, 200, "text/html", "utf-8", f"Page {number}", 1_000, parsed=True))
        store.add_urls([FrontierUrl(number, url, url, site, 1)])
        store.finish_url(number, UrlState.DONE, seen=Seen.JUDGED)
    for number in range(parties):
        others = "new" if later and number >= parties - changed else "party"
        write_party(store, f"{others}{number}.test", [urls[(number + step) % PAGES] for step in range(EACH)])
        if number % AT_ONCE == 0:
            store.settle()
    store.settle()
    store.close()


def write_party(store: SqliteScanStore, domain: str, pages: list[str]) -> None:
    host, url = f"www.{domain}", f"http://www.{domain}/"
    store.add_references(
        [
            Reference(page, url, url, Relation.LINK, "a[href]", f"html > body > a:nth-child({len(domain)})")
            for page in pages
        ]
    )
    store.put_third_party(ThirdParty(domain, (host,), references=EACH, relation=Relation.LINK, example_page=pages[0]))
    store.put_capture(Capture(domain, host, url, url, 200, title=f"About {domain}"))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.process_time()
    return work(), time.process_time() - began


def load(path: Path) -> tuple[InventoryLoader, Inventory]:
    loader = InventoryLoader(SqliteEvidenceReader(path), site=SITE, registrable_of=lambda host: host)
    return loader, loader.load({})


def bare_loop(parties: int, changed: int) -> int:
    one = {f"party{number}.test" for number in range(parties)}
    other = {f"party{number}.test" for number in range(changed, parties + changed)}
    return len(one - other) + len(other - one)


def measure(before_path: Path, after_path: Path) -> tuple[dict[str, float], int]:
    costs: dict[str, float] = {}
    (old, before), costs["reading the earlier scan"] = timed(lambda: load(before_path))
    (new, after), costs["reading the later scan"] = timed(lambda: load(after_path))

    def work() -> list[Any]:
        placed = old.with_places(before, unmatched(before, after)), new.with_places(after, unmatched(after, before))
        return compare(*placed)

    found, costs["comparing them"] = timed(work)
    return costs, len(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parties", type=int, default=20_000, help="third parties of each scan")
    parser.add_argument("--changed", type=int, default=200, help="of these, which the other scan has not")
    parser.add_argument("--limit-s", type=float, default=LIMIT_S, help="maximum total processor time")
    arguments = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(prefix="differences-") as folder:
        paths = Path(folder) / "before.db", Path(folder) / "after.db"
        for later, path in enumerate(paths):
            write(path, arguments.parties, arguments.changed, later=bool(later))
        _, bare = timed(lambda: bare_loop(arguments.parties, arguments.changed))
        costs, found = measure(*paths)
    print(f"{arguments.parties:,} third parties against {arguments.parties:,}, {found:,} differences")
    print(f"  bare loop over the names: {bare:.3f} s")
    all_s = sum(costs.values())
    for name, cost in (*costs.items(), ("all", all_s)):
        print(f"  {name}: {cost:.2f} s, {cost / max(bare, 1e-6):,.0f} times the bare loop")
    is_late = all_s > arguments.limit_s
    print(f"too late: {'all' if is_late else 'none'}")
    return 1 if is_late else 0


if __name__ == "__main__":
    sys.exit(main())
