"""Rows that a scan wrote since the last flush, and their transfer to PostgreSQL in one transaction.

A store has one writer, so what is there is looked up and what is not is copied: no conflict can come in between.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from psycopg import Cursor

from app.domain.scan_facts import Capture, FrontierUrl, Hop, HostFact, PageFact, Reference, ThirdParty, UrlState
from app.scanstore import rows
from app.scanstore.postgres.characters import storable
from app.scanstore.postgres.dialect import HASH
from app.scanstore.rows import Row

MAX_NAME: Final = 253  # characters of a host that DNS can know; a longer one is cut, for the indexes
_URLS: Final = f"{rows.URL_COLUMNS}, links"
_DEPTH, _STATE, _SEEN, _LINKS = (_URLS.split(", ").index(name) for name in ("depth", "state", "seen", "links"))
_PAGE_DEPTH: Final = rows.PAGE_COLUMNS.split(", ").index("depth")
_END_URLS: Final = (
    "UPDATE scan_frontier AS f SET state = e.state, seen = e.seen, links = e.links"
    " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bytea[]) AS e (id, state, seen, links)"
    " WHERE f.store = %s AND f.id = e.id"
)
_SET_DEPTHS: Final = (
    "UPDATE scan_frontier AS f SET depth = d.depth FROM unnest(%s::bigint[], %s::integer[]) AS d (id, depth)"
    " WHERE f.store = %s AND f.id = d.id"
)
_SET_PAGE_DEPTHS: Final = (
    "UPDATE scan_pages AS p SET depth = d.depth FROM unnest(%s::text[], %s::integer[]) AS d (url, depth)"
    f" WHERE p.store = %s AND {HASH.format('p.url')} = {HASH.format('d.url')} AND p.url = d.url"
)
_KNOWN_PAGES: Final = (
    f"SELECT p.url, p.id FROM unnest(%s::text[]) AS n (url) JOIN scan_pages AS p"
    f" ON p.store = %s AND {HASH.format('p.url')} = {HASH.format('n.url')} AND p.url = n.url"
)


@dataclass(slots=True)
class NextIds:
    """The numbers that the next rows get, each counted within its store."""

    pages: int = 1
    hops: int = 1
    refs: int = 1


@dataclass(slots=True)
class Batch:
    """By the key that a later row replaces an earlier one with; of references and hops the first one stays."""

    hosts: dict[str, Row] = field(default_factory=dict)
    urls: dict[int, list[Any]] = field(default_factory=dict)  # new ones
    ends: dict[int, tuple[UrlState, str | None, bytes | None]] = field(default_factory=dict)  # of older URLs
    depths: dict[int, int] = field(default_factory=dict)  # of older URLs
    pages: dict[str, list[Any]] = field(default_factory=dict)
    page_depths: dict[str, int] = field(default_factory=dict)  # of pages that are not in `pages`
    hops: dict[bytes, Row] = field(default_factory=dict)
    references: dict[bytes, Row] = field(default_factory=dict)
    parties: dict[str, Row] = field(default_factory=dict)
    captures: dict[bytes, Row] = field(default_factory=dict)
    checkpoints: dict[str, Row] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)

    def put_host(self, host: HostFact) -> None:
        name, *others = rows.host_row(host)
        self.hosts[name[:MAX_NAME]] = (name[:MAX_NAME], *others)

    def add_url(self, url: FrontierUrl) -> None:
        self.urls[url.id] = [*rows.url_row(url), None]

    def end_url(self, url_id: int, state: UrlState, seen: str | None, links: bytes | None) -> None:
        if (row := self.urls.get(url_id)) is not None:
            row[_STATE], row[_SEEN], row[_LINKS] = state, seen, links
        else:
            self.ends[url_id] = (state, seen, links)

    def set_depth(self, url_id: int, url: str, depth: int) -> None:
        """Bring the URL nearer, and the page under it."""
        if (row := self.urls.get(url_id)) is not None:
            row[_DEPTH] = depth
        else:
            self.depths[url_id] = depth
        if (page := self.pages.get(url)) is not None:
            page[_PAGE_DEPTH] = depth
        else:
            self.page_depths[url] = depth

    def put_page(self, page: PageFact) -> None:
        self.pages[page.url] = list(rows.page_row(page))
        self.page_depths.pop(page.url, None)

    def add_hops(self, hops: Iterable[Hop], found_on: int) -> None:
        for hop in hops:
            self.hops.setdefault(text_identity(hop.url, hop.kind, hop.location), (*rows.hop_row(hop), found_on))

    def add_references(self, references: Iterable[Reference]) -> None:
        for identity, host, *fact in map(rows.reference_row, references):
            self.references.setdefault(identity, (host[:MAX_NAME], *fact))

    def put_party(self, party: ThirdParty) -> None:
        domain, *others = rows.party_row(party)
        self.parties[domain[:MAX_NAME]] = (domain[:MAX_NAME], *others)

    def put_capture(self, capture: Capture) -> None:
        host, url, domain, *others = rows.capture_row(capture)
        shown = (host[:MAX_NAME], url, domain[:MAX_NAME], *others, capture.source_sha256)
        self.captures[text_identity(host, url)] = shown

    def put_checkpoint(self, key: str, value: str) -> None:
        self.checkpoints[key] = (key, value)

    def write(self, cursor: Cursor[Any], store: int, ids: NextIds) -> None:
        """Write all of it, within the caller's transaction."""
        writer = _Writer(cursor, store)
        writer.replace("hosts", rows.HOST_COLUMNS, self.hosts)
        writer.copy("frontier", _URLS, self.urls.values())
        self._change_urls(cursor, store)
        self._write_pages(writer, ids)
        ids.hops += writer.add_unknown("hops", f"{rows.HOP_COLUMNS}, found_on", self.hops, ids.hops)
        ids.refs += writer.add_unknown("refs", f"host, {rows.REFERENCE_COLUMNS}", self.references, ids.refs)
        writer.replace("third_parties", rows.PARTY_COLUMNS, self.parties)
        captures = {identity: (identity, *row) for identity, row in self.captures.items()}
        writer.replace("captures", f"identity, {rows.CAPTURE_COLUMNS}, source_sha256", captures)
        writer.replace("checkpoints", "key, value", self.checkpoints)

    def _change_urls(self, cursor: Cursor[Any], store: int) -> None:
        if self.ends:
            states, seen, links = (list(column) for column in zip(*self.ends.values(), strict=True))
            cursor.execute(_END_URLS, (list(self.ends), states, seen, links, store))
        if self.depths:
            cursor.execute(_SET_DEPTHS, (list(self.depths), list(self.depths.values()), store))
        if self.page_depths:
            urls = [storable(url) for url in self.page_depths]
            cursor.execute(_SET_PAGE_DEPTHS, (urls, list(self.page_depths.values()), store))

    def _write_pages(self, writer: "_Writer", ids: NextIds) -> None:
        """A page that is fetched again keeps its id: readers know it by that."""
        if not self.pages:
            return
        pages = {storable(url): row for url, row in self.pages.items()}
        known = writer.take_out_pages(list(pages))
        fresh = [url for url in pages if url not in known]
        numbers = known | {url: ids.pages + number for number, url in enumerate(fresh)}
        ids.pages += len(fresh)
        writer.copy("pages", f"id, {rows.PAGE_COLUMNS}", ((numbers[url], *row) for url, row in pages.items()))


