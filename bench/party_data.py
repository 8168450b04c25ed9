"""Third parties, as scans write them into their files and as the inventory lists them for each site."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from sites_data import NOW, YEAR
from sqlalchemy import Connection, insert

from app.core.db import Database
from app.domain.coverage import Seen
from app.domain.inventory import Party, Registration, Showing, Way
from app.domain.page_looks import DIGITS
from app.domain.party_memory import PartyMemory, remembered
from app.domain.scan_facts import (
    Capture,
    FrontierUrl,
    PageFact,
    Reference,
    RegistrationState,
    Relation,
    ThirdParty,
    UrlState,
)
from app.domain.scan_facts import Registration as StoredRegistration
from app.inventory.memories import text_of
from app.inventory.queries.parties import VERSION
from app.inventory.tables import party_changes, site_inventories, site_parties, site_services
from app.scanstore.sqlite import SqliteScanStore

PAGES: Final = 300  # of a scan
EACH: Final = 3  # pages that refer to a third party
AT_ONCE: Final = 1_000
LISTED: Final = 100  # third parties of a site in the inventory
COMMON: Final = 10  # of how many of these one is on every site
SERVICES: Final = 200  # that third parties of all sites belong to
TURN: Final = timedelta(days=5)  # of a third party that comes and goes
CHANGES: Final = 5  # of a third party, found by a scan of each site
REGISTRAR: Final = "Names Ltd."
REGISTERED_ON: Final = "2011-04-12"
REGISTRY: Final = "rdap.registry.example"
LOOK: Final = "3c" * (DIGITS // 2)
FACTS: Final = {
    "is_present": True, "category": "analytics", "relation": "script",
    "reference_count": 12, "hidden": 0, "page_count": 9, "page": "https://www.example.com/", "script": "https://cdn.example/app.js",
    "outcome": "examined", "registrar": REGISTRAR, "registered_on": REGISTERED_ON, "title": "About",
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
        name = name_of(number, is_other=number >= parties - changed)
        write_party(store, name, [urls[(number + step) % PAGES] for step in range(EACH)])
        if number % AT_ONCE == 0:
            store.settle()
    store.settle()
    store.close()


def name_of(number: int, *, is_other: bool) -> str:
    """Return the domain of a third party that `write_scan` writes. `is_other`: one of the changed ones."""
    return f"{'new' if is_other else 'party'}{number}.test"


def write_party(store: SqliteScanStore, domain: str, pages: list[str]) -> None:
    host, url = f"www.{domain}", f"http://www.{domain}/"
    store.add_references(
        [
            Reference(page, url, url, Relation.LINK, "a[href]", f"html > body > a:nth-child({len(domain)})")
            for page in pages
        ]
    )
    store.put_third_party(ThirdParty(domain, (host,), references=EACH, relation=Relation.LINK, example_page=pages[0]))
    registration = StoredRegistration(
        domain, RegistrationState.REGISTERED, REGISTRY, NOW.date().isoformat(), REGISTERED_ON, registrar=REGISTRAR
    )
    store.put_capture(
        Capture(domain, host, url, url, 200, title=f"About {domain}", registration=registration, look=LOOK)
    )


def list_taking_turns(db: Database, site: Values, parties: int, *, before: datetime, now: datetime) -> None:
    """List third parties of the two scans of `write_scan` that ended then, as the site remembers them when the later
    one, of which all are others, has just been listed: all have come and gone before.
    """
    rows = []
    for number in range(parties):
        for is_back in (False, True):
            domain = name_of(number, is_other=is_back)
            known, at = PartyMemory(remembered(facts_of(domain))), before - timedelta(days=20)
            for _ in range(2):
                known, at = replace(known, is_gone=True).back(facts_of(domain), at, at - timedelta(days=5)), at + TURN
            if is_back:
                known = replace(known, is_gone=True).back(facts_of(domain), now, before - TURN)
            seen = {"first_seen_at": NOW - YEAR, "last_seen_at": now if is_back else before}
            rows.append({**FACTS, **site, **seen, "domain": domain, "is_present": is_back, "memory": text_of(known)})
    db.write_sync(lambda connection: connection.execute(insert(site_parties), rows))


def facts_of(domain: str) -> Party:
    """Return what `write_party` writes as an inventory has it."""
    url = f"http://www.{domain}/"
    showing = Showing("content", domain, url, f"About {domain}", LOOK)
    registration = Registration(RegistrationState.REGISTERED.value, REGISTRY, REGISTERED_ON, REGISTRAR)
    return Party(domain, registration=registration, showings={url: showing}, ways=frozenset({Way(Relation.LINK.value)}))


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
    connection.execute(insert(site_inventories).values(**site, attempt=1, run=1, completed_at=NOW, version=VERSION))


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
