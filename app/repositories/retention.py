"""Removing what is old. Every call touches a few tasks only, so that the write lock is never held long."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, select, tuple_, update

from app.domain.tasks import TERMINAL
from app.events.types import TaskProgress
from app.models import audit_log, idempotency_keys, scan_tasks, task_events, task_logs

t = scan_tasks.c


def purge_tasks(connection: Connection, deleted_before: datetime, limit: int) -> list[str]:
    """Removes the rows of tombstones with all that hangs on them; whose they were."""
    query = select(t.id).where(t.deleted_at < deleted_before).limit(limit)
    ids = list(connection.execute(query).scalars())
    connection.execute(delete(scan_tasks).where(t.id.in_(ids)))
    return ids


def prune_progress(connection: Connection, finished_before: datetime, limit: int) -> int:
    """Removes progress events of finished tasks. What is left of their log is no longer contiguous: `min_seq` goes
    above it, so that a follower from before gets a snapshot. How many tasks that were.
    """
    ids = _finished(connection, finished_before, limit, t.min_seq <= t.last_seq)
    connection.execute(
        delete(task_events).where(task_events.c.task_id.in_(ids), task_events.c.type == TaskProgress.type)
    )
    connection.execute(update(scan_tasks).where(t.id.in_(ids)).values(min_seq=t.last_seq + 1))
    return len(ids)


def prune_lines(connection: Connection, finished_before: datetime, limit: int) -> int:
    """Removes the log lines of finished tasks, in the log of events too. How many tasks that were."""
    has_lines = exists().where(task_logs.c.task_id == t.id)
    ids = _finished(connection, finished_before, limit, has_lines)
    connection.execute(delete(task_logs).where(task_logs.c.task_id.in_(ids)))
    connection.execute(delete(task_events).where(task_events.c.task_id.in_(ids), task_events.c.type == "task_logs"))
    connection.execute(update(scan_tasks).where(t.id.in_(ids)).values(min_seq=t.last_seq + 1))
    return len(ids)


def prune_events(connection: Connection, finished_before: datetime, limit: int) -> int:
    """Removes all events of finished tasks; state and findings stay. How many tasks that were."""
    has_events = exists().where(task_events.c.task_id == t.id)
    ids = _finished(connection, finished_before, limit, has_events)
    connection.execute(delete(task_events).where(task_events.c.task_id.in_(ids)))
    connection.execute(update(scan_tasks).where(t.id.in_(ids)).values(min_seq=t.last_seq + 1))
    return len(ids)


def prune_keys(connection: Connection, made_before: datetime, limit: int) -> int:
    """Removes idempotency keys that have had their time. How many."""
    i = idempotency_keys.c
    keys = connection.execute(select(i.user_id, i.key).where(i.created_at < made_before).limit(limit)).all()
    connection.execute(delete(idempotency_keys).where(tuple_(i.user_id, i.key).in_([tuple(key) for key in keys])))
    return len(keys)


def prune_audit(connection: Connection, made_before: datetime, limit: int) -> int:
    """Removes old rows of the audit log. How many."""
    old = select(audit_log.c.id).where(audit_log.c.at < made_before).order_by(audit_log.c.at).limit(limit)
    return connection.execute(delete(audit_log).where(audit_log.c.id.in_(old))).rowcount


def _finished(connection: Connection, before: datetime, limit: int, more: ColumnElement[bool]) -> Sequence[Any]:
    query = select(t.id).where(t.status.in_(sorted(TERMINAL)), t.completed_at < before, more).limit(limit)
    return connection.execute(query).scalars().all()
