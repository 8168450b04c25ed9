"""Makes partitions ahead of time, and drops those of which all is old (ADR 0028). SQLite has none: nothing happens."""

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from app.core.db import Database, DatabaseUnavailable
from app.maintenance.queries.partitions import has_log, is_due, raise_min_seqs
from app.migrations import partitions
from app.migrations.partitions import EVENTS, Partition, Partitioned

TASKS: Final = 500  # whose `min_seq` is raised by one transaction
# A scan runs for half a day at most, and retention comes round once a minute.
RUNNING: Final = timedelta(days=1)
log = structlog.get_logger(__name__)


class PartitionKeeper:
    """All methods raise DatabaseUnavailable, but not when somebody holds a table: the next round tries again."""

    def __init__(self, *, db: Database) -> None:
        self._db = db

    def patience(self, of: Partitioned) -> timedelta:
        """Return for how long after they are due rows are left to `drop_old`; then they are removed one by one."""
        return timedelta(0) if self._db.is_sqlite else of.longest + RUNNING

    async def make_ahead(self, now: datetime) -> None:
        """Make the partitions of this period and the next ones."""
        for partition in await self._db.read(lambda c: partitions.missing(c, now)):
            try:
                await self._db.write(lambda c: _make(c, partition))  # noqa: B023 - run at once
            except DatabaseUnavailable as error:
                log.info("partition_waits", partition=partition.name, reason=error.message)
                return
            log.info("partition_made", partition=partition.name)

    async def drop_old(self, of: Partitioned, before: datetime) -> None:
        """Drop the partitions whose rows, or the runs that wrote them, are all older than `before`."""
        for partition in await self._db.read(lambda c: partitions.existing(c, of)):
            if await self._db.read(lambda c: is_due(c, partition, before)):  # noqa: B023 - run at once
                await self._drop(partition, before)

    async def _drop(self, partition: Partition, before: datetime) -> None:
        if partition.of is EVENTS:
            while await self._db.write(lambda c: raise_min_seqs(c, partition, TASKS)):
                continue
        try:
            dropped = await self._db.write(lambda c: _drop_if_due(c, partition, before))
        except DatabaseUnavailable as error:
            log.info("partition_waits", partition=partition.name, reason=error.message)
            return
        if dropped:
            log.info("partition_dropped", partition=partition.name)


def _make(connection: Connection, partition: Partition) -> None:
    partitions.wait_briefly(connection)
    partitions.make(connection, partition)


def _drop_if_due(connection: Connection, partition: Partition, before: datetime) -> bool:
    """Look again while nobody else can write, nor place a hold: a task may have been tried again or held since. What
    comes later finds no partition, and goes to that of all others.
    """
    partitions.wait_briefly(connection)
    partitions.lock(connection, partition)
    if not is_due(connection, partition, before) or (partition.of is EVENTS and has_log(connection, partition)):
        return False
    partitions.drop(connection, partition)
    return True
