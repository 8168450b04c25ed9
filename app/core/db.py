"""One database: short, explicit transactions, each a synchronous function of a connection.

A unit of work is `fn(connection) -> value` with no await inside, so no lock can be held across I/O. `read` runs it in
one snapshot (SQLite `BEGIN`, PostgreSQL `REPEATABLE READ`), `write` in one transaction: SQLite's takes the write lock
before its first read (`BEGIN IMMEDIATE`), PostgreSQL's is `READ COMMITTED` and begins with the guarded update of the
row that it is about. A unit may run more than once, when another transaction was in its way.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.aio import ThreadsEnded, call_on_loop, ignore_result, in_thread
from app.core.db_backend import Backend, Failure, end_engine
from app.core.errors import Unavailable
from app.core.pending_write import REQUEST_CLIENT, PendingWrite
from app.core.postgres import PostgresBackend
from app.core.read_turns import ReadTurns
from app.core.reader import Reader, current_reader
from app.core.sqlite import SqliteBackend
from app.core.tracing import span
from app.domain.messages import english

T = TypeVar("T")
Work = Callable[[Connection], T]

READ_THREADS: Final = 4  # for what the process does: signing in, sockets, the monitor
# For what users ask for: a list that a thread computes keeps the others, and the event loop, from the interpreter.
REQUEST_THREADS: Final = 3
REQUESTS_PER_USER: Final = 2  # reads of one user at once, so that those of others find a thread
WRITE_THREADS: Final = 4  # where there may be several writers
MAX_WAITING_PER_USER: Final = 100  # more than a browser ever asks for; beyond it 429
RETRY_PAUSE_S: Final = 0.01  # before a unit runs again, on average; doubled each time
MAX_RUNS: Final = 6  # of one unit whose transaction others roll back
log = structlog.get_logger(__name__)


class DatabaseUnavailable(Unavailable):
    """Busy longer than the timeout, full, or down: nothing was committed, or whether it was is unknown."""

    code = "database_unavailable"

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value, text="database_failed", reason=english(f"failure.{failure.key}"))
        self.failure = failure


class OutcomeUnknown(DatabaseUnavailable):
    """The connection was lost during COMMIT: nobody told us whether it was done."""

    def __init__(self) -> None:
        super().__init__(Failure.UNREACHABLE)


class DatabaseDamaged(DatabaseUnavailable):
    """A page of the file is not what it should be. Nothing mends that but a backup."""

    code = "database_damaged"

    def __init__(self) -> None:
        super().__init__(Failure.DAMAGED)


class _RunAgain(Exception):
    """The transaction was rolled back for sure, and not because of what the unit does."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Hold:
    """Says for how many seconds a transaction had the write lock."""

    work_s: float  # of the unit
    all_s: float  # with its commit, which takes as long as the disk does


