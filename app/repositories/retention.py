"""Removing what is old. What is due is found by reads, page by page behind a key; each write removes a bounded number
of rows, so that the caller decides for how long the write lock is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, func, insert, select, tuple_, update

from app.domain.tasks import TERMINAL, TaskStatus
from app.events.types import TaskLogs, TaskProgress
from app.models import audit_log, idempotency_keys, marks, scan_tasks, task_events, task_logs, violations

t = scan_tasks.c
e = task_events.c
PROGRESS: Final = (TaskProgress.type,)
LINES: Final = (TaskLogs.type,)
_SEEN: Final = "retention_clock"
# What hangs on a task, with the column that tells its rows apart.
_CHILDREN: Final = ((task_events, "seq"), (task_logs, "log_seq"), (violations, "id"))
Key = tuple[datetime, str]  # (completed_at, id): where a page ended


@dataclass(frozen=True, slots=True)
class Finished:
    """A task that has ended: `has` says whether it still has what the page was asked for."""

    id: str
    completed_at: datetime
    min_seq: int
    has: bool

    @property
    def key(self) -> Key:
        return self.completed_at, self.id


def has_progress() -> ColumnElement[bool]:
    """Progress events that were not looked at yet: pruning raises `min_seq` to the log's end."""
    return t.min_seq <= t.last_seq


def has_lines() -> ColumnElement[bool]:
    return exists().where(task_logs.c.task_id == t.id)


def has_events() -> ColumnElement[bool]:
    return exists().where(e.task_id == t.id)


def finished(
    connection: Connection,
    status: TaskStatus,
    *,
    before: datetime,
    after: Key | None,
    has: ColumnElement[bool],
    limit: int,
) -> list[Finished]:
    """A page of the tasks that ended so before a moment, in the order of their ends, behind the key `after`."""
    query = select(t.id, t.completed_at, t.min_seq, has.label("has")).where(t.status == status, t.completed_at < before)
    if after is not None:
        query = query.where(tuple_(t.completed_at, t.id) > after)
    rows = connection.execute(query.order_by(t.completed_at, t.id).limit(limit))
    return [Finished(row.id, row.completed_at, row.min_seq, bool(row.has)) for row in rows]


def prune_events(
    connection: Connection, task_id: str, before: datetime, after_seq: int, limit: int, types: Sequence[str] = ()
) -> int | None:
    """Removes events of these types (none: of all) among the next `limit` above `after_seq`, of a task that ended
    before a moment. What is left is no longer contiguous: `min_seq` goes above it, so that a follower from before gets
    a snapshot. Up to which seq that was; None: that was the last, or the task is not finished any more.
    """
    last_seq = connection.execute(
        select(t.last_seq).where(t.id == task_id, t.status.in_(sorted(TERMINAL)), t.completed_at < before)
    ).scalar_one_or_none()
    if last_seq is None:
        return None
    mine = (e.task_id == task_id) & (e.seq > after_seq)
    window = select(e.seq).where(mine).order_by(e.seq).limit(1).offset(limit - 1)
    upto = connection.execute(window).scalar_one_or_none() or last_seq
    of_types = [e.type.in_(types)] if types else []
    connection.execute(delete(task_events).where(mine, e.seq <= upto, *of_types))
    connection.execute(update(scan_tasks).where(t.id == task_id, t.min_seq <= upto).values(min_seq=upto + 1))
    return upto if upto < last_seq else None


def prune_lines(connection: Connection, task_id: str, before: datetime, limit: int) -> int:
    """Removes the next `limit` log lines of a task that ended before a moment; how many there were."""
    ended = exists().where(t.id == task_id, t.status.in_(sorted(TERMINAL)), t.completed_at < before)
    return _remove_some(connection, task_logs, "log_seq", task_id, limit, ended)


def tombstones(connection: Connection, deleted_before: datetime, limit: int) -> list[tuple[str, int]]:
    """Deleted tasks whose rows may go, each with its last run."""
    query = select(t.id, t.run).where(t.deleted_at.is_not(None), t.deleted_at < deleted_before)
    return [(row.id, row.run) for row in connection.execute(query.order_by(t.deleted_at).limit(limit))]


def purge_task(connection: Connection, task_id: str, limit: int) -> bool:
    """Removes up to `limit` rows of a deleted task, its own row last. Whether it is gone."""
    buried = exists().where(t.id == task_id, t.deleted_at.is_not(None))
    for table, key in _CHILDREN:
        if _remove_some(connection, table, key, task_id, limit, buried):
            return False
    connection.execute(delete(scan_tasks).where(t.id == task_id, t.deleted_at.is_not(None)))
    return True


def has_old_keys(connection: Connection, made_before: datetime) -> bool:
    """Whether an idempotency key has had its time."""
    found = select(idempotency_keys.c.key).where(idempotency_keys.c.created_at < made_before).limit(1)
    return connection.execute(found).first() is not None


def prune_keys(connection: Connection, made_before: datetime, limit: int) -> int:
    """Removes idempotency keys that have had their time. How many."""
    i = idempotency_keys.c
    keys = connection.execute(select(i.user_id, i.key).where(i.created_at < made_before).limit(limit)).all()
    connection.execute(delete(idempotency_keys).where(tuple_(i.user_id, i.key).in_([tuple(key) for key in keys])))
    return len(keys)


def has_old_audit(connection: Connection, made_before: datetime) -> bool:
    """Whether a row of the audit log has had its time."""
    found = select(audit_log.c.id).where(audit_log.c.at < made_before).limit(1)
    return connection.execute(found).first() is not None


def prune_audit(connection: Connection, made_before: datetime, limit: int) -> int:
    """Removes old rows of the audit log. How many."""
    old = select(audit_log.c.id).where(audit_log.c.at < made_before).order_by(audit_log.c.at).limit(limit)
    return connection.execute(delete(audit_log).where(audit_log.c.id.in_(old))).rowcount


def last_seen(connection: Connection) -> datetime | None:
    """When retention last looked at the wall clock and believed it; before it ever did, when the newest task was made.

    None: there is nothing yet that could be old.
    """
    seen: datetime | None = connection.execute(select(marks.c.at).where(marks.c.name == _SEEN)).scalar_one_or_none()
    newest = select(func.max(t.created_at)).where(t.deleted_at.is_(None))
    return seen or connection.execute(newest).scalar_one()


def set_last_seen(connection: Connection, now: datetime) -> None:
    if not connection.execute(update(marks).where(marks.c.name == _SEEN).values(at=now)).rowcount:
        connection.execute(insert(marks).values(name=_SEEN, at=now))


def _remove_some(
    connection: Connection, table: Table, key: str, task_id: str, limit: int, condition: ColumnElement[bool]
) -> int:
    mine = table.c.task_id == task_id
    some = select(table.c[key]).where(mine).order_by(table.c[key]).limit(limit).scalar_subquery()
    return connection.execute(delete(table).where(mine, table.c[key].in_(some), condition)).rowcount
