"""The stores of all runs in one PostgreSQL: reading, writing and removing them."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, event

from app.core.clock import Clock
from app.core.db_backend import end_engine
from app.core.postgres import PostgresBackend
from app.scanstore.errors import ScanStoreError
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.postgres import dialect
from app.scanstore.postgres.characters import original_row
from app.scanstore.postgres.dialect import TABLES
from app.scanstore.postgres.refusals import refusals
from app.scanstore.postgres.renders import RenderLeases, ScanRenders
from app.scanstore.postgres.store import Attempt, PostgresScanStore
from app.scanstore.rows import Row

READERS: Final = 8  # connections that are kept; services read in as many threads
HASHES: Final = ("html_sha256", "text_sha256", "screenshot_sha256", "source_sha256")
SLICE: Final = 1_000  # contents that are asked for at a time
CHUNK: Final = 10_000  # rows that are removed in one transaction
_NOBODY: Final = 2**31 - 1  # an attempt that none reaches: what still writes is shut out
_SHOWN: Final = " UNION ".join(f"SELECT {name} FROM scan_captures WHERE {name} = ANY(%(some)s)" for name in HASHES)
_CLOSE: Final = "UPDATE scan_stores SET attempt = %s WHERE task_id = %s AND run BETWEEN %s AND %s RETURNING id"
_REMOVE: Final = "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE store = %s LIMIT %s))"


class StoreRows:
    """Fulfils `port.RowSource`. Has a connection until it is closed; every question sees what is committed by then."""

    def __init__(self, engine: Engine, task_id: str, run: int) -> None:
        """`engine` commits by itself. Raises StoreUnavailable."""
        with refusals():
            self._connection = engine.connect()
            try:
                found = self._connection.exec_driver_sql(
                    "SELECT id FROM scan_stores WHERE task_id = %s AND run = %s", (task_id, run)
                ).first()
            except BaseException:
                self._connection.close()
                raise
        # None: there is no such store, or it is closed.
        self._prefix = None if found is None else dialect.prefix(found[0])

    @property
    def present(self) -> bool:
        return self._prefix is not None

    def read(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        if self._prefix is None:
            return []
        with refusals():
            asked = self._connection.exec_driver_sql(
                self._prefix + dialect.translated(query), dialect.named(parameters)
            )
            return [original_row(tuple(row)) for row in asked]

    def close(self) -> None:
        self._prefix = None
        self._connection.close()


class PostgresScanStores:
    """Fulfils `port.ScanStores`, and `port.StoreRemoval` by `remove`. Its connections are its own: who reads a large
    report keeps no event waiting.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = 5.0) -> None:
        backend = PostgresBackend(url, busy_timeout_s=busy_timeout_s, read_threads=READERS // 2)
        self._engine = backend.create_engine()
        event.listen(self._engine, "connect", _read_in_order)
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self.remove = PostgresStoreRemoval(self._reading)
        self.leases = RenderLeases(self._reading)

    def reader(self, task_id: str, run: int) -> EvidenceReader:
        return EvidenceReader(StoreRows(self._reading, task_id, run))

    def shown_among(self, hashes: set[str]) -> Iterator[set[str]]:
        rest = iter(sorted(hashes))
        while some := list(islice(rest, SLICE)):
            yield self._shown_among(some)

    def _shown_among(self, some: list[str]) -> set[str]:
        with refusals(), self._reading.connect() as connection:
            return set(connection.exec_driver_sql(_SHOWN, {"some": some}).scalars())

    def place(self, attempt: Attempt, folder: Path | None = None) -> "StorePlace":
        """Return where the process of an attempt opens its store; `folder` is for the working copy."""
        return StorePlace(self._engine, attempt, folder)

    def renders(self, attempt: Attempt) -> ScanRenders:
        """Return the pages that an attempt wants to be rendered."""
        return ScanRenders(self._reading, attempt)

    def close(self) -> None:
        end_engine(self._engine)


def _read_in_order(connection: "psycopg.Connection[Any]", _record: Any) -> None:
    """Have rows read in the order of an index. A store that has just been written is far larger than the planner knows,
    and what it takes for a few rows to be sorted, for each chunk anew, are all that come after it.
    """
    connection.execute("SET enable_bitmapscan = off")
    connection.commit()


class StorePlace:
    """Fulfils `tasks.worker.store_lease.StorePlace`."""

    def __init__(self, engine: Engine, attempt: Attempt, folder: Path | None) -> None:
        self._engine = engine
        self._attempt = attempt
        self._folder = folder

    @property
    def name(self) -> str:
        return f"{self._attempt.task_id}-{self._attempt.run}"

    async def wait_until_released(self, clock: Clock) -> None:
        """Nobody is waited for: an earlier attempt is shut out, wherever its process is."""

    def open(self) -> PostgresScanStore:
        """Raises ScanStoreError."""
        return PostgresScanStore(self._engine, self._attempt, self._folder)


class PostgresStoreRemoval:
    """Fulfils `port.StoreRemoval`. First an attempt that still writes is shut out; the store's own row goes last."""

    def __init__(self, engine: Engine, guard: Callable[[Connection], None] | None = None) -> None:
        self._engine = engine.execution_options(isolation_level="READ COMMITTED")
        self._guard = guard  # with which each transaction begins

    def guarded(self, guard: Callable[[Connection], None]) -> "PostgresStoreRemoval":
        """Return the same removal, each transaction of which begins with `guard`; what that raises ends it."""
        return PostgresStoreRemoval(self._engine, guard)

    def require_writable(self) -> None:
        """The database itself says no when it is asked."""

    def __call__(self, task_id: str, last_run: int, *, first_run: int = 1) -> None:
        try:
            self._remove(task_id, first_run, last_run)
        except ScanStoreError as error:
            raise OSError(errno.EIO, str(error), f"{task_id}-{last_run}") from error

    def _remove(self, task_id: str, first_run: int, last_run: int) -> None:
        with refusals(), self._engine.connect() as connection:
            with self._transaction(connection):
                closed = connection.exec_driver_sql(_CLOSE, (_NOBODY, task_id, first_run, last_run)).scalars().all()
            for store in closed:
                for name in (*TABLES, "drawings"):
                    while self._remove_some(connection, name, store) == CHUNK:
                        continue
                with self._transaction(connection):
                    connection.exec_driver_sql("DELETE FROM scan_stores WHERE id = %s", (store,))

    def _remove_some(self, connection: Connection, table: str, store: int) -> int:
        with self._transaction(connection):
            return connection.exec_driver_sql(_REMOVE.format(table=f"scan_{table}"), (store, CHUNK)).rowcount

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[None]:
        with connection.begin():
            if self._guard is not None:
                self._guard(connection)
            yield