class Database:
    """The engine and its threads. One per process; `close` ends both."""

    def __init__(self, url: str, *, busy_timeout_s: float = 5.0, lock_timeout_s: float | None = None) -> None:
        """`lock_timeout_s`: how long a transaction on PostgreSQL waits for a lock; None: the busy timeout."""
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._busy_timeout_s = busy_timeout_s
        self._backend: Backend
        read_threads = READ_THREADS + REQUEST_THREADS
        if self.is_sqlite:
            self._backend = SqliteBackend(url, busy_timeout_s=busy_timeout_s, read_threads=read_threads)
        else:
            self._backend = PostgresBackend(
                url,
                busy_timeout_s=busy_timeout_s,
                lock_timeout_s=lock_timeout_s,
                read_threads=read_threads,
                write_threads=WRITE_THREADS,
            )
        self._guard: Callable[[Connection], None] | None = None  # of `guarded`
        self._displaced = False  # another file, or none, is in its place
        self.damaged = False  # for good, from the first damaged page that was met
        self._engine = self._backend.create_engine()
        self._readers = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="db-read")
        self._request_readers = ThreadPoolExecutor(REQUEST_THREADS, thread_name_prefix="db-request")
        self._turns = ReadTurns(total=REQUEST_THREADS, per_user=REQUESTS_PER_USER, max_waiting=MAX_WAITING_PER_USER)
        self._writer = ThreadPoolExecutor(self._backend.write_threads, thread_name_prefix="db-write")

    async def read(self, work: Work[T], *, user_id: str | None = None) -> T:
        """Run `work` in one read snapshot.

        What a user's request reads waits for one of that user's turns (`core.reader`), and is not done for a client
        that has gone by then. `user_id`: whose turn it is where no request of that user waits for it alone.

        Raises:
            DatabaseUnavailable: the database is away.
            LimitReached: too many reads of the user wait.
        """
        reader = current_reader()
        with span("database read", kind="client"):
            if user_id is not None:
                return await self._read_in_turn(user_id, work, None)
            if reader is not None and reader.user_id is not None:
                return await self._read_in_turn(reader.user_id, work, reader)
            return await self._in_thread(self._readers, self.read_sync, work)

    async def _read_in_turn(self, user_id: str, work: Work[T], reader: Reader | None) -> T:
        await self._turns.enter(user_id)
        if reader is not None and reader.is_gone:
            self._turns.leave(user_id)
            raise DatabaseUnavailable(Failure.BUSY)  # nobody hears of it
        loop = asyncio.get_running_loop()
        # The turn is over when the thread is free, also where nobody waits for it any more.
        leave = partial(call_on_loop, loop, self._turns.leave, user_id)
        return await self._in_thread(self._request_readers, self.read_sync, work, when_free=leave)

    async def _in_thread(
        self,
        threads: ThreadPoolExecutor,
        call: Callable[..., T],
        *arguments: Any,
        when_free: Callable[[], None] = lambda: None,
    ) -> T:
        try:
            return await in_thread(threads, call, *arguments, when_free=when_free)
        except ThreadsEnded as ended:
            raise DatabaseUnavailable(Failure.UNREACHABLE) from ended

    async def write(self, work: Work[T]) -> T:
        """Run `work` in one write transaction and commit.

        It has the lock within the busy timeout, the time in the queue included, or it is refused; what was refused is
        not done later. Neither is what nobody waits for any more when it is reached: the caller was cancelled, or the
        request's client has gone (`core.pending_write`). What has begun commits or not as if nobody had waited.

        Raises:
            DatabaseUnavailable: refused, or the database is away.
        """
        with span("database write", kind="client"):
            return await self._write(work)

    async def _write(self, work: Work[T]) -> T:
        pending = PendingWrite(time.monotonic() + self._busy_timeout_s, REQUEST_CLIENT.get())
        try:
            writing = asyncio.get_running_loop().run_in_executor(self._writer, self._write_pending, work, pending)
        except RuntimeError as error:  # closed: the process ends
            raise DatabaseUnavailable(Failure.UNREACHABLE) from error
        try:
            done, _ = await asyncio.wait({writing}, timeout=self._busy_timeout_s)
            if done or not pending.refuse():
                return await asyncio.shield(writing)
        except asyncio.CancelledError:
            if pending.refuse():
                writing.cancel()
            else:
                writing.add_done_callback(ignore_result)
            raise
        writing.cancel()
        raise DatabaseUnavailable(Failure.BUSY)

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

    async def checkpoint(self) -> None:
        """Bring what was committed from SQLite's log into its file, on a thread that no write waits for.

        The commit that finds a thousand pages in the log does the same, and every other write waits for it meanwhile:
        a long writer calls this in between. Raises DatabaseUnavailable.
        """
        await self._in_thread(self._readers, self._of_backend, self._backend.checkpoint)

    async def end_stuck(self) -> int:
        """Do `Backend.end_stuck`. Raises DatabaseUnavailable."""
        return await self._in_thread(self._readers, self._of_backend, self._backend.end_stuck)

    def _of_backend(self, call: Callable[[Engine], T]) -> T:
        with self._foreign_errors():
            return call(self._engine)

    def read_sync(self, work: Work[T]) -> T:
        return self._run(work, writing=False)

    def write_sync(self, work: Work[T]) -> T:
        """Waits for the lock up to the busy timeout."""
        with span("database write", kind="client"):
            return self._run(work, writing=True)

    def _write_pending(self, work: Work[T], pending: PendingWrite) -> T:
        def work_if_wanted(connection: Connection) -> T:
            if not pending.begin(time.monotonic()):
                raise DatabaseUnavailable(Failure.BUSY)
            return work(connection)

        left_s = pending.deadline - time.monotonic()
        if left_s <= 0:
            raise DatabaseUnavailable(Failure.BUSY)
        return self._run(work_if_wanted, writing=True, wait_s=left_s)

    @property
    def engine(self) -> Engine:
        """Return the engine, for migrations only."""
        return self._engine

    async def close(self) -> None:
        self.close_sync()

    def close_sync(self) -> None:
        """Wait for what runs, and end the threads and connections. Blocking."""
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._request_readers.shutdown(wait=True, cancel_futures=True)
        self._writer.shutdown(wait=True)
        end_engine(self._engine)

    def _run(self, work: Work[T], *, writing: bool, wait_s: float | None = None) -> T:
        deadline = time.monotonic() + (self._busy_timeout_s if wait_s is None else wait_s)
        for number in range(MAX_RUNS):
            try:
                return self._run_once(work, writing=writing, wait_s=wait_s)
            except _RunAgain as reason:
                pause_s = RETRY_PAUSE_S * 2**number * random.uniform(0.5, 1.5)  # noqa: S311 - so that two do not meet again
                if number == MAX_RUNS - 1 or time.monotonic() + pause_s >= deadline:
                    if isinstance(reason.__cause__, IntegrityError):  # not another's doing after all
                        raise reason.__cause__ from None
                    raise DatabaseUnavailable(reason.failure) from reason.__cause__
                time.sleep(pause_s)
        raise AssertionError("unreachable: the last run returns or raises")

    def guarded(self, guard: Callable[[Connection], None]) -> "Database":
        """Return the same database, every write of which begins with `guard`. What that raises rolls the write back.

        It has the threads and connections of this one, and is closed with it.
        """
        view = copy(self)
        view._guard = guard  # noqa: SLF001 - a copy of ourselves
        return view

    def _run_once(self, work: Work[T], *, writing: bool, wait_s: float | None) -> T:
        """Run one transaction. Raises _RunAgain for one that may be repeated: rolled back for sure, or only reading."""
        is_worked = False  # the unit is done, and what is left is its COMMIT

        def noted(connection: Connection) -> T:
            nonlocal is_worked
            value = work(connection)
            is_worked = True
            return value

        try:
            return self._transaction(noted, writing=writing, wait_s=wait_s)
        except DatabaseUnavailable as error:
            if is_worked and error.failure is Failure.UNREACHABLE:
                raise (OutcomeUnknown() if writing else _RunAgain(error.failure)) from error
            raise

    def _transaction(self, work: Work[T], *, writing: bool, wait_s: float | None) -> T:
        self._require_file()
        with self._foreign_errors():
            with self._repeatable():
                connecting = self._engine.connect()
            with connecting as connection:
                self._require_file()  # it may be new: from now on it is the one
                options = self._backend.transaction_options(writing=writing, wait_s=wait_s)
                connection = connection.execution_options(**options)  # noqa: PLW2901 - the same connection
                with connection.begin(), self._repeatable():
                    if writing and self._guard is not None:
                        self._guard(connection)
                    return work(connection)  # a COMMIT that fails may have succeeded: it is not repeated here

    @contextmanager
    def _repeatable(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            failure = self._backend.failure_of(error)
            if failure in self._backend.repeatable:
                raise _RunAgain(failure) from error
            raise

    @contextmanager
    def _foreign_errors(self) -> Iterator[None]:
        """Raise what SQLAlchemy or SQLite's own module raises as our errors."""
        try:
            yield
        except (sqlite3.OperationalError, PoolTimeoutError) as error:
            raise DatabaseUnavailable(Failure.BUSY) from error
        except DBAPIError as error:
            failure = self._backend.failure_of(error)
            if failure is Failure.DAMAGED:
                raise self._damage(error) from error
            if failure is not None:
                raise DatabaseUnavailable(failure) from error
            raise

    def _require_file(self) -> None:
        """Raise DatabaseUnavailable until the file that was moved away is back."""
        path = self._backend.displacement()
        if path is not None and not self._displaced:
            log.error("database_displaced", path=path)
        self._displaced = path is not None
        if self._displaced:
            raise DatabaseUnavailable(Failure.DISPLACED)

    def _damage(self, error: DBAPIError) -> DatabaseDamaged:
        if not self.damaged:
            self.damaged = True
            log.error("database_damaged", path=self._engine.url.database, reason=str(error.orig))
        return DatabaseDamaged()
