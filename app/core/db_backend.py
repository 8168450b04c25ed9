"""Interface of a kind of database for `core.db`, and the meaning of its errors."""

from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry


class Failure(StrEnum):
    """A failure, in words for the log; users read the text `failure.<key>`."""

    BUSY = "the database is busy"
    FULL = "the disk is full"
    UNREACHABLE = "the database is not reachable"
    DISPLACED = "the database file was moved or replaced"
    DAMAGED = "the database is damaged"
    REFUSED = "the database role lacks a privilege"
    # Rolled back because of somebody else's transaction: the same unit may run again at once.
    CONFLICT = "the database is busy with another change of the same data"

    @property
    def key(self) -> str:
        return self.name.lower()


class Backend(Protocol):
    """A kind of database. One object for each `Database`; every method may be called from any thread."""

    write_threads: int
    repeatable: frozenset[Failure]  # of these, before COMMIT, the transaction is run again

    def create_engine(self) -> Engine: ...

    def transaction_options(self, *, writing: bool, wait_s: float | None) -> dict[str, Any]:
        """Return the execution options of one transaction; `wait_s` None: as long as the busy timeout."""
        ...

    def failure_of(self, error: DBAPIError) -> Failure | None:
        """Return what the error means; None: the statement itself is wrong."""
        ...

    def displacement(self) -> str | None:
        """Return the path of a database file that is no longer in its place, else None."""
        ...

    def checkpoint(self, engine: Engine) -> None:
        """Bring a log of committed changes into its file, where there is one."""
        ...

    def end_stuck(self, engine: Engine) -> int:
        """End connections of frozen processes whose locks the database itself would never take from them; how many."""
        ...


def end_engine(engine: Engine) -> None:
    """Close the connections of an engine; those that threads still use are closed when these are done."""
    event.listen(engine, "checkin", _close)  # also of the pool that follows the one that ends
    engine.dispose()


def _close(_connection: Any, entry: ConnectionPoolEntry) -> None:
    entry.close()
