"""When all of a partition is old, and what must be so before it is dropped (ADR 0028)."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, select, update

from app.events.tables import UNFINISHED_ONLY, scan_runs, scan_tasks
from app.migrations.partitions import Partition
from app.scans.queries import holds

t, r = scan_tasks.c, scan_runs.c


def is_due(connection: Connection, partition: Partition, before: datetime) -> bool:
    """Whether all rows of the partition are older; those of a task, whether all its runs ended before that moment and
    it is not held.
    """
    if partition.end > before:
        return False
    if not partition.of.has_tasks:
        return True
    low, high = partition.bounds
    unfinished = exists().where(t.id >= low, t.id < high, UNFINISHED_ONLY)
    ended_later = exists().where(r.task_id >= low, r.task_id < high, r.completed_at >= before)
    # Not by `held_at`: PostgreSQL would look through the index of all that are held, of any partition.
    held = exists().where(t.id >= low, t.id < high, t.held_by.is_not(None))
    return not connection.execute(select(unfinished | ended_later | held)).scalar_one()


def raise_min_seqs(connection: Connection, partition: Partition, limit: int) -> int:
    """Say of up to `limit` tasks of the partition that their whole log is pruned, and return of how many: not of those
    that are held.

    So a position in it gets a snapshot, before its events are gone.
    """
    some = select(t.id).where(_has_log(partition), holds.FREE).order_by(t.id).limit(limit).scalar_subquery()
    mine = update(scan_tasks).where(t.id.in_(some), holds.FREE)
    return connection.execute(mine.values(min_seq=t.last_seq + 1)).rowcount


def has_log(connection: Connection, partition: Partition) -> bool:
    """Whether a task of the partition has a log that is not said to be pruned."""
    return connection.execute(select(exists().where(_has_log(partition)))).scalar_one()


def _has_log(partition: Partition) -> ColumnElement[bool]:
    low, high = partition.bounds
    return (t.id >= low) & (t.id < high) & (t.min_seq <= t.last_seq)