@dataclass(frozen=True, slots=True)
class _Writer:
    """Statements of one transaction on the tables of one store."""

    cursor: Cursor[Any]
    store: int

    def copy(self, table: str, columns: str, found: Iterable[Sequence[Any]]) -> None:
        """Add rows that are not there."""
        lines = list(found)
        if not lines:
            return
        with self.cursor.copy(f"COPY scan_{table} (store, {columns}) FROM STDIN") as copy:
            for row in lines:
                copy.write_row((self.store, *map(storable, row)))

    def replace(self, table: str, columns: str, found: Mapping[Any, Row]) -> None:
        """Put rows in the place of those with the same key, which is the first column."""
        if not found:
            return
        key = columns.partition(",")[0]
        self._delete(table, key, [storable(item) for item in found])
        self.copy(table, columns, found.values())

    def add_unknown(self, table: str, columns: str, found: Mapping[bytes, Row], first_id: int) -> int:
        """Add those whose identity is not there, numbered from `first_id`; returns how many."""
        if not found:
            return 0
        query = f"SELECT identity FROM scan_{table} WHERE store = %s AND identity = ANY(%s)"
        known = {bytes(identity) for (identity,) in self.cursor.execute(query, (self.store, list(found)))}
        fresh = [(identity, *row) for identity, row in found.items() if identity not in known]
        numbered = ((first_id + number, *row) for number, row in enumerate(fresh))
        self.copy(table, f"id, identity, {columns}", numbered)
        return len(fresh)

    def take_out_pages(self, urls: list[str]) -> dict[str, int]:
        """Remove the pages at these URLs, and return the ids of those that were there."""
        known: dict[str, int] = dict(self.cursor.execute(_KNOWN_PAGES, (urls, self.store)).fetchall())
        if known:
            self._delete("pages", "id", list(known.values()))
        return known

    def _delete(self, table: str, key: str, values: list[Any]) -> None:
        self.cursor.execute(f"DELETE FROM scan_{table} WHERE store = %s AND {key} = ANY(%s)", (self.store, values))


def text_identity(*parts: str) -> bytes:
    """Return 16 bytes for texts that may be longer than a row of an index."""
    return blake2b("\n".join(parts).encode(errors="surrogatepass"), digest_size=16).digest()


def as_blob(links: Sequence[int]) -> bytes | None:
    """Return numbers below 2**32 as they are stored; None: there are none."""
    return array("I", links).tobytes() if links else None
