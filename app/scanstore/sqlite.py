"""The store of one scan as its own process writes it: one SQLite file, one writer, commits in batches."""

import sqlite3
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from app.domain.coverage import Seen
from app.domain.scan_facts import Capture, FrontierUrl, Hop, HostFact, PageFact, Reference, ThirdParty, UrlState
from app.scanstore import rows, schema
from app.scanstore.checkpointer import Checkpointer
from app.scanstore.errors import StoreUnavailable, refusal
from app.scanstore.lock import StoreLock
from app.scanstore.schema import insert, select
from app.scanstore.stored_facts import StoredFacts

_ID: Final = "I"  # 32 bits: four thousand million URLs

_PUT_HOST: Final = insert("REPLACE", "hosts", rows.HOST_COLUMNS)
_ADD_URL: Final = insert("INSERT", "frontier", rows.URL_COLUMNS)
_URLS: Final = select("frontier", rows.URL_COLUMNS, "ORDER BY id")
_URL: Final = select("frontier", rows.URL_COLUMNS, "WHERE id = ?")
# A page that is fetched again keeps its id: readers know it by that.
_PUT_PAGE: Final = (
    insert("INSERT", "pages", rows.PAGE_COLUMNS)
    + " ON CONFLICT (url) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in rows.PAGE_COLUMNS.split(", "))
)
_ADD_HOP: Final = insert("INSERT OR IGNORE", "hops", f"{rows.HOP_COLUMNS}, found_on")
_ADD_REFERENCE: Final = insert("INSERT OR IGNORE", "refs", f"identity, host, {rows.REFERENCE_COLUMNS}")
_REFERENCES: Final = select("refs", rows.REFERENCE_COLUMNS, "ORDER BY id")
_PUT_PARTY: Final = insert("REPLACE", "third_parties", rows.PARTY_COLUMNS)
_PUT_CAPTURE: Final = insert("REPLACE", "captures", rows.CAPTURE_COLUMNS)
_FINISH_URL: Final = "UPDATE frontier SET state = ?, links = ?, seen = ? WHERE id = ?"
# What each page brings is written for some pages at a time. In this order: a URL is finished after all that it brought.
_COLLECTED: Final = (_PUT_PAGE, _ADD_REFERENCE, _ADD_URL, _FINISH_URL)
ROWS_AT_ONCE: Final = 100  # that are read under the lock; between two such pieces the store may be closed
MAX_COLLECTED: Final = 200  # rows: one or two milliseconds
_SET_DEPTH: Final = "UPDATE frontier SET depth = ? WHERE id = ?"
_SET_PAGE_DEPTH: Final = "UPDATE pages SET depth = ? WHERE url = (SELECT url FROM frontier WHERE id = ?)"


