"""Legal holds of scans: what is held is neither deleted nor thinned out."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, select, update

from app.events.tables import HELD, scan_tasks
from app.migrations import partitions

t = scan_tasks.c
FREE: Final[ColumnElement[bool]] = t.held_at.is_(None)


def lock_free(connection: Connection, task_ids: Collection[str]) -> set[str]:
    """Return which of the tasks are not held, and let a hold of them wait until this transaction has ended.

    SQLite has one writer anyway.
    """
    free = select(t.id).where(t.id.in_(sorted(set(task_ids))), FREE).order_by(t.id)
    return set(connection.execute(free.with_for_update(key_share=True)).scalars())


def place(connection: Connection, task_id: str, *, at: datetime, by: str, reason: str) -> bool:
    """Hold a scan, in place of an earlier hold. False: it is deleted. What removes rows of it has ended by then, or
    finds it held.
    """
    partitions.keep(connection)
    visible = update(scan_tasks).where(t.id == task_id, t.deleted_at.is_(None))
    return connection.execute(visible.values(held_at=at, held_by=by, hold_reason=reason)).rowcount > 0


def release(connection: Connection, task_id: str) -> bool:
    """Hold it no longer. False: it was not held."""
    mine = t.id == task_id
    if connection.execute(select(t.held_at).where(mine)).scalar_one_or_none() is None:
        return False
    connection.execute(update(scan_tasks).where(mine).values(held_at=None, held_by=None, hold_reason=None))
    return True


def has_held(connection: Connection, user_id: str, target_domain: str | None = None) -> bool:
    """Whether a scan of the user is held; with a target, whether one of that."""
    mine = t.user_id == user_id
    if target_domain is not None:
        mine &= t.target_domain == target_domain
    found = exists().where(mine, HELD, t.deleted_at.is_(None))
    return connection.execute(select(found)).scalar_one()
