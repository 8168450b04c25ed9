"""The URLs of a run beside the process that crawls it: the crawl asks for them all the time, and must not wait.

A file without a name in the worker's own folder: it goes with the process, however that ends; PostgreSQL has it all.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from app.scanstore.errors import StoreUnavailable
from app.scanstore.rows import Row
from app.scanstore.schema import select

CACHE_KIB: Final = 4_096
# Rows of one statement. Python gives other threads a turn with each statement (each row of `executemany`), and the one
# that writes batches takes all of it: 5 ms for the next row.
AT_ONCE: Final = 64
COLUMNS: Final = "id, url, key, host, depth, shape, hops, state, seen, found_on, links"
_TABLE: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE urls (
    id INTEGER PRIMARY KEY, url TEXT, key TEXT, host TEXT, depth INTEGER, shape TEXT, hops INTEGER, state TEXT,
    seen TEXT, found_on INTEGER, links BLOB
);
"""
_ADD: Final = f"INSERT OR IGNORE INTO urls ({COLUMNS}) VALUES"
_MARKS: Final = f"({','.join('?' * len(COLUMNS.split(',')))})"
_URL: Final = select("urls", COLUMNS, "WHERE id = ?")
_SET_LINKS: Final = "UPDATE urls SET links = ? WHERE id = ?"


class WorkingCopy:
    """Rows of the frontier with their links, by id. Raises StoreUnavailable from any call: the local disk is full."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` None: where the system keeps temporary files."""
        try:
            descriptor, name = tempfile.mkstemp(prefix="frontier-", dir=folder)
            try:
                self._db = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
                # Never committed: nobody else reads it, and each commit would go to the disk.
                self._db.executescript(f"PRAGMA cache_size = -{CACHE_KIB};{_TABLE}BEGIN")
            finally:
                os.close(descriptor)
                Path(name).unlink()
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(str(error)) from error

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows; those that are here stay as they are."""
        found = iter(rows)
        while some := list(islice(found, AT_ONCE)):
            self._run(_add(len(some)), list(chain.from_iterable(some)))

    def set_links(self, url_id: int, links: bytes | None) -> None:
        self._run(_SET_LINKS, (links, url_id))

    def find(self, url_id: int) -> Row | None:
        """Return the row as it was added, with the links of today; None: it is not here."""
        try:
            found: Sequence[Row] = self._db.execute(_URL, (url_id,)).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error
        return found[0] if found else None

    def close(self) -> None:
        """May be called twice."""
        self._db.close()

    def _run(self, statement: str, parameters: Sequence[Any]) -> None:
        try:
            self._db.execute(statement, parameters)
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error


@cache
def _add(count: int) -> str:
    """Return the statement for so many rows."""
    return f"{_ADD} {','.join([_MARKS] * count)}"
