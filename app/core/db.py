"""One database: short, explicit transactions, each a synchronous function of a connection.

A unit of work is `fn(connection) -> value` with no await inside, so no lock can be held across I/O. `read` runs it in
one snapshot (SQLite `BEGIN`, PostgreSQL `REPEATABLE READ`), `write` in one transaction that takes the write lock
before its first read (SQLite `BEGIN IMMEDIATE`).
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.aio import disregard
from app.core.errors import Unavailable
from app.core.private import make_private_file
from app.core.waiting import CALLER, Turn

T = TypeVar("T")
Work = Callable[[Connection], T]

READ_THREADS: Final = 4
ASK_AGAIN_S: Final = (0.001, 0.001, 0.002, 0.005)  # for a write lock that somebody holds; the last one repeats
BUSY: Final = "the database is busy"
FULL: Final = "the disk is full"
log = structlog.get_logger(__name__)


class DatabaseUnavailable(Unavailable):
    """Busy longer than the timeout, full, or down: nothing was committed, or whether it was is unknown."""

    code = "database_unavailable"


class DatabaseDamaged(DatabaseUnavailable):
    """A page of the file is not what it should be. Nothing mends that but a backup."""

    code = "database_damaged"


@dataclass(frozen=True, slots=True)
class Hold:
    """Says for how many seconds a transaction had the write lock."""

    work_s: float  # of the unit
    all_s: float  # with its commit, which takes as long as the disk does


class Database:
    """The engine and its threads. One per process; `close` ends both."""

    def __init__(self, url: str, *, busy_timeout_s: float = 5.0) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._busy_timeout_s = busy_timeout_s
        self._file: tuple[int, int] | None = None  # (device, inode) of the database file, from the first connection on
        self._displaced = False  # another file, or none, is in its place
        self.damaged = False  # for good, from the first damaged page that was met
        self._engine = self._create_engine(url, busy_timeout_s)
        self._readers = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="db-read")
        # SQLite has one writer: queueing here is fairer than polling for its lock.
        self._writer = ThreadPoolExecutor(1 if self.is_sqlite else READ_THREADS, thread_name_prefix="db-write")

    async def read(self, work: Work[T]) -> T:
        """Run `work` in one read snapshot. Raises DatabaseUnavailable."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_sync, work)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one write transaction and commit.

        It has the lock within the busy timeout, waiting for its turn included, or it is refused; what was refused is
        not done later. Neither is what nobody waits for any more when its turn comes: the caller was cancelled, or the
        request's client has gone (`core.waiting`). What has begun commits or not as if nobody had waited.

        Raises:
            DatabaseUnavailable: refused, or the database is away.
        """
        turn = Turn(time.monotonic() + self._busy_timeout_s, CALLER.get())
        writing = asyncio.get_running_loop().run_in_executor(self._writer, self._write_in_turn, work, turn)
        try:
            done, _ = await asyncio.wait({writing}, timeout=self._busy_timeout_s)
            if done or not turn.refuse():
                return await asyncio.shield(writing)
        except asyncio.CancelledError:
            if turn.refuse():
                writing.cancel()
            else:
                writing.add_done_callback(disregard)
            raise
        writing.cancel()
        raise DatabaseUnavailable(BUSY)

    async def write_timed(self, work: Work[T]) -> tuple[T, Hold]:
        """Do what `write` does, and tell how long the write lock was held."""
        began = worked = 0.0

        def timed(connection: Connection) -> T:
            nonlocal began, worked
            began = time.perf_counter()
            value = work(connection)
            worked = time.perf_counter()
            return value

        value = await self.write(timed)
        return value, Hold(worked - began, time.perf_counter() - began)

    def read_sync(self, work: Work[T]) -> T:
        return self._run(work, writing=False)

    def write_sync(self, work: Work[T]) -> T:
        """Waits for the lock up to the busy timeout."""
        return self._run(work, writing=True)

    def _write_in_turn(self, work: Work[T], turn: Turn) -> T:
        def work_if_wanted(connection: Connection) -> T:
            if not turn.begin(time.monotonic()):
                raise DatabaseUnavailable(BUSY)
            return work(connection)

        left_s = turn.deadline - time.monotonic()
        if left_s <= 0:
            raise DatabaseUnavailable(BUSY)
        return self._run(work_if_wanted, writing=True, wait_s=left_s)

    @property
    def engine(self) -> Engine:
        """For migrations only."""
        return self._engine

    async def close(self) -> None:
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._writer.shutdown(wait=True)
        self._engine.dispose()

    def _run(self, work: Work[T], *, writing: bool, wait_s: float | None = None) -> T:
        wait_s = self._busy_timeout_s if wait_s is None else wait_s
        self._require_file()
        try:
            with self._engine.connect() as connection:
                self._file = self._file or self._find_file()
                options = {"writing": writing, "wait_s": wait_s}
                connection = connection.execution_options(**options)  # noqa: PLW2901 - the same connection
                with connection.begin():
                    return work(connection)
        except DBAPIError as error:
            if _is_damage(error):
                raise self._damage(error) from error
            if isinstance(error, OperationalError) or error.connection_invalidated:
                raise DatabaseUnavailable(_reason(error)) from error
            raise

    def _require_file(self) -> None:
        """Open connections would go on with a file that was moved away, and all that they write would be gone with it.

        Raises DatabaseUnavailable until it is back.
        """
        displaced = self._file is not None and self._find_file() != self._file
        if displaced and not self._displaced:
            log.error("database_displaced", path=self._engine.url.database)
        self._displaced = displaced
        if displaced:
            raise DatabaseUnavailable("the database file was moved or replaced")

    def _find_file(self) -> tuple[int, int] | None:
        """None: it is not there, or the database is no file."""
        path = self._engine.url.database
        if not self.is_sqlite or not path or path == ":memory:":
            return None
        try:
            found = Path(path).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _damage(self, error: DBAPIError) -> DatabaseDamaged:
        if not self.damaged:
            self.damaged = True
            log.error("database_damaged", path=self._engine.url.database, reason=str(error.orig))
        return DatabaseDamaged("the database is damaged")

    def _create_engine(self, url: str, busy_timeout_s: float) -> Engine:
        if not self.is_sqlite:
            return create_engine(
                url, pool_size=2 * READ_THREADS, isolation_level="REPEATABLE READ", hide_parameters=True
            )
        engine = create_engine(
            url,
            pool_size=READ_THREADS + 2,
            hide_parameters=True,  # an error's text must not carry what was written
            connect_args={"timeout": busy_timeout_s, "check_same_thread": False},
        )
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine


def _make_private(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    """The file is its owner's alone, in a folder that others may read too."""
    path = str(arguments[0])
    if path != ":memory:":
        with suppress(OSError):  # SQLite will say what is wrong
            make_private_file(Path(path))


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
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


def _is_damage(error: DBAPIError) -> bool:
    """SQLITE_CORRUPT and SQLITE_NOTADB, with their extended codes (sqlite.org/rescode.html)."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _reason(error: DBAPIError) -> str:
    text = str(error.orig).lower()
    if "locked" in text or "busy" in text:
        return BUSY
    return FULL if "full" in text else "the database is not reachable"
