"""PostgreSQL 15 to 17 through psycopg: many writers, each of which is run again when another one was in its way.

A write runs READ COMMITTED: the guarded update with which it begins waits for the row and sees what was committed
meanwhile. A read runs REPEATABLE READ and read only, in one snapshot.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from app.core.db_backend import Failure

CONNECT_TIMEOUT_S: Final = 5
# Of libpq: a server whose machine has lost power or network says nothing at all, and Linux would wait for hours.
KEEPALIVE: Final = {
    "keepalives_idle": 10,  # seconds, as the next one
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds
}
STATEMENT_TIMEOUT_S: Final = 30  # of one statement; the slowest list takes a tenth of a second
IDLE_IN_TRANSACTION_S: Final = 10  # a process that freezes inside a transaction lets go of its locks
# Those named as we are, as the service's are. In the middle of a COPY or of a pipeline (`executemany`) a client that
# froze is not idle for PostgreSQL, and no statement is over its time while the next message is waited for.
PROGRAM: Final = "compliance-scanner"
END_STUCK: Final = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND application_name = current_setting('application_name')"
    " AND state = 'active' AND wait_event = 'ClientRead'"
    " AND state_change < clock_timestamp() - make_interval(secs => %(seconds)s)"
)
# SQLSTATE, errcodes-appendix.html. A unique violation counts as a conflict: a unit looks before it inserts, so it was
# another one's insert at the same time, which it sees when it runs again.
_CONFLICTS: Final = frozenset({"40001", "40P01", "23505"})
_BUSY: Final = frozenset({"55P03", "57014", "25P03"})  # lock, statement, idle in transaction: each over its time
_FULL: Final = frozenset({"53100"})
_DAMAGED: Final = frozenset({"XX001", "XX002"})
_REFUSED: Final = frozenset({"42501"})
_UNREACHABLE_CLASSES: Final = ("08", "53", "57", "58")  # connection, resources, operator's intervention, system
_READ_ONLY: Final = "25006"  # a standby that was promoted nowhere: the one that we write to is another


class PostgresBackend:
    """Fulfils `core.db_backend.Backend`."""

    repeatable = frozenset({Failure.CONFLICT, Failure.UNREACHABLE})

    def __init__(
        self,
        url: str,
        *,
        busy_timeout_s: float,
        read_threads: int,
        write_threads: int | None = None,
        lock_timeout_s: float | None = None,
    ) -> None:
        self._url = url
        self._busy_timeout_s = busy_timeout_s
        self._lock_timeout_s = lock_timeout_s or busy_timeout_s
        self._read_threads = read_threads
        self.write_threads = write_threads or read_threads

    def create_engine(self) -> Engine:
        engine = create_engine(
            self._url,
            pool_size=self._read_threads + self.write_threads,
            hide_parameters=True,  # an error's text must not carry what was written
            pool_timeout=self._busy_timeout_s,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT_S,
                "fallback_application_name": PROGRAM,  # PGAPPNAME goes before it
                "options": self._options(),
                **KEEPALIVE,
            },
        )
        event.listen(engine, "before_cursor_execute", _replace_nul, retval=True)
        return engine

    def transaction_options(self, *, writing: bool, wait_s: float | None) -> dict[str, Any]:
        del wait_s  # a lock is waited for as long as the connection says, which is never longer than anybody waits
        if writing:
            return {"isolation_level": "READ COMMITTED", "postgresql_readonly": False}
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def failure_of(self, error: DBAPIError) -> Failure | None:
        state = getattr(error.orig, "sqlstate", None) or ""
        if state in _CONFLICTS:
            return Failure.CONFLICT
        if state in _BUSY:
            return Failure.BUSY
        if state in _FULL:
            return Failure.FULL
        if state in _DAMAGED:
            return Failure.DAMAGED
        if state in _REFUSED:
            return Failure.REFUSED
        is_lost = error.connection_invalidated or (not state and _is_of_connection(error))
        return Failure.UNREACHABLE if is_lost or state[:2] in _UNREACHABLE_CLASSES or state == _READ_ONLY else None

    def displacement(self) -> str | None:
        return None

    def checkpoint(self, engine: Engine) -> None:
        """PostgreSQL does that by itself."""

    def end_stuck(self, engine: Engine) -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql(END_STUCK, {"seconds": IDLE_IN_TRANSACTION_S}).scalar_one())

    def _options(self) -> str:
        limits = {
            "lock_timeout": self._lock_timeout_s,
            "statement_timeout": STATEMENT_TIMEOUT_S,
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_S,
        }
        options = [f"-c {name}={int(seconds * 1000)}" for name, seconds in limits.items()]
        return " ".join([*options, "-c synchronous_commit=on"])  # what was seen is on the disk


def _is_of_connection(error: DBAPIError) -> bool:
    """Return whether the driver, which no answer of the server stands behind, tells of the connection: it was refused,
    it broke, or (`ConnectionTimeout`, a subclass) nobody has answered in time.
    """
    import psycopg  # its package is not installed everywhere; where its errors are met, it is

    return isinstance(error.orig, psycopg.OperationalError)


def _replace_nul(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool
) -> tuple[str, Any]:
    """Have a text with a NUL, for which PostgreSQL has no place, found nowhere rather than refused: an address may have
    one in the place of an id. What is to be kept has none (`rest.schemas.Text`).
    """
    return statement, [_without_nul(row) for row in parameters] if executemany else _without_nul(parameters)


def _without_nul(parameters: Any) -> Any:
    if isinstance(parameters, Mapping):
        return {name: _plain(value) for name, value in parameters.items()}
    return tuple(map(_plain, parameters)) if isinstance(parameters, list | tuple) else parameters


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value
