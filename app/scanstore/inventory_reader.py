"""Reads what two scans are compared by, in bounded pieces: no answer has more rows than its caller asked for."""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from app.domain.inventory import RENDERED_KINDS
from app.domain.scan_facts import Hop
from app.scanstore import rows, schema
from app.scanstore.reader import ScanReader
from app.scanstore.schema import LISTED, select

_COUNTED: Final = "relation <> 'mention'"
# Scripts are told apart by their addresses, hidden links by their targets; of all others it is enough that they are
# there.
_ADDRESS: Final = (
    f"CASE WHEN relation = 'link' AND hidden IS NOT NULL THEN url"
    f" WHEN relation = 'script' THEN {schema.BARE_URL} ELSE '' END"
)
_IS_HIDDEN: Final = "relation = 'link' AND hidden IS NOT NULL"
_WAYS: Final = select(
    "refs", f"DISTINCT host, relation, {_ADDRESS}, {_IS_HIDDEN}", f"WHERE host {LISTED} AND {_COUNTED} LIMIT ?"
)
_PLACES: Final = select(
    "refs",
    f"DISTINCT host, relation, {_ADDRESS}, {_IS_HIDDEN}, page_url, kind,"
    # Scans of the version before have it in the snippet (`rows.reference_fact`).
    " CASE WHEN via <> '' THEN via WHEN relation = 'redirect' THEN snippet ELSE '' END",
    f"WHERE host {LISTED} AND {_COUNTED} LIMIT ?",
)
_PAGES_WITH: Final = select("refs", "count(DISTINCT page_url)", f"WHERE host {LISTED} AND {_COUNTED}")
_URLS: Final = select("frontier", "id, url, seen", "WHERE id > ? ORDER BY id LIMIT ?")
_HOPS: Final = select("hops", f"id, {rows.HOP_COLUMNS}", "WHERE id > ? ORDER BY id LIMIT ?")
_CAPTURES: Final = select(
    "captures", "host, url, domain, body", "WHERE (host, url) > (?, ?) ORDER BY host, url LIMIT ?"
)
_CAPTURES_OF: Final = select("captures", "host, url, domain, body", f"WHERE domain {LISTED} ORDER BY domain, host, url")
_RENDERED: Final = select(
    "refs",
    "1",
    f"WHERE page_url = ? AND ({' OR '.join(['kind LIKE ?'] * len(RENDERED_KINDS))}) LIMIT 1",
)


class StoredWay(NamedTuple):
    """One way in which the site refers to a host, as a row has it. `address`: see `_ADDRESS`."""

    host: str
    relation: str
    address: str
    is_hidden: bool  # of a file: 0 or 1


class StoredPlace(NamedTuple):
    """Where a reference stands. `via`: the address that sent on there; "" when a page refers to it."""

    host: str
    relation: str  # this and the next two as those of a `StoredWay`
    address: str
    is_hidden: bool
    page_url: str
    kind: str
    via: str


class InventoryReader(ScanReader):
    """What `ScanReader` reads, and whole scans piece by piece."""

    def ways_to(self, hosts: Sequence[str], *, limit: int) -> list[StoredWay]:
        """Return the different ways in which pages refer to these hosts."""
        return list(map(StoredWay._make, self._read(_WAYS, (tuple(hosts), limit))))

    def places_of(self, hosts: Sequence[str], *, limit: int) -> list[StoredPlace]:
        """Return where these hosts are referred to, equal references of a page once."""
        return list(map(StoredPlace._make, self._read(_PLACES, (tuple(hosts), limit))))

    def count_pages_with(self, hosts: Sequence[str]) -> int:
        """Count the pages, and style sheets, that refer to at least one of these hosts; a mention does not count."""
        found = self._read(_PAGES_WITH, (tuple(hosts),))
        return int(found[0][0]) if found else 0

    def urls_after(self, last_id: int, *, limit: int) -> list[tuple[int, str, str | None]]:
        """Return (id, URL, what it showed) of the next known URLs; of that see `domain.coverage.Seen`."""
        return [(row[0], row[1], row[2]) for row in self._read(_URLS, (last_id, limit))]

    def hops_after(self, last_id: int, *, limit: int) -> list[tuple[int, Hop]]:
        """Return the next redirects of the crawl, each with its number."""
        return [(row[0], rows.hop_fact(row[1:])) for row in self._read(_HOPS, (last_id, limit))]

    def capture_fields_after(self, host: str, url: str, *, limit: int) -> list[tuple[str, str, str, dict[str, Any]]]:
        """Return (host, URL, domain, fields) of the next captures, as `captures_after`, but not as facts: that takes
        five times as long.
        """
        found = self._read(_CAPTURES, (host, url, limit))
        return [(row[0], row[1], row[2], _fields(row[3])) for row in found]

    def capture_fields_of(self, domains: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the fields of the captures of each of these domains that has some; a scan makes four of each."""
        found: dict[str, list[dict[str, Any]]] = {}
        for _, _, domain, fields in self.capture_rows_of(domains):
            found.setdefault(domain, []).append(fields)
        return found

    def capture_rows_of(self, domains: Sequence[str]) -> list[tuple[str, str, str, dict[str, Any]]]:
        """Return the captures of these domains as `capture_fields_after` does."""
        found = self._read(_CAPTURES_OF, (tuple(domains),))
        return [(row[0], row[1], row[2], _fields(row[3])) for row in found]

    def is_rendered(self, page_url: str) -> bool:
        """Return whether a browser has found something on this page that its source does not say."""
        return bool(self._read(_RENDERED, (page_url, *(f"{kind}%" for kind in RENDERED_KINDS))))


def _fields(body: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(body)
    except orjson.JSONDecodeError:  # half surrogate pairs of pages
        found = json.loads(body)
    return found
