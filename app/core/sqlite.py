"""SQLite: one file with one writer, its log beside it, its lock asked for before the first read of a write."""

import sqlite3
import time
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.db_backend import Failure
from app.core.file_permissions import make_private_file

ASK_AGAIN_S: Final = (0.001, 0.001, 0.002, 0.005)  # for a write lock that somebody holds; the last one repeats


class SqliteBackend:
    """Fulfils `core.db_backend.Backend`."""

    write_threads = 1  # SQLite has one writer: queueing here is fairer than polling for its lock
    repeatable: frozenset[Failure] = frozenset()  # it waits for its lock before it begins

    def __init__(self, url: str, *, busy_timeout_s: float, read_threads: int) -> None:
        self._url = url
        path = make_url(url).database
        self._path = None if not path or path == ":memory:" else path
        self._busy_timeout_s = busy_timeout_s
        self._read_threads = read_threads
        self._file: tuple[int, int] | None = None  # (device, inode) of the file, from the first connection on

    def create_engine(self) -> Engine:
        engine = create_engine(
            self._url,
            pool_size=self._read_threads + 2,
            hide_parameters=True,  # an error's text must not carry what was written
            connect_args={"timeout": self._busy_timeout_s, "check_same_thread": False},
        )
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def transaction_options(self, *, writing: bool, wait_s: float | None) -> dict[str, Any]:
        return {"writing": writing, "wait_s": self._busy_timeout_s if wait_s is None else wait_s}

    def failure_of(self, error: DBAPIError) -> Failure | None:
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):  # with their extended codes, as rescode.html has it
            return Failure.DAMAGED
        if not isinstance(error, OperationalError) and not error.connection_invalidated:
            return None
        text = str(error.orig).lower()
        if "locked" in text or "busy" in text:
            return Failure.BUSY
        return Failure.FULL if "full" in text else Failure.UNREACHABLE

    def displacement(self) -> str | None:
        """Open connections would go on with a file that was moved away; what they write would be gone with it."""
        known, found = self._file, self._find_file()
        if known is None:
            if found is not None:  # else another thread may know it by now
                self._file = found
            return None
        return self._path if found != known else None

    def checkpoint(self, engine: Engine) -> None:
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.execute("PRAGMA wal_checkpoint(PASSIVE)").close()

    def end_stuck(self, engine: Engine) -> int:  # noqa: ARG002 - the protocol's
        """A process that freezes with the lock is killed by its server (`blocked_writes_kill_s`)."""
        return 0

    def _find_file(self) -> tuple[int, int] | None:
        """Return the database file; None if it is missing, or the database is not a file."""
        if self._path is None:
            return None
        try:
            found = Path(self._path).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _make_private(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    """Restrict the file to its owner, even in a folder that others can read."""
    path = str(arguments[0])
    if path != ":memory:":
        with suppress(OSError):  # SQLite will say what is wrong
            make_private_file(Path(path))


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("writing", True):
        connection.exec_driver_sql("BEGIN")
    elif "wait_s" not in options:  # a migration
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        _take_lock(connection, options["wait_s"])


def _take_lock(connection: Connection, wait_s: float) -> None:
    """Asks for the write lock every few milliseconds. SQLite itself soon asks every 100 ms only, and so comes too late
    again and again beside a scan that writes often.
    """
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    (usual_ms,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute("PRAGMA busy_timeout = 0").close()
    try:
        if not _ask_for_lock(raw, time.monotonic() + wait_s):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails as the engine's errors do
    finally:
        raw.execute(f"PRAGMA busy_timeout = {usual_ms}").close()


def _ask_for_lock(raw: sqlite3.Connection, deadline: float) -> bool:
    for pause_s in chain(ASK_AGAIN_S, repeat(ASK_AGAIN_S[-1])):
        try:
            raw.execute("BEGIN IMMEDIATE").close()
        except sqlite3.DatabaseError as error:
            if not _is_busy(error) or time.monotonic() >= deadline:
                return False
        else:
            return True
        time.sleep(pause_s)
    return False


def _is_busy(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY  # the lower byte of an extended code
