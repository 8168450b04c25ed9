"""Partitions of the tables that only grow, on PostgreSQL: made ahead, and dropped when all of one is old (ADR 0028).

Events and log lines are partitioned by their task's id. That is a UUIDv7: it begins with the time at which the task was
made, so that its ranges are ranges of time, and all rows of a task lie together. Audit rows are partitioned by `at`.
A row for which there is no partition goes to the table's own `_other`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from sqlalchemy import Connection

from app.core.ids import first_id_of

AHEAD: Final = 3  # periods that have their partition before they begin, with the one that is
LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '50ms'"


class Period(Enum):
    """How much time a partition covers. Weeks begin on Monday; all is UTC."""

    WEEK = auto()
    MONTH = auto()

    def start(self, at: datetime) -> datetime:
        """Return the beginning of the period that has this moment."""
        day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day - timedelta(days=day.weekday()) if self is Period.WEEK else day.replace(day=1)

    def next(self, start: datetime) -> datetime:
        """Return the beginning of the period after the one that begins there."""
        return start + timedelta(days=7) if self is Period.WEEK else (start + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A table in partitions."""

    table: str
    column: str  # by which it is partitioned
    period: Period
    has_tasks: bool = True  # partitioned by the task's id; else by a time

    @property
    def other(self) -> str:
        """Name of the partition of all rows that have none."""
        return f"{self.table}_other"

    @property
    def longest(self) -> timedelta:
        """How much later than a row its partition may end."""
        return timedelta(days=7 if self.period is Period.WEEK else 31)


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: rows of a period that begins at `start`."""

    of: Partitioned
    start: datetime

    @property
    def name(self) -> str:
        return f"{self.of.table}_{self.start:%Y%m%d}"

    @property
    def end(self) -> datetime:
        return self.of.period.next(self.start)

    @property
    def bounds(self) -> tuple[str, str]:
        """The first value of the column that belongs to it, and the first one that does not."""
        if self.of.has_tasks:
            return first_id_of(self.start), first_id_of(self.end)
        return self.start.isoformat(), self.end.isoformat()


EVENTS: Final = Partitioned("task_events", "task_id", Period.MONTH)
LINES: Final = Partitioned("task_logs", "task_id", Period.WEEK)
AUDIT: Final = Partitioned("audit_log", "at", Period.MONTH, has_tasks=False)
ALL: Final = (EVENTS, LINES, AUDIT)


def existing(connection: Connection, of: Partitioned) -> list[Partition]:
    """Return the partitions of a table but `_other`, the oldest first; none on SQLite."""
    if connection.dialect.name == "sqlite":
        return []
    found = connection.exec_driver_sql(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = to_regclass(%(table)s) ORDER BY c.relname",
        {"table": of.table},
    )
    starts = (name.removeprefix(f"{of.table}_") for (name,) in found)
    return [Partition(of, datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)) for day in starts if day.isdecimal()]


def missing(connection: Connection, now: datetime) -> list[Partition]:
    """Return the partitions of this period and the next ones that are not there and can be made.

    One whose rows went to `_other` cannot be made any more, and its rows stay there.
    SQLite has none, and misses none.
    """
    if connection.dialect.name == "sqlite":
        return []
    return [
        partition
        for of in ALL
        for partition in _needed(of, now, {item.start for item in existing(connection, of)})
        if not _has_others(connection, partition)
    ]


def wait_briefly(connection: Connection) -> None:
    """Make this transaction wait for a lock for a moment at most: who waits stops all that come later."""
    connection.exec_driver_sql(LOCK_TIMEOUT)


def make(connection: Connection, partition: Partition) -> None:
    """Make an empty partition. Rows are written and read meanwhile, but for the moment in which it gets its place."""
    low, high = partition.bounds
    table = partition.of.table
    connection.exec_driver_sql(f"CREATE TABLE {partition.name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    connection.exec_driver_sql(
        f"ALTER TABLE {table} ATTACH PARTITION {partition.name} FOR VALUES FROM ('{low}') TO ('{high}')"
    )


def drop(connection: Connection, partition: Partition) -> None:
    """Remove a partition with all its rows. The caller has it locked (`lock`), and knows that all of it is old."""
    connection.exec_driver_sql(f"DROP TABLE {partition.name}")


def lock(connection: Connection, partition: Partition) -> None:
    """Wait for everybody who reads or writes the table, and hold it until the transaction ends."""
    connection.exec_driver_sql(f"LOCK TABLE ONLY {partition.of.table} IN ACCESS EXCLUSIVE MODE")
    connection.exec_driver_sql(f"LOCK TABLE {partition.name} IN ACCESS EXCLUSIVE MODE")


def keep(connection: Connection) -> None:
    """Let no partition of tasks be dropped until this transaction ends. SQLite has none."""
    if connection.dialect.name != "sqlite":
        tables = ", ".join(f"ONLY {of.table}" for of in ALL if of.has_tasks)
        connection.exec_driver_sql(f"LOCK TABLE {tables} IN ACCESS SHARE MODE")


def make_ahead(connection: Connection, now: datetime) -> None:
    """Make all that are missing, in a transaction of somebody who waits for locks with patience of their own."""
    for partition in missing(connection, now):
        make(connection, partition)


def _needed(of: Partitioned, now: datetime, there: set[datetime]) -> Iterator[Partition]:
    start = of.period.start(now)
    for _ in range(AHEAD):
        if start not in there:
            yield Partition(of, start)
        start = of.period.next(start)


def _has_others(connection: Connection, partition: Partition) -> bool:
    low, high = partition.bounds
    of = partition.of
    return bool(
        connection.exec_driver_sql(
            f"SELECT EXISTS (SELECT FROM {of.other} WHERE {of.column} >= '{low}' AND {of.column} < '{high}')"  # noqa: S608 - ours
        ).scalar_one()
    )
