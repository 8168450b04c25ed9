"""The store of one scan as its own process writes it: one SQLite file, one writer, commits in batches."""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from app.domain.coverage import Seen
from app.engines.model import (
    Capture,
    Counts,
    FrontierUrl,
    Hop,
    HostFact,
    PageFact,
    Reference,
    ThirdParty,
    UrlState,
)
from app.scanstore import rows, schema
from app.scanstore.errors import StoreUnavailable, refusal
from app.scanstore.lock import StoreLock
from app.scanstore.schema import insert, select

_ID: Final = "I"  # 32 bits: four thousand million URLs

_PUT_HOST: Final = insert("REPLACE", "hosts", rows.HOST_COLUMNS)
_HOSTS: Final = select("hosts", rows.HOST_COLUMNS, "ORDER BY name")
_ADD_URL: Final = insert("INSERT", "frontier", rows.URL_COLUMNS)
_URLS: Final = select("frontier", rows.URL_COLUMNS, "ORDER BY id")
_PUT_PAGE: Final = insert("REPLACE", "pages", rows.PAGE_COLUMNS)
_ADD_HOP: Final = insert("INSERT OR IGNORE", "hops", rows.HOP_COLUMNS)
_ADD_REFERENCE: Final = insert("INSERT OR IGNORE", "refs", f"identity, host, {rows.REFERENCE_COLUMNS}")
_REFERENCES_TO: Final = select(
    "refs", rows.REFERENCE_COLUMNS, "WHERE host IN (SELECT value FROM json_each(?)) ORDER BY id"
)
_PUT_PARTY: Final = insert("REPLACE", "third_parties", rows.PARTY_COLUMNS)
_PARTIES: Final = select("third_parties", rows.PARTY_COLUMNS, "ORDER BY domain")
_PUT_CAPTURE: Final = insert("REPLACE", "captures", rows.CAPTURE_COLUMNS)
_SET_DEPTH: Final = "UPDATE frontier SET depth = ? WHERE id = ?"
_SET_PAGE_DEPTH: Final = "UPDATE pages SET depth = ? WHERE url = (SELECT url FROM frontier WHERE id = ?)"
# What counts is defined in scan.md: names that resolve by themselves, 2xx HTML documents that were parsed.
_COUNTS: Final = """
SELECT (SELECT count(*) FROM hosts WHERE addresses <> '' AND NOT wildcard),
       (SELECT count(*) FROM pages WHERE parsed),
       (SELECT count(*) FROM third_parties),
       (SELECT count(*) FROM captures),
       (SELECT count(*) FROM frontier),
       (SELECT count(*) FROM frontier WHERE state = 'done')
"""


