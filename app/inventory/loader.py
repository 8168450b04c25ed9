"""Builds a `domain.inventory.Inventory` from the store of a scan. Blocking; reads batches of at most PIECE rows."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.core.errors import ScannerError
from app.core.redact import display_text
from app.domain.certificate_error import code_of
from app.domain.comparable import comparable_issuer, comparable_page, comparable_script, comparable_url
from app.domain.coverage import Seen
from app.domain.inventory import (
    NO_NAME,
    RENDERED_KINDS,
    Certificate,
    FindingKey,
    Inventory,
    Party,
    Place,
    Registration,
    Risk,
    Showing,
    Way,
)
from app.domain.scan_facts import Relation
from app.domain.second_looks import SecondLook
from app.domain.targets import TargetParser
from app.scanstore.inventory_reader import InventoryReader, StoredPlace, StoredWay
from app.scanstore.rows import ThirdPartyWithOutcome, host_in

PIECE: Final = 1_000
MAX_URLS: Final = 200_000  # of the site; further ones count as not read
MAX_HOPS: Final = 20_000
MAX_WAYS: Final = 100  # of one third party; with more (a URL for each visitor), ways are not compared
DOMAINS_AT_ONCE: Final = 100
MAX_PLACES: Final = 5_000  # of one third party; with more, it is unknown whether all were checked
MAX_PLACES_IN_ALL: Final = 200_000
MAX_TITLE: Final = 200  # characters of a page's
# Outcomes of pages that were checked, including that they are gone or redirect elsewhere.
_READ: Final = frozenset({Seen.JUDGED, Seen.GONE, Seen.MOVED, Seen.SHEET, Seen.FORM, Seen.NOT_HTML})
RegistrableOf = Callable[[str], str]  # of a host; the host itself where there is none


def registration_and_title(captures: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return registration and title from the captures of a third party."""
    registration: Mapping[str, Any] = next((found for one in captures if (found := one.get("registration"))), {})
    titles = (display_text(one.get("title", "")) for one in captures)
    return {
        "registrar": display_text(registration.get("registrar", "")),
        "registered_on": registration.get("registered_on", "")[:10],
        "title": next((title[:MAX_TITLE] for title in titles if title), ""),
    }


def registrable_by(targets: TargetParser) -> RegistrableOf:
    """Return the function that names the registrable domain of a host. Its first labels may be no name that can be
    scanned, such as one with an underscore.
    """

    def registrable_of(host: str) -> str:
        name = host
        while name:
            try:
                return targets.parse(name).registrable
            except ScannerError:
                name = name.partition(".")[2]
        return host  # an IP address, or a public suffix

    return registrable_of


