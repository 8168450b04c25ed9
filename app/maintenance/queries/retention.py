"""Queries of retention. What is due is found by reads, page by page; each write removes a bounded number of rows, so
that the caller decides for how long the write lock is held. A scan may come under a legal hold between the two: each
write asks again, and lets a hold wait until it has ended.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, func, insert, or_, select, tuple_, update

from app.core.tables import marks
from app.events.event_body import Retention
from app.events.tables import UNFINISHED_VISIBLE, scan_runs, scan_tasks, task_events, task_logs
from app.events.types import EVENT_BODIES
from app.findings.tables import findings, violations
from app.identity.tables import api_keys, audit_log, scan_links
from app.inventory.tables import scan_differences
from app.orders import queries as orders
from app.scans.queries import holds
from app.scans.tables import idempotency_keys

t = scan_tasks.c
e = task_events.c
r = scan_runs.c
PROGRESS: Final = tuple(body.type for body in EVENT_BODIES if body.retention is Retention.PROGRESS)
LINES: Final = tuple(body.type for body in EVENT_BODIES if body.retention is Retention.LOGS)
RUN_ROWS: Final = 5  # what looking at one more run costs, in rows
_TRUSTED: Final = "retention_clock"
_UNTRUSTED: Final = ("retention_doubt_since", "retention_doubt_until")
# What hangs on a task, with the column that tells its rows apart.
_CHILDREN: Final = (
    (task_events, "seq"),
    (task_logs, "log_seq"),
    (violations, "id"),
    (findings, "domain"),
    (scan_runs, "run"),
)
PageKey = tuple[datetime, str, int]  # (completed_at, task, run): where a page ended


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended. `has`: it still has what the page was asked for. `min_seq` is of its task."""

    task_id: str
    run: int
    completed_at: datetime
    min_seq: int
    last_seq: int
    last_log_seq: int
    has: bool

    @property
    def key(self) -> PageKey:
        return self.completed_at, self.task_id, self.run


def has_progress() -> ColumnElement[bool]:
    """Select runs whose progress events were not pruned yet: that raises `min_seq` above the run's end."""
    return t.min_seq <= r.last_seq


def has_lines() -> ColumnElement[bool]:
    return exists().where(task_logs.c.task_id == r.task_id, task_logs.c.log_seq <= r.last_log_seq)


def has_events() -> ColumnElement[bool]:
    return exists().where(e.task_id == r.task_id, e.seq <= r.last_seq)


def has_old_results() -> ColumnElement[bool]:
    """Select runs with results that nobody is shown unasked: neither the newest of its task, nor its last conclusive
    one. And runs of which such results could not be removed in full.
    """
    later = scan_runs.alias()
    followed = exists().where(later.c.task_id == r.task_id, later.c.run > r.run, later.c.conclusive)
    is_old = (r.run < t.run) & or_(r.conclusive.is_(False), followed)
    return r.removal_pending | (r.results_removed_at.is_(None) & is_old)