class SqliteScanStore:
    """Fulfils `engines.ports.ScanStore`; its contract is there.

    Used by one thread. Writes collect in an open transaction until `flush`; since readers use other connections, they
    see what was flushed. A killed process loses what was not flushed, all of it: URL, page, links and references of a
    document stand in the same transaction.

    Raises from any call:
        StoreUnavailable: SQLite refused. The open transaction is rolled back by `close`.
        StoreDamaged: the file is destroyed.
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file; its folder must exist.

        Raises:
            StoreLocked: another process writes to it.
            StoreMismatch: another version wrote it.
        """
        self._lock = StoreLock(path)
        try:
            self._db: sqlite3.Connection | None = schema.open_writer(path)
        except sqlite3.Error as error:
            self._lock.release()
            raise refusal(error) from error
        except BaseException:
            self._lock.release()
            raise

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreUnavailable("the store is closed")
        return self._db

    def _write(self, statement: str, items: Iterable[rows.Row]) -> int:
        """Runs the statement for every row; how many rows it touched."""
        found = list(items)
        try:
            return self._connection().executemany(statement, found).rowcount
        except UnicodeEncodeError:  # half of a surrogate pair, from a script's escapes; only texts of pages hold any
            return self._write(statement, [_encodable(row) for row in found])
        except sqlite3.Error as error:
            raise refusal(error) from error

    def _read(self, query: str, parameters: Sequence[Any] = ()) -> list[rows.Row]:
        try:
            return self._connection().execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise refusal(error) from error

    def put_host(self, host: HostFact) -> None:
        self._write(_PUT_HOST, [rows.host_row(host)])

    def hosts(self) -> list[HostFact]:
        return [rows.host_fact(row) for row in self._read(_HOSTS)]

    def load_urls(self) -> Iterator[FrontierUrl]:
        return map(rows.frontier_url, self._read(_URLS))

    def add_urls(self, urls: Iterable[FrontierUrl]) -> None:
        self._write(_ADD_URL, map(rows.url_row, urls))

    def finish_url(self, url_id: int, state: UrlState, links: Sequence[int] = (), *, seen: Seen | None = None) -> None:
        blob = array(_ID, links).tobytes() if links else None
        self._write("UPDATE frontier SET state = ?, links = ?, seen = ? WHERE id = ?", [(state, blob, seen, url_id)])

    def links_of(self, url_id: int) -> Sequence[int]:
        found = self._read("SELECT links FROM frontier WHERE id = ?", (url_id,))
        return array(_ID, found[0][0]) if found and found[0][0] else ()

    def set_depths(self, depths: Mapping[int, int]) -> None:
        changes = [(depth, url_id) for url_id, depth in depths.items()]
        self._write(_SET_DEPTH, changes)
        self._write(_SET_PAGE_DEPTH, changes)

    def add_page(self, page: PageFact) -> None:
        self._write(_PUT_PAGE, [rows.page_row(page)])

    def add_hops(self, hops: Iterable[Hop]) -> None:
        self._write(_ADD_HOP, map(rows.hop_row, hops))

    def add_references(self, references: Iterable[Reference]) -> int:
        return self._write(_ADD_REFERENCE, map(rows.reference_row, references))

    def referred_hosts(self) -> list[tuple[str, int]]:
        found = self._read("SELECT host, count(*) FROM refs GROUP BY host ORDER BY host")
        return [(host, count) for host, count in found]

    def references_to(self, hosts: Iterable[str]) -> Iterator[Reference]:
        return map(rows.reference_fact, self._read(_REFERENCES_TO, (orjson.dumps(list(hosts)).decode(),)))

    def put_third_party(self, party: ThirdParty) -> None:
        self._write(_PUT_PARTY, [rows.party_row(party)])

    def third_parties(self) -> list[ThirdParty]:
        return [rows.party_fact(row) for row in self._read(_PARTIES)]

    def put_capture(self, capture: Capture) -> None:
        self._write(_PUT_CAPTURE, [rows.capture_row(capture)])

    def captures(self) -> list[Capture]:
        found = self._read("SELECT body FROM captures ORDER BY domain, host, url")
        return [rows.capture_fact(body) for (body,) in found]

    def put_checkpoint(self, key: str, value: Any) -> None:
        self._write("REPLACE INTO checkpoints VALUES (?,?)", [(key, orjson.dumps(value).decode())])

    def checkpoint(self, key: str) -> Any:
        found = self._read("SELECT value FROM checkpoints WHERE key = ?", (key,))
        return orjson.loads(found[0][0]) if found else None

    def counts(self) -> Counts:
        names = ("subdomains", "pages", "third_parties", "captures", "urls_known", "urls_crawled")
        return Counts(**dict(zip(names, self._read(_COUNTS)[0], strict=True)))

    def flush(self) -> None:
        try:
            self._connection().commit()
        except sqlite3.Error as error:
            raise refusal(error) from error

    def close(self) -> None:
        if self._db is None:
            return
        try:
            self.flush()
        finally:
            self._db.close()
            self._db = None
            self._lock.release()


def _encodable(row: rows.Row) -> rows.Row:
    return tuple(
        field.encode(errors="replace").decode() if isinstance(field, str) and not field.isascii() else field
        for field in row
    )