class InventoryLoader:
    """Reads one scan, in one thread. `site`: registrable domain of the target."""

    def __init__(self, reader: InventoryReader, *, site: str, registrable_of: RegistrableOf) -> None:
        self._reader = reader
        self._site = site
        self._registrable_of = registrable_of
        self._domains: dict[str, str] = {}  # of the hosts of all third parties
        self._hosts: dict[str, tuple[str, ...]] = {}  # and the other way round
        self._looks: Mapping[str, SecondLook] | None = None  # None: they were not read yet
        # Very many are equal, and are made once.
        self._way_of: dict[tuple[str, str], Way] = {}
        self._place_of: dict[tuple[Any, ...], Place] = {}

    def load(self, findings: Mapping[FindingKey, Risk]) -> Inventory:
        """Return the inventory without places. Raises ScanStoreError."""
        rows = list(self._rows())
        self._note_hosts(rows)
        captures = self._captures()
        captures.take_all(self._reader)
        return Inventory(
            parties={party.domain: party for party in self._parties(rows, captures)},
            hosts=dict(self._own_hosts()),
            own=captures.own,
            certificates=captures.certificates,
            redirects=dict(self._redirects()),
            findings=findings,
            read=frozenset(self._read_pages()),
            is_whole=self._reader.omitted_third_parties() == 0,
        )

    def with_places(self, inventory: Inventory, domains: Sequence[str]) -> Inventory:
        """Return the inventory with the places of these third parties, up to the limits."""
        places: dict[str, list[Place]] = {}
        total = 0
        for start in range(0, len(domains), DOMAINS_AT_ONCE):
            found = self._places(domains[start : start + DOMAINS_AT_ONCE])
            places |= found
            total += sum(map(len, found.values()))
            if total > MAX_PLACES_IN_ALL:
                break
        return replace(inventory, places=places)

    def facts_of(self, rows: Sequence[ThirdPartyWithOutcome]) -> dict[str, Party]:
        """Return third parties with their registrations and showings, without reading the whole scan."""
        self._note_hosts(rows)
        captures = self._captures()
        for row in self._reader.capture_rows_of([party.domain for party in rows]) if rows else ():
            captures.take(*row)
        return {party.domain: party for party in self._parties(rows, captures)}

    def own_showings(self) -> Mapping[str, Showing]:
        """Return the captured pages of the site, without reading the whole scan."""
        captures = self._captures()
        for row in self._reader.capture_rows_of([self._site]):
            captures.take(*row)
        return captures.own

    def _captures(self) -> "_Captures":
        if self._looks is None:
            self._looks = self._reader.second_looks()
        return _Captures(self._domain_of, self._site, self._looks)

    def rendered_among(self, pages: Mapping[str, str]) -> frozenset[str]:
        """Return the pages that a browser has rendered; `pages`: URLs by comparable URL."""
        return frozenset(page for page, url in pages.items() if self._reader.is_rendered(url))

    # Third parties

    def _rows(self) -> Iterator[ThirdPartyWithOutcome]:
        last = ""
        while rows := self._reader.third_parties_after(last, limit=PIECE):
            last = rows[-1].domain
            yield from (row for row in rows if row.relation is not Relation.MENTION)

    def _note_hosts(self, rows: Iterable[ThirdPartyWithOutcome]) -> None:
        for row in rows:
            self._hosts[row.domain] = row.hosts
            self._domains.update(dict.fromkeys(row.hosts, row.domain))

    def _parties(self, rows: Sequence[ThirdPartyWithOutcome], captures: "_Captures") -> Iterator[Party]:
        for start in range(0, len(rows), DOMAINS_AT_ONCE):
            yield from self._parties_of(rows[start : start + DOMAINS_AT_ONCE], captures)

    def _parties_of(self, rows: Sequence[ThirdPartyWithOutcome], captures: "_Captures") -> Iterator[Party]:
        ways = self._ways([row.domain for row in rows])
        for row in rows:
            stored = ways.get(row.domain)
            yield Party(
                row.domain,
                category=row.category,
                relation=row.relation.value,
                page=row.example_page,
                outcome=row.outcome,
                registration=captures.registrations.get(row.domain),
                showings=captures.showings.get(row.domain, {}),
                ways=None if stored is None else frozenset([self._way(way.relation, way.address) for way in stored]),
                hidden=frozenset([comparable_url(way.address) for way in stored or () if way.is_hidden]),
            )

    def _ways(self, domains: Sequence[str]) -> dict[str, list[StoredWay]]:
        """Return the ways of each third party, without those that have too many."""
        limit = MAX_WAYS * len(domains)
        found = self._reader.ways_to(self._hosts_of(domains), limit=limit)
        if len(found) >= limit:  # one of them has a URL for each visitor: each is read alone
            return {} if len(domains) == 1 else {d: w for d in domains for d, w in self._ways([d]).items()}
        ways: dict[str, list[StoredWay]] = {domain: [] for domain in domains}
        for way in found:
            ways[self._domains[way.host]].append(way)
        return {domain: some for domain, some in ways.items() if len(some) <= MAX_WAYS}

    def _places(self, domains: Sequence[str]) -> dict[str, list[Place]]:
        limit = MAX_PLACES if len(domains) == 1 else 4 * MAX_PLACES
        known = [domain for domain in domains if domain in self._hosts]
        found = self._reader.places_of(self._hosts_of(known), limit=limit) if known else []
        if len(found) >= limit:
            return {} if len(known) == 1 else {d: p for d in known for d, p in self._places([d]).items()}
        places: dict[str, list[Place]] = {domain: [] for domain in known}
        for stored in found:
            key = stored[1:]
            if (place := self._place_of.get(key)) is None:
                place = self._place_of[key] = self._place(stored)
            places[self._domains[stored.host]].append(place)
        return places

    def _way(self, relation: str, stored_address: str) -> Way:
        key = (relation, stored_address)
        if (way := self._way_of.get(key)) is None:
            address = comparable_script(stored_address) if relation == "script" else ""
            way = self._way_of[key] = Way(relation, address)
        return way

    def _place(self, stored: StoredPlace) -> Place:
        via_host = host_in(stored.via) if stored.kind.startswith("redirect:") else ""
        is_foreign = bool(via_host) and not self._owns(via_host)
        return Place(
            comparable_page(stored.page_url),
            self._way(stored.relation, stored.address),
            hidden=comparable_url(stored.address) if stored.is_hidden else "",
            is_rendered=stored.kind.startswith(RENDERED_KINDS),
            via=self._domain_of(via_host) if is_foreign else "",
        )

    def _hosts_of(self, domains: Sequence[str]) -> list[str]:
        return [host for domain in domains for host in self._hosts[domain]]

    # The site

    def _own_hosts(self) -> Iterator[tuple[str, str]]:
        last = ""
        while hosts := self._reader.subdomains_after(last, limit=PIECE):
            last = hosts[-1].name
            yield from ((host.name, _provider(host.cnames)) for host in hosts)

    def _redirects(self) -> Iterator[tuple[str, str]]:
        last, number = 0, 0
        while (hops := self._reader.hops_after(last, limit=PIECE)) and number < MAX_HOPS:
            last, number = hops[-1][0], number + len(hops)
            for _, hop in hops:
                host = host_in(hop.location)
                if self._owns(host_in(hop.url)) and not self._owns(host):
                    yield comparable_page(hop.url), self._domain_of(host)

    def _read_pages(self) -> Iterator[str]:
        last, number = 0, 0
        while (urls := self._reader.urls_after(last, limit=PIECE)) and number < MAX_URLS:
            last, number = urls[-1][0], number + len(urls)
            yield from (comparable_page(url) for _, url, seen in urls if seen in _READ)

    def _domain_of(self, host: str) -> str:
        return self._domains.get(host) or (self._site if self._owns(host) else self._registrable_of(host))

    def _owns(self, host: str) -> bool:
        return host == self._site or host.endswith(f".{self._site}")


