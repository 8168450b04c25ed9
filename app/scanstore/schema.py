"""The tables of a scan's file, how a connection to it is set up, and the rows of a run as its file has them."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson

from app.core.file_permissions import make_private_file, restrict_to_owner
from app.scanstore.checkpointer import LOG_PAGES
from app.scanstore.errors import StoreMismatch, refusal
from app.scanstore.rows import Row

VERSION: Final = 5  # in `user_version`; 0 is a file without tables
# Columns that versions before this one had not, and what a reader of their files gets instead.
_ADDED: Final = MappingProxyType(
    {
        "frontier": {"seen": "NULL", "found_on": "0"},
        "hops": {"found_on": "0"},
        "pages": {"truncated": "0"},
        # Of equal ones on a page, these versions kept the first alone; the others: `rows.reference_fact`.
        "refs": {"repeats": "0", "via": "''", "loaded_by": "''"},
        "captures": {"page_class": "json_extract(body, '$.page_class')", "dead": "json_extract(body, '$.dead')"},
    }
)

# What makes a file of this version one of the next, so that a scan that an update interrupted goes on.
_UPGRADES: Final = MappingProxyType(
    {
        3: "ALTER TABLE refs ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE frontier ADD COLUMN found_on INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE hops ADD COLUMN found_on INTEGER NOT NULL DEFAULT 0;",
        4: "ALTER TABLE refs ADD COLUMN via TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE refs ADD COLUMN loaded_by TEXT NOT NULL DEFAULT '';",
    }
)

# The key of a URL is unique because the frontier sees to it; nobody looks one up here, and an index over a million of
# them would be half of what is written. Links of a document are one blob of 32-bit ids beside the URL: as rows they
# would be most of the file.
_TABLES: Final = """
CREATE TABLE hosts (
    name TEXT PRIMARY KEY, sources TEXT NOT NULL, addresses TEXT NOT NULL, cnames TEXT NOT NULL,
    http_alive INTEGER NOT NULL, https_alive INTEGER NOT NULL, wildcard INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE frontier (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, key TEXT NOT NULL, host TEXT NOT NULL, depth INTEGER NOT NULL,
    shape TEXT NOT NULL, hops INTEGER NOT NULL, state TEXT NOT NULL, seen TEXT, found_on INTEGER NOT NULL, links BLOB
);
CREATE TABLE pages (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, depth INTEGER NOT NULL, status INTEGER NOT NULL,
    content_type TEXT NOT NULL, charset TEXT NOT NULL, title TEXT NOT NULL, size INTEGER NOT NULL,
    parsed INTEGER NOT NULL, error TEXT, duration_ms INTEGER NOT NULL, truncated INTEGER NOT NULL
);
CREATE TABLE hops (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, status INTEGER NOT NULL, address TEXT NOT NULL, kind TEXT NOT NULL,
    location TEXT NOT NULL, found_on INTEGER NOT NULL, UNIQUE (url, kind, location)
);
CREATE TABLE refs (
    id INTEGER PRIMARY KEY, identity BLOB NOT NULL UNIQUE, host TEXT NOT NULL, page_url TEXT NOT NULL,
    url TEXT NOT NULL, raw TEXT NOT NULL, relation TEXT NOT NULL, kind TEXT NOT NULL, dom_path TEXT NOT NULL,
    snippet TEXT NOT NULL, text TEXT NOT NULL, hidden TEXT, rel TEXT NOT NULL, repeats INTEGER NOT NULL,
    via TEXT NOT NULL, loaded_by TEXT NOT NULL
);
CREATE INDEX refs_host ON refs (host);
CREATE TABLE third_parties (
    domain TEXT PRIMARY KEY, hosts TEXT NOT NULL, category TEXT NOT NULL, reference_count INTEGER NOT NULL,
    relation TEXT NOT NULL, hidden INTEGER NOT NULL, example_page TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE captures (
    host TEXT NOT NULL, url TEXT NOT NULL, domain TEXT NOT NULL, html_sha256 TEXT NOT NULL, text_sha256 TEXT NOT NULL,
    screenshot_sha256 TEXT NOT NULL, page_class TEXT NOT NULL, dead INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (host, url)
);
CREATE INDEX captures_seen ON captures (domain, page_class, dead);
CREATE TABLE checkpoints (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
# That a column's value is in a list, which is one parameter.
LISTED: Final = "IN (SELECT value FROM json_each(?))"
# A URL without its query; written without a question mark, which would be a parameter.
BARE_URL: Final = "substr(url, 1, instr(url || char(63), char(63)) - 1)"
# Of a capture's own document when its page forwards: rare, so in the body alone.
SOURCE_SHA256: Final = "json_extract(body, '$.source_sha256')"
# For readers of evidence. A file that was begun without them gets them when its scan goes on; a reader does without.
_INDEXES: Final = """
CREATE INDEX IF NOT EXISTS refs_page ON refs (page_url);
CREATE INDEX IF NOT EXISTS pages_parsed ON pages (parsed) WHERE parsed;
CREATE INDEX IF NOT EXISTS captures_html ON captures (html_sha256);
CREATE INDEX IF NOT EXISTS captures_text ON captures (text_sha256);
CREATE INDEX IF NOT EXISTS captures_screenshot ON captures (screenshot_sha256);
CREATE INDEX IF NOT EXISTS hops_location ON hops (location);
CREATE INDEX IF NOT EXISTS captures_source ON captures (json_extract(body, '$.source_sha256'));
"""


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the one connection that writes, for one thread at a time. The caller holds the store's lock.

    NORMAL: a commit survives the death of the process, and the last ones may be lost with the machine's power.

    Raises:
        StoreMismatch: another version wrote the file, and there is no way from it to this one.
    """
    with suppress(OSError):  # SQLite will say what is wrong
        make_private_file(path)
    restrict_to_owner(path)  # older versions left it to the umask
    connection = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    version = version_of(connection)
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
    elif version in _UPGRADES:
        steps = "".join(_UPGRADES[step] for step in range(version, VERSION))
        connection.executescript(f"BEGIN IMMEDIATE;{steps}PRAGMA user_version = {VERSION};COMMIT;")
    elif version != VERSION:
        raise StoreMismatch(f"the file has version {version}, this program writes {VERSION}")
    connection.executescript(_INDEXES)


def open_reader(path: Path) -> sqlite3.Connection | None:
    """Open a connection that cannot write, for one thread at a time; None when there is no file with tables yet.

    Opened `rw`, because after a killed writer the first reader has to recover the log. Files of earlier versions are
    read as they are.

    Raises:
        StoreMismatch: a newer version wrote the file.
    """
    if not path.is_file():
        return None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=5.0, check_same_thread=False
        )
    except sqlite3.OperationalError:
        if path.exists():  # no descriptor left, say: it has results, although nobody can read them now
            raise
        return None  # removed since
    try:
        has_tables = _prepare_reader(connection)
    except BaseException:
        connection.close()
        raise
    if has_tables:
        return connection
    connection.close()
    return None


def _prepare_reader(connection: sqlite3.Connection) -> bool:
    """Whether there are tables to read."""
    version = version_of(connection)
    if version > VERSION:
        raise StoreMismatch(f"the file has version {version}, this program reads up to {VERSION}")
    if 0 < version < VERSION:
        _add_missing(connection)
    connection.execute("PRAGMA query_only = ON")
    return version > 0


def _add_missing(connection: sqlite3.Connection) -> None:
    """Put views of this connection before the tables of an earlier version, with the columns of today."""
    for table, added in _ADDED.items():
        there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        missing = "".join(f", {value} AS {name}" for name, value in added.items() if name not in there)
        connection.execute(f"CREATE TEMP VIEW {table} AS {select(f'main.{table}', f'*{missing}', '')}")


def in_json(value: Any) -> Any:
    """Return a list as `LISTED` takes it; other values stay as they are."""
    return orjson.dumps(value).decode() if isinstance(value, tuple) else value


def version_of(connection: sqlite3.Connection) -> int:
    """Return the file's `user_version`."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def select(table: str, columns: str, rest: str) -> str:
    """Return a query over names of this module and `rows` alone; values are always parameters."""
    return f"SELECT {columns} FROM {table} {rest}"  # noqa: S608 - no value ever gets here


def insert(verb: str, table: str, columns: str) -> str:
    """Return a statement that writes; `verb` is INSERT, REPLACE or INSERT OR IGNORE. Values are parameters too."""
    marks = ",".join("?" * len(columns.split(",")))
    return f"{verb} INTO {table} ({columns}) VALUES ({marks})"


class FileRows:
    """Fulfils `port.RowSource`. A missing file is an empty one.

    Closing waits for a thread that still reads, which fails soon: SQLite would use what it has freed.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            StoreUnavailable: SQLite refused.
            StoreDamaged: the file is no database, or a broken one.
            StoreMismatch: a newer version wrote the file.
        """
        self._in_use = threading.Lock()
        try:
            # None: no file with our tables, or closed.
            self._db = open_reader(path)
        except sqlite3.Error as error:
            raise refusal(error) from error

    @property
    def present(self) -> bool:
        return self._db is not None

    def read(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return rows. Raises StoreUnavailable and StoreDamaged."""
        with self._in_use:
            if self._db is None:
                return []
            try:
                return self._db.execute(query, [in_json(value) for value in parameters]).fetchall()
            except sqlite3.Error as error:
                raise refusal(error) from error

    def stream(self, query: str) -> Iterator[Row]:
        """Yield rows as they are read. Raises as `read`."""
        try:
            with self._in_use:
                cursor = self._db.execute(query) if self._db is not None else None
            while cursor is not None:
                with self._in_use:
                    row = cursor.fetchone()
                if row is None:
                    return
                yield row
        except sqlite3.Error as error:
            raise refusal(error) from error

    def close(self) -> None:
        db = self._db
        if db is not None:
            with suppress(sqlite3.ProgrammingError):  # closed by another thread in between
                db.interrupt()
        with self._in_use:
            if self._db is not None:
                self._db.close()
                self._db = None
