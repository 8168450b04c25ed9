"""Removing what is old. What is due is found by reads, page by page behind a key; each write removes a bounded number
of rows, so that the caller decides for how long the write lock is held.
"""

from collections.abc import Collection, Sequence
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
TASK_ROWS: Final = 5  # what looking at one more task costs, in rows
_SEEN: Final = "retention_clock"
_DOUBT: Final = ("retention_doubt_since", "retention_doubt_until")
# What hangs on a task, with the column that tells its rows apart.
_CHILDREN: Final = ((task_events, "seq"), (task_logs, "log_seq"), (violations, "id"))
Key = tuple[datetime, str]  # (completed_at, id): where a page ended


@dataclass(frozen=True, slots=True)
class Finished:
    """A task that has ended: `has` says whether it still has what the page was asked for."""

    id: str
    completed_at: datetime
    min_seq: int
    last_seq: int
    last_log_seq: int
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
    columns = (t.id, t.completed_at, t.min_seq, t.last_seq, t.last_log_seq)
    query = select(*columns, has.label("has")).where(t.status == status, t.completed_at < before)
    if after is not None:
        query = query.where(tuple_(t.completed_at, t.id) > after)
    rows = connection.execute(query.order_by(t.completed_at, t.id).limit(limit))
    return [Finished(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Place:
    """How far one table of a task has been pruned."""

    task_id: str
    rows: int  # at most so many are left
    after_seq: int = 0


def prune_events(
    connection: Connection, places: Sequence[Place], before: datetime, limit: int, types: Sequence[str] = ()
) -> list[Place]:
    """Removes events of these types (none: of all) behind these places, of tasks that ended before a moment: some
    `limit` rows, a task counted as TASK_ROWS more. What is left to do.

    What is left of a log is no longer contiguous: `min_seq` goes above the removed ones, so that a follower from before
    gets a snapshot.
    """
    whole, rest = _fitting(places, limit)
    if not whole:
        return _prune_window(connection, rest, before, limit, types)
    ids = _still_finished(connection, whole, before)
    connection.execute(delete(task_events).where(e.task_id.in_(ids), *_of(types)))
    connection.execute(update(scan_tasks).where(t.id.in_(ids)).values(min_seq=t.last_seq + 1))
    return rest


def prune_lines(connection: Connection, places: Sequence[Place], before: datetime, limit: int) -> list[Place]:
    """Remove log lines in the same way; `after_seq` means nothing here."""
    whole, rest = _fitting(places, limit)
    if whole:
        ids = _still_finished(connection, whole, before)
        connection.execute(delete(task_logs).where(task_logs.c.task_id.in_(ids)))
        return rest
    first, *others = rest
    ended = bool(_still_finished(connection, [first], before))
    removed = _remove_some(connection, task_logs, "log_seq", first.task_id, limit) if ended else 0
    return [Place(first.task_id, first.rows - removed), *others] if removed == limit else others


def _fitting(places: Sequence[Place], limit: int) -> tuple[list[Place], list[Place]]:
    """Those of the first that can be dealt with whole, and the others."""
    number = 0
    while number < len(places) and limit >= places[number].rows + TASK_ROWS:
        limit -= places[number].rows + TASK_ROWS
        number += 1
    return list(places[:number]), list(places[number:])


def _still_finished(connection: Connection, places: Sequence[Place], before: datetime) -> list[str]:
    """Somebody may have retried one meanwhile."""
    ids = [place.task_id for place in places]
    query = select(t.id).where(t.id.in_(ids), t.status.in_(sorted(TERMINAL)), t.completed_at < before)
    return list(connection.execute(query).scalars())


def _prune_window(
    connection: Connection, places: Sequence[Place], before: datetime, limit: int, types: Sequence[str]
) -> list[Place]:
    """The next `limit` events of the first one alone."""
    place, *rest = places
    if not _still_finished(connection, [place], before):
        return rest
    mine = (e.task_id == place.task_id) & (e.seq > place.after_seq)
    window = select(e.seq).where(mine).order_by(e.seq).limit(1).offset(limit - 1)
    upto = connection.execute(window).scalar_one_or_none()
    if upto is None:  # fewer are left than there may have been
        return [Place(place.task_id, 0, place.after_seq), *rest]
    connection.execute(delete(task_events).where(mine, e.seq <= upto, *_of(types)))
    connection.execute(update(scan_tasks).where(t.id == place.task_id, t.min_seq <= upto).values(min_seq=upto + 1))
    return [Place(place.task_id, place.rows - limit, upto), *rest]


def _of(types: Sequence[str]) -> list[ColumnElement[bool]]:
    return [e.type.in_(types)] if types else []


def tombstones(
    connection: Connection, deleted_before: datetime, limit: int, *, besides: Collection[str] = ()
) -> list[tuple[str, int]]:
    """Deleted tasks whose rows may go, each with its last run. `besides`: without these tasks."""
    query = select(t.id, t.run).where(t.deleted_at.is_not(None), t.deleted_at < deleted_before)
    if besides:
        query = query.where(t.id.not_in(sorted(besides)))
    return [(row.id, row.run) for row in connection.execute(query.order_by(t.deleted_at).limit(limit))]


def purge_task(connection: Connection, task_id: str, limit: int) -> bool:
    """Removes up to `limit` rows of a deleted task, its own row last. Whether it is gone."""
    for table, key in _CHILDREN:
        limit -= _remove_some(connection, table, key, task_id, limit)
        if limit <= 0:
            return False
    connection.execute(delete(scan_tasks).where(t.id == task_id, t.deleted_at.is_not(None)))
    return True


def purge_tasks(connection: Connection, task_ids: Sequence[str], limit: int) -> int:
    """Removes up to `limit` rows of deleted tasks, one task after the other. How many of them are gone."""
    gone = 0
    while gone < len(task_ids) and limit > 0:
        for table, key in _CHILDREN:
            limit -= _remove_some(connection, table, key, task_ids[gone], max(0, limit))
        if limit <= 0:
            break
        connection.execute(delete(scan_tasks).where(t.id == task_ids[gone], t.deleted_at.is_not(None)))
        gone, limit = gone + 1, limit - 1
    return gone


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
    """The wall clock is believed: what was doubted is forgotten."""
    _set_mark(connection, _SEEN, now)
    connection.execute(delete(marks).where(marks.c.name.in_(_DOUBT)))


def doubt(connection: Connection) -> tuple[datetime, datetime] | None:
    """From when until when the wall clock went while it was not believed, by itself; None: it was believed last."""
    found = {row.name: row.at for row in connection.execute(select(marks).where(marks.c.name.in_(_DOUBT)))}
    return (found[_DOUBT[0]], found[_DOUBT[1]]) if len(found) == len(_DOUBT) else None


def set_doubt(connection: Connection, since: datetime, until: datetime) -> None:
    for name, at in zip(_DOUBT, (since, until), strict=True):
        _set_mark(connection, name, at)


def _set_mark(connection: Connection, name: str, at: datetime) -> None:
    if not connection.execute(update(marks).where(marks.c.name == name).values(at=at)).rowcount:
        connection.execute(insert(marks).values(name=name, at=at))


def _remove_some(connection: Connection, table: Table, key: str, task_id: str, limit: int) -> int:
    mine = table.c.task_id == task_id
    some = select(table.c[key]).where(mine).limit(limit).scalar_subquery()
    return connection.execute(delete(table).where(mine, table.c[key].in_(some))).rowcount