class _Captures:
    """The captures of a scan, by owner."""

    def __init__(self, domain_of: RegistrableOf, site: str, looks: Mapping[str, SecondLook]) -> None:
        self._looks = looks
        self.own: dict[str, Showing] = {}
        self.certificates: dict[str, Certificate] = {}
        self.showings: defaultdict[str, dict[str, Showing]] = defaultdict(dict)
        self.registrations: dict[str, Registration] = {}
        self._equal: dict[tuple[str, ...], Registration] = {}
        self._domain_of = domain_of
        self._site = site

    def take_all(self, reader: InventoryReader) -> None:
        host = url = ""
        while rows := reader.capture_fields_after(host, url, limit=PIECE):
            host, url = rows[-1][:2]
            for row in rows:
                self.take(*row)

    def _registration(self, fields: Mapping[str, Any]) -> Registration:
        """Return one for all equal ones: registries and registrars are few."""
        texts = fields["state"], fields["source"], fields["registered_on"], fields.get("registrar", "")
        if (known := self._equal.get(texts)) is None:
            known = self._equal[texts] = Registration(*texts)
        return known

    def take(self, host: str, url: str, domain: str, fields: Mapping[str, Any]) -> None:
        final = host_in(fields["final_url"]) or host
        showing = Showing(
            kind=NO_NAME if fields.get("dead") else "" if fields.get("error") else fields["page_class"],
            site=self._domain_of(final),
            url=url,
            title=fields.get("title", ""),
            look=fields.get("look", ""),
        )
        if (look := self._looks.get(url)) is not None:
            showing = look.applied(showing)
        is_own = domain == self._site
        (self.own if is_own else self.showings[domain]).setdefault(comparable_url(url), showing)
        if (registration := fields.get("registration")) is not None:
            self.registrations[domain] = self._registration(registration)
        if (tls := fields.get("tls")) is not None:
            self.certificates.setdefault(host, _certificate(tls))


def _certificate(fields: Mapping[str, Any]) -> Certificate:
    problem = code_of(fields.get("error", ""))
    names = frozenset(fields.get("names", ()))
    return Certificate(comparable_issuer(fields["issuer"]), names, "" if problem is None else problem.value)


def _provider(aliases: Sequence[str]) -> str:
    """Return the last two labels of the target of an alias, without node numbers; "": no alias."""
    return ".".join(aliases[-1].rstrip(".").split(".")[-2:]) if aliases else ""
