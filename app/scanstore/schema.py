"""The tables of a scan's file, and how a connection to it is set up."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.core.private import close_to_others, make_private_file
from app.scanstore.errors import StoreMismatch

VERSION: Final = 3  # in `user_version`; 0 is a file without tables
# Columns that versions before this one had not, and what a reader of their files gets instead.
_ADDED: Final = MappingProxyType(
    {
        "frontier": {"seen": "NULL"},
        "pages": {"truncated": "0"},
        "captures": {"page_class": "json_extract(body, '$.page_class')", "dead": "json_extract(body, '$.dead')"},
    }
)

# Links of a document are one blob of 32-bit ids beside the URL: as rows they would be most of the file.
_TABLES: Final = """
CREATE TABLE hosts (
    name TEXT PRIMARY KEY, sources TEXT NOT NULL, addresses TEXT NOT NULL, cnames TEXT NOT NULL,
    http_alive INTEGER NOT NULL, https_alive INTEGER NOT NULL, wildcard INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE frontier (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, key TEXT NOT NULL UNIQUE, host TEXT NOT NULL, depth INTEGER NOT NULL,
    shape TEXT NOT NULL, hops INTEGER NOT NULL, state TEXT NOT NULL, seen TEXT, links BLOB
);
CREATE TABLE pages (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, depth INTEGER NOT NULL, status INTEGER NOT NULL,
    content_type TEXT NOT NULL, charset TEXT NOT NULL, title TEXT NOT NULL, size INTEGER NOT NULL,
    parsed INTEGER NOT NULL, error TEXT, duration_ms INTEGER NOT NULL, truncated INTEGER NOT NULL
);
CREATE TABLE hops (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, status INTEGER NOT NULL, address TEXT NOT NULL, kind TEXT NOT NULL,
    location TEXT NOT NULL, UNIQUE (url, kind, location)
);
CREATE TABLE refs (
    id INTEGER PRIMARY KEY, identity BLOB NOT NULL UNIQUE, host TEXT NOT NULL, page_url TEXT NOT NULL,
    url TEXT NOT NULL, raw TEXT NOT NULL, relation TEXT NOT NULL, kind TEXT NOT NULL, dom_path TEXT NOT NULL,
    snippet TEXT NOT NULL, text TEXT NOT NULL, hidden TEXT, rel TEXT NOT NULL
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


def open_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes. The caller holds the store's lock.

    NORMAL: a commit survives the death of the process, and the last ones may be lost with the machine's power.

    Raises:
        StoreMismatch: another version wrote the file.
    """
    with suppress(OSError):  # SQLite will say what is wrong
        make_private_file(path)
    close_to_others(path)  # older versions left it to the umask
    connection = sqlite3.connect(path, timeout=5.0)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    version = version_of(connection)
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
    elif version != VERSION:
        raise StoreMismatch(f"the file has version {version}, this program writes {VERSION}")


def open_reader(path: Path) -> sqlite3.Connection | None:
    """A connection that cannot write, for one thread at a time; None when there is no file, or one without tables yet.

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
    except sqlite3.OperationalError:  # removed since
        return None
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
    """Views of this connection alone stand before the tables of an earlier version, with the columns of today."""
    for table, added in _ADDED.items():
        there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        missing = "".join(f", {value} AS {name}" for name, value in added.items() if name not in there)
        connection.execute(f"CREATE TEMP VIEW {table} AS {select(f'main.{table}', f'*{missing}', '')}")


def version_of(connection: sqlite3.Connection) -> int:
    """`user_version` of the file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def select(table: str, columns: str, rest: str) -> str:
    """A query over names of this module and `rows` alone; values are always parameters."""
    return f"SELECT {columns} FROM {table} {rest}"  # noqa: S608 - no value ever gets here


def insert(verb: str, table: str, columns: str) -> str:
    """`verb` is INSERT, REPLACE or INSERT OR IGNORE; the same promise as `select`."""
    marks = ",".join("?" * len(columns.split(",")))
    return f"{verb} INTO {table} ({columns}) VALUES ({marks})"
