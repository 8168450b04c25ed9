"""Which of several processes acts: the one that holds a lease.

On PostgreSQL the lease is a session's advisory lock (ADR 0032). The server gives it to the next one when the holder's
connection ends, and ends the connection of a holder that has said nothing for a while: no clock of ours is asked, and a
holder that was frozen finds out with its next look.

Between two looks it may write on, so each of its transactions begins with `guard` (ADR 0033): taking the lease leaves
a mark, and what an earlier holder still begins does not find its own. It waits for transactions that have begun.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Final, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from app.core.postgres import CONNECT_TIMEOUT_S, KEEPALIVE

STATEMENT_TIMEOUT_S: Final = 5
_TAKE: Final = text("SELECT pg_try_advisory_lock(hashtext(:name))")
_LET_GO: Final = text("SELECT pg_advisory_unlock_all()")
_STILL: Final = text("SELECT 1")
_MARK: Final = text(
    "INSERT INTO marks (name, at) VALUES (:mark, clock_timestamp()) ON CONFLICT (name) DO UPDATE"
    " SET at = greatest(clock_timestamp(), marks.at + interval '1 microsecond') RETURNING at"
)
_GUARD: Final = text("SELECT 1 FROM marks WHERE name = :mark AND at = :at FOR SHARE")
T = TypeVar("T")
log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another process has the lease now: what was begun under it is given up, and nothing of it was written."""


class Lease(Protocol):
    """Asked before each round of work that one process alone may do."""

    async def is_held(self) -> bool:
        """Return whether this process holds the lease; takes it if it is free. Never raises for a database error."""
        ...

    async def release(self) -> None:
        """Let the next one have it. May be called twice."""
        ...

    def guard(self, connection: Connection) -> None:
        """Keep the lease with us until the transaction ends, which this is the first statement of. Any thread.

        Raises LeaseLost.
        """
        ...


class SoleProcess:
    """The lease of a deployment that has one process: the data folder's lock says so already."""

    async def is_held(self) -> bool:
        return True

    async def release(self) -> None:
        """Nobody waits for it."""

    def guard(self, connection: Connection) -> None:
        """Nobody can take it."""


class PostgresLease:
    """Fulfils `Lease` with a connection of its own."""

    def __init__(self, url: str, *, name: str, silence_s: float) -> None:
        """`silence_s`: after so long without a look the server takes it away; above the time between two looks."""
        options = f"-c idle_session_timeout={int(silence_s * 1000)} -c statement_timeout={STATEMENT_TIMEOUT_S * 1000}"
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "options": options, **KEEPALIVE},
        )
        self._name = name
        self._connection: Connection | None = None
        self._held = False
        self._mark = f"lease.{name}"
        self._taken_at: datetime | None = None  # by the mark that we have left; None: we do not hold it
        # One after the other on the connection, also when nobody waits any more for what is under way.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"lease-{name}")

    async def is_held(self) -> bool:
        return await self._run(self._look)

    async def release(self) -> None:
        await self._run(self._release)

    def guard(self, connection: Connection) -> None:
        taken_at = self._taken_at
        if taken_at is None or connection.execute(_GUARD, {"mark": self._mark, "at": taken_at}).first() is None:
            raise LeaseLost(self._name)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _look(self) -> bool:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            if self._held:
                self._connection.execute(_STILL)
            elif self._connection.execute(_TAKE, {"name": self._name}).scalar_one():
                self._taken_at = self._connection.execute(_MARK, {"mark": self._mark}).scalar_one()
                self._held = True
                log.info("lease_taken", lease=self._name)
        except SQLAlchemyError as error:
            if self._held:
                log.warning("lease_lost", lease=self._name, reason=type(error).__name__)
            self._drop()
        return self._held

    def _release(self) -> None:
        if self._held and self._connection is not None:
            with suppress(SQLAlchemyError):  # then the end of the connection does it, a moment later
                self._connection.execute(_LET_GO)
        self._drop()

    def _drop(self) -> None:
        self._held, self._taken_at = False, None
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()
