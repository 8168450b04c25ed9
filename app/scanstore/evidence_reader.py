"""Reads the results of a run about one third party, page or capture: the evidence of findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from app.domain.scan_facts import Capture, Hop, Reference
from app.scanstore import rows, schema
from app.scanstore.inventory_reader import InventoryReader
from app.scanstore.reader import MAX_LIMIT
from app.scanstore.schema import LISTED, FileRows, select

MAX_CAPTURES: Final = 50  # of one domain; a scan makes four
# References of a host that are weighed: the first that were found of each way in which it is referred to (relation,
# hidden or not), so that one script is not lost among thousands of links.
PER_WAY: Final = 50
_ROW: Final = ", ".join(f"refs.{name}" for name in ("id", *rows.REFERENCE_COLUMNS.split(", ")))
_WITH_PAGE: Final = f"{_ROW}, pages.id, pages.depth, pages.title"
_JOINED: Final = "refs LEFT JOIN pages ON pages.url = refs.page_url"
_HOSTS: Final = f"refs.host {LISTED}"
_OF_HOSTS: Final = f"WHERE {_HOSTS} ORDER BY refs.host, refs.id LIMIT ? OFFSET ?"
_OF_HOST_AFTER: Final = "WHERE refs.host = ? AND refs.id > ? ORDER BY refs.id LIMIT ?"
_OF_PAGE: Final = "WHERE refs.page_url = ? ORDER BY refs.id LIMIT ? OFFSET ?"
_RANKED: Final = select(
    "refs",
    "id, row_number() OVER (PARTITION BY host, relation, hidden IS NULL ORDER BY id) AS place",
    f"WHERE {_HOSTS}",
)
_FIRST: Final = select(f"({_RANKED}) AS ranked", "id", "WHERE place <= ?")
_WEIGHED: Final = select(_JOINED, _WITH_PAGE, f"WHERE refs.id IN ({_FIRST})")
_LEADING_TO: Final = (
    "WHERE refs.host = ? AND (refs.url = ? OR substr(refs.url, 1, ?) = ?) ORDER BY refs.hidden IS NULL, refs.id LIMIT 1"
)
_OF_PAGE_TO: Final = "WHERE refs.page_url = ? AND refs.host = ? ORDER BY refs.id LIMIT ?"
# Such references look the same to a reader.
_ALIKE_BEFORE: Final = (
    "WHERE page_url = ? AND id < ? AND raw = ? AND kind = ? AND text = ? AND snippet = ? AND coalesce(hidden, '') = ?"
)
_PAGES_OF_HOSTS: Final = select("refs", "host, count(DISTINCT page_url)", f"WHERE {_HOSTS} GROUP BY host")
_PAGES_WITH: Final = select("refs", "DISTINCT page_url", f"WHERE {_HOSTS}")
_HOSTS_ON: Final = select("refs", "DISTINCT page_url, host", f"WHERE page_url {LISTED} AND {_HOSTS}")
_HOSTS_OF: Final = select("third_parties", "domain, hosts", f"WHERE domain {LISTED}")
_NAMING: Final = (
    "WHERE id = (SELECT pages.id FROM hops JOIN frontier ON frontier.id = hops.found_on"
    " JOIN pages ON pages.url = frontier.url WHERE hops.url = ? LIMIT 1)"
)
_PAGE: Final = f"{rows.PAGE_COLUMNS}, id"
# The first that names a content says what it is.
_HASHES: Final = {
    "html_sha256": "html",
    schema.SOURCE_SHA256: "html",
    "text_sha256": "text",
    "screenshot_sha256": "screenshot",
}
# Each by an index of its own.
_SHOWN_AS: Final = " UNION ALL ".join(
    select(f"({select('captures', 'host', f'WHERE {name} = ? LIMIT 1')}) AS shown", f"'{kind}'", "")
    for name, kind in _HASHES.items()
)


class ContentKind(StrEnum):
    """Kind of a captured content."""

    HTML = "html"
    TEXT = "text"
    SCREENSHOT = "screenshot"


@dataclass(frozen=True, slots=True)
class StoredReference:
    """A reference with its page. `page_id` and `depth` are None when that was no page (a style sheet)."""

    id: int
    fact: Reference
    page_id: int | None
    depth: int | None
    page_title: str


class EvidenceReader(InventoryReader):
    """One look at a run, as `ScanReader`."""

    def party(self, domain: str) -> rows.ThirdPartyWithOutcome | None:
        """Return the third party; None when it is none."""
        found = self._seen(self._read(select("third_parties", rows.PARTY_COLUMNS, "WHERE domain = ?"), (domain,)))
        return found[0] if found else None

    def hosts_of(self, domains: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the hosts of each that is a third party."""
        return {domain: tuple(hosts.split()) for domain, hosts in self._read(_HOSTS_OF, (tuple(domains),))}

    def references_after(self, last_id: int, *, limit: int = MAX_LIMIT) -> list[StoredReference]:
        """Return the next references of the whole scan behind this one: so all of them are read."""
        query = select(_JOINED, _WITH_PAGE, "WHERE refs.id > ? ORDER BY refs.id LIMIT ?")
        return self._stored(query, (last_id, min(limit, MAX_LIMIT)))

    def references_to_after(self, host: str, last_id: int, *, limit: int = MAX_LIMIT) -> list[StoredReference]:
        """Return the next references to one host behind this one: each chunk costs the same, however many there are."""
        return self._stored(select(_JOINED, _WITH_PAGE, _OF_HOST_AFTER), (host, last_id, min(limit, MAX_LIMIT)))

    def references(self, *, offset: int = 0, limit: int = 100) -> tuple[list[StoredReference], int]:
        """Return a page of all references, in the order of finding, and how many there are."""
        total = self._number("SELECT count(*) FROM refs")
        query = select(_JOINED, _WITH_PAGE, "ORDER BY refs.id LIMIT ? OFFSET ?")
        return self._stored(query, (min(limit, MAX_LIMIT), offset)), total

    def references_to(
        self, hosts: Sequence[str], *, offset: int = 0, limit: int = 100
    ) -> tuple[list[StoredReference], int]:
        """Return a page of the references to these hosts, by host and in the order of finding, and how many."""
        listed = tuple(hosts)
        total = self._number(select("refs", "count(*)", f"WHERE {_HOSTS}"), listed)
        return self._stored(select(_JOINED, _WITH_PAGE, _OF_HOSTS), (listed, min(limit, MAX_LIMIT), offset)), total

    def references_on(self, page_url: str, *, offset: int = 0, limit: int = 100) -> tuple[list[StoredReference], int]:
        """Return a page of the references that stand on one page, in the order of finding, and how many."""
        total = self._number("SELECT count(*) FROM refs WHERE page_url = ?", page_url)
        query = select(_JOINED, _WITH_PAGE, _OF_PAGE)
        return self._stored(query, (page_url, min(limit, MAX_LIMIT), offset)), total

    def weighed(self, hosts: Sequence[str]) -> list[StoredReference]:
        """Return what the risk is made of: at most `PER_WAY` references of each way to each host, by number."""
        return self._stored(_WEIGHED, (tuple(hosts), PER_WAY))

    def leading_to(self, url: str) -> StoredReference | None:
        """Return a reference to this very address, whatever its fragment: a hidden one first, then the first found."""
        query = select(_JOINED, _WITH_PAGE, _LEADING_TO)
        found = self._stored(query, (rows.host_in(url), url, len(url) + 1, f"{url}#"))
        return found[0] if found else None

    def references_on_to(self, page_url: str, host: str, *, limit: int = 100) -> list[StoredReference]:
        """Return references on one page to one host, in the order of finding."""
        return self._stored(select(_JOINED, _WITH_PAGE, _OF_PAGE_TO), (page_url, host, min(limit, MAX_LIMIT)))

    def alike_before(self, reference: StoredReference) -> int:
        """Count the earlier references on its page that look the same: their DOM paths alone differ."""
        fact = reference.fact
        shown = (fact.raw, fact.kind, fact.text, fact.snippet, fact.hidden or "")
        return self._number(select("refs", "count(*)", _ALIKE_BEFORE), fact.page_url, reference.id, *shown)

    def pages_referring_to(self, hosts: Sequence[str]) -> dict[str, int]:
        """Return on how many pages each host is referred to."""
        return dict(self._read(_PAGES_OF_HOSTS, (tuple(hosts),)))

    def pages_with(self, hosts: Sequence[str]) -> list[str]:
        """Return the pages that refer to one of these hosts."""
        return [url for (url,) in self._read(_PAGES_WITH, (tuple(hosts),))]

    def hosts_on(self, pages: Sequence[str], hosts: Sequence[str]) -> list[tuple[str, str]]:
        """Return which of these pages refers to which of these hosts."""
        return [(url, host) for url, host in self._read(_HOSTS_ON, (tuple(pages), tuple(hosts)))]

    def parsed_pages(self) -> int:
        """Return how many pages the scan has read."""
        return self._number("SELECT count(*) FROM pages WHERE parsed")

    def page(self, page_id: int) -> rows.StoredPage | None:
        return self._one_page("WHERE id = ?", page_id)

    def page_at(self, url: str) -> rows.StoredPage | None:
        return self._one_page("WHERE url = ?", url)

    def page_naming(self, url: str) -> rows.StoredPage | None:
        """Return the page of the site that first named one of its forwarding addresses; None: no page did."""
        return self._one_page(_NAMING, url)

    def hop_from(self, url: str) -> Hop | None:
        """Return a redirect by which the crawl left an address of the site; None when there was none."""
        return self._hop("WHERE url = ? LIMIT 1", url)

    def hop_to(self, url: str) -> Hop | None:
        """Return the first redirect by which the crawl came to an address."""
        return self._hop("WHERE location = ? ORDER BY id LIMIT 1", url)

    def address_of(self, host: str) -> str:
        """Return the first address that a host of the site resolved to; "" when it is not known."""
        found = self._read("SELECT addresses FROM hosts WHERE name = ?", (host,))
        return found[0][0].partition(" ")[0] if found else ""

    def captures_of(self, domain: str) -> list[Capture]:
        """Return what was captured of a domain, by host and URL; the site's own start pages among it."""
        found = self._read(
            "SELECT body FROM captures WHERE domain = ? ORDER BY host, url LIMIT ?", (domain, MAX_CAPTURES)
        )
        return [rows.capture_fact(body) for (body,) in found]

    def captures_at(self, host: str) -> list[Capture]:
        """Return what was captured under this host."""
        found = self._read("SELECT body FROM captures WHERE host = ? ORDER BY url LIMIT ?", (host, MAX_CAPTURES))
        return [rows.capture_fact(body) for (body,) in found]

    def captures_after(self, host: str, url: str, *, limit: int) -> list[Capture]:
        """Return the next captures of the whole scan behind this one, by host and URL."""
        query = "SELECT body FROM captures WHERE (host, url) > (?, ?) ORDER BY host, url LIMIT ?"
        return [rows.capture_fact(body) for (body,) in self._read(query, (host, url, min(limit, MAX_LIMIT)))]

    def capture_at(self, host: str, url: str) -> Capture | None:
        found = self._read("SELECT body FROM captures WHERE host = ? AND url = ?", (host, url))
        return rows.capture_fact(found[0][0]) if found else None

    def content_kind(self, sha256: str) -> ContentKind | None:
        """Return as what a capture of this scan names the content; None when none does.

        A page's source comes first: what is shown as an image must have been taken by our own browser alone.
        """
        found = self._read(_SHOWN_AS, (sha256,) * len(_HASHES))
        return ContentKind(found[0][0]) if found else None

    def _one_page(self, condition: str, value: str | int) -> rows.StoredPage | None:
        found = self._read(select("pages", _PAGE, condition), (value,))
        return rows.stored_page(found[0]) if found else None

    def _hop(self, condition: str, url: str) -> Hop | None:
        found = self._read(select("hops", rows.HOP_COLUMNS, condition), (url,))
        return rows.hop_fact(found[0]) if found else None

    def _stored(self, query: str, parameters: Sequence[Any]) -> list[StoredReference]:
        return [_stored_reference(row) for row in self._read(query, parameters)]

    def _number(self, query: str, *parameters: Any) -> int:
        found = self._read(query, parameters)
        return int(found[0][0]) if found else 0


class SqliteEvidenceReader(EvidenceReader):
    """Reads the file of a run, as `reader.SqliteScanReader`."""

    def __init__(self, path: Path) -> None:
        super().__init__(FileRows(path))


def _stored_reference(row: rows.Row) -> StoredReference:
    number, *fact, page_id, depth, title = row
    return StoredReference(number, rows.reference_fact(tuple(fact)), page_id, depth, title or "")
