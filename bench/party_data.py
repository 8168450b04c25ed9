"""Third parties, as scans write them into their files and as the inventory lists them for each site."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from sites_data import NOW
from sqlalchemy import Connection, insert

from app.core.db import Database
from app.domain.coverage import Seen
from app.domain.scan_facts import Capture, FrontierUrl, PageFact, Reference, Relation, ThirdParty, UrlState
from app.inventory.queries.parties import VERSION
from app.inventory.tables import party_changes, site_inventories, site_parties, site_services
from app.scanstore.sqlite import SqliteScanStore

PAGES: Final = 300  # of a scan
EACH: Final = 3  # pages that refer to a third party
AT_ONCE: Final = 1_000
LISTED: Final = 100  # third parties of a site in the inventory
COMMON: Final = 10  # of how many of these one is on every site
SERVICES: Final = 200  # that third parties of all sites belong to
CHANGES: Final = 5  # of a third party, found by a scan of each site
FACTS: Final = {
    "is_present": True, "category": "analytics", "relation": "script",
    "reference_count": 12, "hidden": 0, "page": "https://www.example.com/", "script": "https://cdn.example/app.js",
    "outcome": "examined", "registrar": "Names Ltd.", "registered_on": "2011-04-12", "title": "About",
    "first_seen_at": NOW, "last_seen_at": NOW, "attempt": 1, "run": 1,
}  # fmt: skip


Values = dict[str, Any]


def write_scan(path: Path, site: str, parties: int, *, changed: int = 0) -> None:
    """Write the file of a scan of so many third parties, each captured once. The last `changed` of them are others than
    in a scan without changes.
    """
    store = SqliteScanStore(path)
    urls = [f"http://{site}/p/{number}" for number in range(PAGES)]
    for number, url in enumerate(urls, start=1):
        store.add_page(PageFact(url, 1, 200, "text/html", "utf-8", f"Page {number}", 1_000, parsed=True))
        store.add_urls([FrontierUrl(number, url, url, site, 1)])
        store.finish_url(number, UrlState.DONE, seen=Seen.JUDGED)
    for number in range(parties):
        name = "new" if number >= parties - changed else "party"
        write_party(store, f"{name}{number}.test", [urls[(number + step) % PAGES] for step in range(EACH)])
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


def list_parties(db: Database, sites: Iterable[tuple[str, str, str]]) -> None:
    """List third parties of sites in the inventory, with services and changes. `sites`: owner, target and newest scan
    of each.
    """
    for number, (user_id, target, task_id) in enumerate(sites):
        site = {"user_id": user_id, "target_domain": target, "task_id": task_id}
        names = names_of(number)
        rows = [{**FACTS, **site, "domain": name, "has_service": bool(services_of(name))} for name in names]
        services = [
            {**{name: row[name] for name in row if name in site_services.c}, "service": service}
            for row in rows
            for service in services_of(str(row["domain"]))
        ]
        db.write_sync(partial(_insert, rows=rows, services=services, changes=list(changes_of(site)), site=site))


def _insert(
    connection: Connection, *, rows: list[Values], services: list[Values], changes: list[Values], site: Values
) -> None:
    connection.execute(insert(site_parties), rows)
    connection.execute(insert(site_services), services)
    connection.execute(insert(party_changes), changes)
    connection.execute(insert(site_inventories).values(**site, attempt=1, completed_at=NOW, version=VERSION))


def services_of(domain: str) -> list[str]:
    """Return the services of a third party: of every third one, and two of every thirtieth."""
    number = crc32(domain.encode())
    return [f"Service {(number + step) % SERVICES}" for step in range((number % 3 == 0) + (number % 30 == 0))]


def changes_of(site: Values) -> Iterator[Values]:
    """Yield changes of the registrar of one third party, as a scan of each site has found them."""
    for number in range(CHANGES):
        yield {
            **site, "run": 1, "number": number, "attempt": 1, "at": NOW - timedelta(days=30 * (CHANGES - number)),
            "domain": "common0.test", "section": "content", "aspect": "registrar", "name": "common0.test",
            "before": f"Names {number}", "after": f"Names {number + 1}", "url": "",
        }  # fmt: skip


def names_of(site: int) -> list[str]:
    common = [f"common{number}.test" for number in range(LISTED // COMMON)]
    return [*common, *(f"party{number}-{site % 50}.test" for number in range(LISTED - len(common)))]