def ended(
    connection: Connection, *, before: datetime, after: PageKey | None, has: ColumnElement[bool], limit: int
) -> list[EndedRun]:
    """Return a page of the runs that ended before a moment, in the order of their ends, after a key. What is held has
    nothing to be removed.
    """
    columns = (r.task_id, r.run, r.completed_at, t.min_seq, r.last_seq, r.last_log_seq)
    query = select(*columns, has.label("has")).join(scan_tasks, t.id == r.task_id)
    query = query.where(r.completed_at < before, holds.FREE)
    if after is not None:
        query = query.where(tuple_(r.completed_at, r.task_id, r.run) > after)
    rows = connection.execute(query.order_by(r.completed_at, r.task_id, r.run).limit(limit))
    return [EndedRun(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class PendingPrune:
    """Rows of a task to be pruned in one table: all up to `upto_seq`, the end of a run."""

    task_id: str
    upto_seq: int
    rows: int  # at most so many are left
    after_seq: int = 0


def prune_events(
    connection: Connection, pending: Sequence[PendingPrune], limit: int, types: Sequence[str] = ()
) -> list[PendingPrune]:
    """Remove events of these types (none: of all) of runs that have ended, and return what is left to do.

    Some `limit` rows are removed; a run counts as RUN_ROWS more. The rest of a log is no longer contiguous: `min_seq`
    goes above the removed events, so that a subscription from before gets a snapshot.
    """
    whole, rest = _fitting(pending, limit)
    if not whole:
        return _prune_window(connection, rest, limit, types) if _free(connection, rest[:1]) else rest[1:]
    for item in _free(connection, whole):
        connection.execute(delete(task_events).where(e.task_id == item.task_id, e.seq <= item.upto_seq, *_of(types)))
        _raise_min_seq(connection, item.task_id, item.upto_seq)
    return rest


def prune_lines(connection: Connection, pending: Sequence[PendingPrune], limit: int) -> list[PendingPrune]:
    """Remove log lines in the same way; `after_seq` means nothing here."""
    whole, rest = _fitting(pending, limit)
    for item in _free(connection, whole):
        connection.execute(delete(task_logs).where(_lines_of(item)))
    if whole:
        return rest
    first, *others = rest
    if not _free(connection, [first]):
        return others
    some = select(task_logs.c.log_seq).where(_lines_of(first)).limit(limit).scalar_subquery()
    removed = connection.execute(delete(task_logs).where(_lines_of(first), task_logs.c.log_seq.in_(some))).rowcount
    return [replace(first, rows=first.rows - removed), *others] if removed == limit else others


def prune_violations(connection: Connection, task_id: str, run: int, limit: int) -> int:
    """Remove up to `limit` violations of a run, behind the last of them its findings, and return how many; of a task
    that is held none.
    """
    if not holds.lock_free(connection, [task_id]):
        return 0
    mine = (violations.c.task_id == task_id) & (violations.c.run == run)
    some = select(violations.c.id).where(mine).limit(limit).scalar_subquery()
    removed = connection.execute(delete(violations).where(mine, violations.c.id.in_(some))).rowcount
    if removed:
        return removed
    of_run = (findings.c.task_id == task_id) & (findings.c.run == run)
    names = select(findings.c.violation_id).where(of_run).limit(limit).scalar_subquery()
    return connection.execute(delete(findings).where(of_run, findings.c.violation_id.in_(names))).rowcount


def _free(connection: Connection, pending: Sequence[PendingPrune]) -> list[PendingPrune]:
    free = holds.lock_free(connection, [item.task_id for item in pending]) if pending else ()
    return [item for item in pending if item.task_id in free]


def _lines_of(one: PendingPrune) -> ColumnElement[bool]:
    return (task_logs.c.task_id == one.task_id) & (task_logs.c.log_seq <= one.upto_seq)


def _raise_min_seq(connection: Connection, task_id: str, pruned: int) -> None:
    connection.execute(update(scan_tasks).where(t.id == task_id, t.min_seq <= pruned).values(min_seq=pruned + 1))


def _fitting(pending: Sequence[PendingPrune], limit: int) -> tuple[list[PendingPrune], list[PendingPrune]]:
    """Split into the first ones, as many as can be pruned whole, and the others."""
    number = 0
    while number < len(pending) and limit >= pending[number].rows + RUN_ROWS:
        limit -= pending[number].rows + RUN_ROWS
        number += 1
    return list(pending[:number]), list(pending[number:])


def _prune_window(
    connection: Connection, pending: Sequence[PendingPrune], limit: int, types: Sequence[str]
) -> list[PendingPrune]:
    """Remove the next `limit` events of the first run alone."""
    first, *rest = pending
    mine = (e.task_id == first.task_id) & (e.seq > first.after_seq) & (e.seq <= first.upto_seq)
    window = select(e.seq).where(mine).order_by(e.seq).limit(1).offset(limit - 1)
    upto = connection.execute(window).scalar_one_or_none()
    if upto is None:  # fewer are left than there may have been
        return [replace(first, rows=0), *rest]
    connection.execute(delete(task_events).where(mine, e.seq <= upto, *_of(types)))
    _raise_min_seq(connection, first.task_id, upto)
    return [replace(first, rows=first.rows - limit, after_seq=upto), *rest]


def _of(types: Sequence[str]) -> list[ColumnElement[bool]]:
    return [e.type.in_(types)] if types else []


def tombstones(
    connection: Connection, before: datetime, limit: int, *, besides: Collection[str] = ()
) -> list[tuple[str, int]]:
    """Return tasks deleted before a moment, each with its last run, but not those in `besides`."""
    query = select(t.id, t.run).where(t.deleted_at.is_not(None), t.deleted_at < before)
    if besides:
        query = query.where(t.id.not_in(sorted(besides)))
    return [(row.id, row.run) for row in connection.execute(query.order_by(t.deleted_at).limit(limit))]


def purge_tasks(connection: Connection, task_ids: Sequence[str], limit: int) -> int:
    """Remove up to `limit` rows of deleted tasks, one task after the other. How many of them are gone."""
    gone = 0
    while gone < len(task_ids) and limit > 0:
        for table, key in _CHILDREN:
            limit -= _remove_some(connection, table, key, task_ids[gone], max(0, limit))
        if limit <= 0:
            break
        orders.remove_if_empty(connection, task_ids[gone])
        connection.execute(delete(scan_tasks).where(t.id == task_ids[gone], t.deleted_at.is_not(None)))
        gone, limit = gone + 1, limit - 1
    return gone


def has_old_keys(connection: Connection, before: datetime) -> bool:
    """Whether an idempotency key is older."""
    found = select(idempotency_keys.c.key).where(idempotency_keys.c.created_at < before).limit(1)
    return connection.execute(found).first() is not None


def prune_keys(connection: Connection, before: datetime, limit: int) -> int:
    """Remove older idempotency keys, and return how many."""
    i = idempotency_keys.c
    keys = connection.execute(select(i.user_id, i.key).where(i.created_at < before).limit(limit)).all()
    connection.execute(delete(idempotency_keys).where(tuple_(i.user_id, i.key).in_([tuple(key) for key in keys])))
    return len(keys)


def has_dead_tokens(connection: Connection, before: datetime) -> bool:
    """Whether an API key or a read-only link ended before."""
    queries = (select(table.c.id).where(table.c.expires_at < before).limit(1) for table in (api_keys, scan_links))
    return any(connection.execute(query).first() is not None for query in queries)


def prune_tokens(connection: Connection, before: datetime, limit: int) -> int:
    """Remove API keys and read-only links that ended before, and return how many."""
    gone = 0
    for table in (api_keys, scan_links):
        some = select(table.c.id).where(table.c.expires_at < before).limit(limit - gone).scalar_subquery()
        gone += connection.execute(delete(table).where(table.c.id.in_(some))).rowcount
    return gone


def has_old_audit(connection: Connection, before: datetime) -> bool:
    """Whether a row of the audit log is older."""
    found = select(audit_log.c.id).where(audit_log.c.at < before).order_by(audit_log.c.at).limit(1)
    return connection.execute(found).first() is not None


def prune_audit(connection: Connection, before: datetime, limit: int) -> int:
    """Remove older rows of the audit log, and return how many."""
    a = audit_log.c
    old = connection.execute(select(a.id, a.at).where(a.at < before).order_by(a.at).limit(limit)).all()
    if not old:
        return 0
    times = a.at.between(old[0].at, old[-1].at)  # of one partition or two
    return connection.execute(delete(audit_log).where(times, a.id.in_([row.id for row in old]))).rowcount


def prune_differences(connection: Connection, task_id: str, run: int, limit: int) -> int:
    """Remove some comparisons with a run, and return how many; of a task that is held none."""
    if not holds.lock_free(connection, [task_id]):
        return 0
    s = scan_differences.c
    key = (s.task_id, s.run, s.against_task_id, s.against_run)
    for mine in ((s.task_id == task_id, s.run == run), (s.against_task_id == task_id, s.against_run == run)):
        some = connection.execute(select(*key).where(*mine).limit(limit)).all()
        if some:
            connection.execute(delete(scan_differences).where(tuple_(*key).in_([tuple(one) for one in some])))
            return len(some)
    return 0


def trusted_time(connection: Connection) -> datetime | None:
    """Return the last time of the wall clock that was trusted; before the first, when the newest task was made.

    None: there is nothing yet that could be old.
    """
    trusted: datetime | None = connection.execute(
        select(marks.c.at).where(marks.c.name == _TRUSTED)
    ).scalar_one_or_none()
    newest = select(func.max(t.created_at)).where(t.deleted_at.is_(None))
    return trusted or connection.execute(newest).scalar_one()


def set_trusted_time(connection: Connection, now: datetime) -> None:
    """Trust this time of the wall clock, and forget the untrusted span."""
    _set_mark(connection, _TRUSTED, now)
    connection.execute(delete(marks).where(marks.c.name.in_(_UNTRUSTED)))


def untrusted_span(connection: Connection) -> tuple[datetime, datetime] | None:
    """Return from when until when the wall clock was seen to go on without being trusted; None: it is trusted."""
    found = {row.name: row.at for row in connection.execute(select(marks).where(marks.c.name.in_(_UNTRUSTED)))}
    return (found[_UNTRUSTED[0]], found[_UNTRUSTED[1]]) if len(found) == len(_UNTRUSTED) else None


def set_untrusted_span(connection: Connection, since: datetime, until: datetime) -> None:
    for name, at in zip(_UNTRUSTED, (since, until), strict=True):
        _set_mark(connection, name, at)


def _set_mark(connection: Connection, name: str, at: datetime) -> None:
    if not connection.execute(update(marks).where(marks.c.name == name).values(at=at)).rowcount:
        connection.execute(insert(marks).values(name=name, at=at))


def _remove_some(connection: Connection, table: Table, key: str, task_id: str, limit: int) -> int:
    mine = table.c.task_id == task_id
    some = select(table.c[key]).where(mine).limit(limit)
    if table.c.task_id.primary_key:
        # In its order, so that PostgreSQL 17 too takes the index where most of a partition is this task's.
        some = some.order_by(table.c[key])
    return connection.execute(delete(table).where(mine, table.c[key].in_(some.scalar_subquery()))).rowcount


def mark_deleted_unfinished(connection: Connection, user_id: str, now: datetime) -> None:
    """Mark the user's tasks that wait or run as deleted, but for those that are held; their rows go later."""
    ours = scan_tasks.c.user_id == user_id
    connection.execute(update(scan_tasks).where(ours, UNFINISHED_VISIBLE, holds.FREE).values(deleted_at=now))


def mark_deleted_some(connection: Connection, user_id: str, now: datetime, limit: int) -> list[tuple[str, int]]:
    """Mark some of the user's tasks that are not held as deleted, and return them, each with its last run. A hold of
    one of them waits, and finds it deleted.
    """
    query = select(scan_tasks.c.id, scan_tasks.c.run).where(scan_tasks.c.user_id == user_id, holds.FREE)
    query = query.order_by(scan_tasks.c.created_at).limit(limit).with_for_update(key_share=True)
    found = [(row.id, row.run) for row in connection.execute(query)]
    ids = [task_id for task_id, _ in found]
    visible = scan_tasks.c.deleted_at.is_(None)
    connection.execute(update(scan_tasks).where(scan_tasks.c.id.in_(ids), visible, holds.FREE).values(deleted_at=now))
    return found
