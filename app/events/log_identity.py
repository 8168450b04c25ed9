"""The row that says which log a database has, and how far it has come (ADR 0012).

How far is a number that only grows, and that goes back when an older state is put in the database's place. SQLite
counts the transactions that write events, in that row. On PostgreSQL every writer of the cluster would wait for it:
there the number is the place in the write-ahead log, which costs nothing and never goes back, a crash included.

What PostgreSQL has beyond that is the incarnation in which the row was written: its system, the timeline (a recovery to
a point in time begins another one, and so does a standby that takes over), the database, and the transaction that wrote
the row. A dump that is put back, wherever and however, was written by another transaction than the one it names.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Text, cast, false, insert, literal_column, select, update

from app.events.tables import event_log

FIRST_EPOCH: Final = "0"
MAX_EPOCH: Final = 64  # characters
_ROW: Final = 1
# As text: these stand in every transaction that writes or reads events.
_COMMITS: Final = f"SELECT commits FROM event_log WHERE id = {_ROW}"  # noqa: S608 - a constant
_COUNT: Final = f"UPDATE event_log SET commits = commits + 1 WHERE id = {_ROW} RETURNING commits"  # noqa: S608 - as above
# A commit that has been seen lies before the first one, and what this transaction wrote before the second. During
# recovery there is none, and nobody writes.
_FLUSHED: Final = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN (pg_current_wal_flush_lsn() - '0/0')::bigint END"
_WRITTEN: Final = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
_INCARNATION: Final = (
    "(SELECT system_identifier FROM pg_control_system()) || '.' || "
    "substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || '.' || "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) || '.' || "
)
_WRITING: Final[ColumnElement[str]] = literal_column(f"{_INCARNATION}pg_current_xact_id()::xid", Text)
_IS_RESTORED: Final[ColumnElement[bool]] = literal_column(
    f"CASE WHEN pg_is_in_recovery() THEN false ELSE folder_id IS DISTINCT FROM {_INCARNATION}event_log.xmin END"
)
# In a copy of the database: wherever it is opened next, its log gets a new epoch.
FORGET_FOLDER: Final = f"UPDATE event_log SET folder_id = '' WHERE id = {_ROW}"  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """Which log it is, and how far it has come."""

    epoch: str = FIRST_EPOCH
    commits: int = 0  # PostgreSQL: a place in the write-ahead log
    # Of the data folder that the database was last opened in, or its incarnation; None: of none yet.
    folder_id: str | None = None
    is_restored: bool = False  # PostgreSQL: the row was written in another incarnation

    def goes_on_from(self, before: "LogIdentity") -> bool:
        """Return whether it continues the log identified by `before`."""
        return not self.is_restored and self.epoch == before.epoch and self.commits >= before.commits


def count_commit(connection: Connection) -> int:
    """Return the number of this transaction, which has written events: no earlier state of the log has come so far."""
    statement = _COUNT if connection.dialect.name == "sqlite" else _WRITTEN
    return connection.exec_driver_sql(statement).scalar_one_or_none() or 0


def read_commits(connection: Connection) -> int:
    """Return how far everything has come that this transaction sees; 0 when that cannot be told."""
    statement = _COMMITS if connection.dialect.name == "sqlite" else _FLUSHED
    return connection.exec_driver_sql(statement).scalar_one_or_none() or 0


def read_identity(connection: Connection, *, lock: bool = False) -> LogIdentity:
    """Return what the row says. `lock`: keep others who ask so from it until the transaction ends."""
    is_restored = false() if connection.dialect.name == "sqlite" else _IS_RESTORED
    row_of_log = select(event_log.c.epoch, event_log.c.commits, event_log.c.folder_id, is_restored)
    query = row_of_log.where(event_log.c.id == _ROW)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return LogIdentity(commits=read_commits(connection))
    epoch, commits, folder_id, restored = row
    if connection.dialect.name != "sqlite":
        commits = read_commits(connection)
    return LogIdentity(epoch, commits, folder_id, folder_id is not None and bool(restored))


def write_identity(connection: Connection, identity: LogIdentity) -> None:
    """Write the row; on PostgreSQL with the incarnation that this transaction belongs to."""
    is_sqlite = connection.dialect.name == "sqlite"
    values: dict[str, Any] = {
        "epoch": identity.epoch,
        "commits": identity.commits if is_sqlite else 0,
        "folder_id": identity.folder_id if is_sqlite else cast(_WRITING, Text),
    }
    if connection.execute(update(event_log).where(event_log.c.id == _ROW).values(**values)).rowcount == 0:
        connection.execute(insert(event_log).values(id=_ROW, **values))