class SqliteScanStore(StoredFacts):
    """Fulfils `engines.ports.ScanStore`; its contract is there.

    Used by one thread at a time; closing alone waits for a thread that still uses it, as that of a cancelled scan may:
    SQLite would go on in what it has freed. Writes collect in memory and in an open transaction until `flush`; since
    readers use other connections, they see what was flushed. A killed process loses what was not flushed, all of it:
    URL, page, links and references of a document stand in the same transaction. What SQLite refuses may show at a
    later call.

    Raises from any call:
        StoreUnavailable: SQLite refused. The open transaction is rolled back by `close`.
        StoreDamaged: the file is destroyed.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file; its folder must exist.

        Raises:
            StoreLocked: another process writes to it.
            StoreMismatch: another version wrote it.
        """
        self._lock = StoreLock(path)
        self._in_use = threading.Lock()
        self._collected: dict[str, list[rows.Row]] = {statement: [] for statement in _COLLECTED}
        try:
            self._db: sqlite3.Connection | None = schema.open_writer(path)
        except sqlite3.Error as error:
            self._lock.release()
            raise refusal(error) from error
        except BaseException:
            self._lock.release()
            raise
        self._checkpointer = Checkpointer(path)

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreUnavailable("the store is closed")
        return self._db

    def _collect(self, statement: str, items: Iterable[rows.Row]) -> None:
        """Run the statement for every row, some time before anything else is done with the tables."""
        self._connection()  # a closed store says so
        self._collected[statement] += items
        if sum(map(len, self._collected.values())) >= MAX_COLLECTED:
            self._write_collected()

    def _write_collected(self) -> None:
        """Raises, and forgets all that was collected: a URL must not be finished without what it brought."""
        collected = self._collected
        self._collected = {statement: [] for statement in _COLLECTED}
        for statement, found in collected.items():
            if found:
                self._execute(statement, found)

    def _write(self, statement: str, items: Iterable[rows.Row]) -> None:
        """Run the statement for every row."""
        self._write_collected()
        self._execute(statement, list(items))

    def _execute(self, statement: str, found: list[rows.Row]) -> None:
        try:
            with self._in_use:
                self._connection().executemany(statement, found)
        except UnicodeEncodeError:  # half of a surrogate pair, from a script's escapes; only texts of pages hold any
            self._execute(statement, [_encodable(row) for row in found])
        except sqlite3.Error as error:
            raise refusal(error) from error

    def _read(self, query: str, parameters: Sequence[Any] = ()) -> list[rows.Row]:
        return list(self._stream(query, parameters))

    def _stream(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[rows.Row]:
        """Yield row by row: all URLs or references of a large scan are more than a process should hold."""
        self._write_collected()
        try:
            with self._in_use:
                cursor = self._connection().execute(query, parameters)
            while True:
                with self._in_use:
                    found = cursor.fetchmany(ROWS_AT_ONCE)
                if not found:
                    return
                yield from found
        except sqlite3.Error as error:
            raise refusal(error) from error

    def put_host(self, host: HostFact) -> None:
        self._write(_PUT_HOST, [rows.host_row(host)])

    def load_urls(self) -> Iterator[FrontierUrl]:
        return map(rows.frontier_url, self._stream(_URLS))

    def url_of(self, url_id: int) -> FrontierUrl:
        self._write_collected()
        try:
            return rows.frontier_url(self._connection().execute(_URL, (url_id,)).fetchone())
        except sqlite3.Error as error:
            raise refusal(error) from error

    def add_urls(self, urls: Iterable[FrontierUrl]) -> None:
        self._collect(_ADD_URL, map(rows.url_row, urls))

    def finish_url(self, url_id: int, state: UrlState, links: Sequence[int] = (), *, seen: Seen | None = None) -> None:
        blob = array(_ID, links).tobytes() if links else None
        self._collect(_FINISH_URL, [(state, blob, seen, url_id)])

    def links_of(self, url_id: int) -> Sequence[int]:
        found = self._read("SELECT links FROM frontier WHERE id = ?", (url_id,))
        return array(_ID, found[0][0]) if found and found[0][0] else ()

    def set_depths(self, depths: Mapping[int, int]) -> None:
        changes = [(depth, url_id) for url_id, depth in depths.items()]
        self._write(_SET_DEPTH, changes)
        self._write(_SET_PAGE_DEPTH, changes)

    def add_page(self, page: PageFact) -> None:
        self._collect(_PUT_PAGE, [rows.page_row(page)])

    def add_hops(self, hops: Iterable[Hop], *, found_on: int = 0) -> None:
        self._write(_ADD_HOP, [(*rows.hop_row(hop), found_on) for hop in hops])

    def add_references(self, references: Iterable[Reference]) -> None:
        self._collect(_ADD_REFERENCE, map(rows.reference_row, references))

    def references(self) -> Iterator[Reference]:
        return map(rows.reference_fact, self._stream(_REFERENCES))

    def put_third_party(self, party: ThirdParty) -> None:
        self._write(_PUT_PARTY, [rows.party_row(party)])

    def put_capture(self, capture: Capture) -> None:
        self._write(_PUT_CAPTURE, [rows.capture_row(capture)])

    def put_checkpoint(self, key: str, value: Any) -> None:
        self._write("REPLACE INTO checkpoints VALUES (?,?)", [(key, orjson.dumps(value).decode())])

    def flush(self) -> None:
        self._write_collected()
        try:
            with self._in_use:
                self._connection().commit()
        except sqlite3.Error as error:
            raise refusal(error) from error
        self._checkpointer.wake()

    @property
    def writing(self) -> None:
        return None

    def settle(self) -> None:
        self.flush()

    def close(self) -> None:
        if self._db is None:
            return
        try:
            self.flush()
        finally:
            self._checkpointer.close()
            with self._in_use:
                self._db.close()
                self._db = None
            self._lock.release()


def _encodable(row: rows.Row) -> rows.Row:
    return tuple(
        field.encode(errors="replace").decode() if isinstance(field, str) and not field.isascii() else field
        for field in row
    )
