"""Runs of tasks: what each attempt of a user has left behind. The newest run of a task stands in its own row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Row, func, insert, literal, select, tuple_, update

from app.domain.task_row import Run, TaskRow
from app.domain.verdict import is_conclusive
from app.events.tables import RUN_COLUMNS, scan_runs, scan_tasks
from app.scans.queries import holds

r, t = scan_runs.c, scan_tasks.c
_KEPT: Final = (r.task_id, *(r[name] for name in RUN_COLUMNS), r.conclusive, r.capture_bytes)


def keep(connection: Connection, task_id: str, *, conclusive: bool) -> None:
    """Keep the task's row as that of a run which has ended; in the transaction that ends it, once."""
    earlier = select(func.coalesce(func.sum(r.capture_bytes), 0)).where(
        r.task_id == task_id, r.results_removed_at.is_(None)
    )
    own_bytes = t.capture_bytes - earlier.scalar_subquery()
    row = select(t.id, *(t[name] for name in RUN_COLUMNS), literal(conclusive), own_bytes).where(t.id == task_id)
    connection.execute(insert(scan_runs).from_select(_KEPT, row))


def containing(connection: Connection, row: TaskRow, attempt: int) -> Run | None:
    """Return the run that has this attempt, by its task's row; None when there is none."""
    if row.run <= attempt <= row.attempt:
        return Run(row)
    query = select(scan_runs).where(r.task_id == row.id, r.run <= attempt, r.attempt >= attempt)
    found = connection.execute(query).one_or_none()
    return None if found is None else _as_run(row, found)


def page(connection: Connection, row: TaskRow, *, offset: int, limit: int) -> tuple[list[Run], int]:
    """Return a page of the runs of a task, the newest first, and how many there are."""
    earlier = select(scan_runs).where(r.task_id == row.id, r.run < row.run)
    total = 1 + connection.execute(select(func.count()).select_from(earlier.subquery())).scalar_one()
    newest = [Run(row)] if offset == 0 else []
    some = earlier.order_by(r.run.desc()).offset(max(0, offset - 1)).limit(limit - len(newest))
    return [*newest, *(_as_run(row, found) for found in connection.execute(some))], total


def shown_attempts(connection: Connection, rows: Sequence[TaskRow]) -> dict[str, int]:
    """Return the attempt whose results stand for each task, by id: the last of the newest conclusive run, and of the
    newest run when there is no conclusive one.
    """
    shown = {row.id: row.attempt for row in rows}
    retried = [row.id for row in rows if row.run > 1 and not is_conclusive(row.status, row.verdict)]
    if retried:
        newest = select(r.task_id, func.max(r.attempt)).where(r.task_id.in_(retried), r.conclusive)
        found = connection.execute(newest.group_by(r.task_id))
        shown |= {row[0]: row[1] for row in found}
    return shown


def shown_run(tasks: FromClause) -> ColumnElement[int]:
    """Return the number of the run that `shown_attempts` names, of each task in a query of `tasks`: of `scan_tasks`, or
    of a subquery that has its `id` and `run`.
    """
    conclusive = select(func.max(r.run)).where(r.task_id == tasks.c.id, r.conclusive).correlate(tasks)
    return func.coalesce(conclusive.scalar_subquery(), tasks.c.run)


def first_log_seq(connection: Connection, row: TaskRow) -> int:
    """Return the number of the first log line that the run of this row has, or will have."""
    before = select(func.max(r.last_log_seq)).where(r.task_id == row.id, r.run < row.run)
    return (connection.execute(before).scalar_one() or 0) + 1


def begun_after(connection: Connection, key: tuple[str, int], limit: int) -> list[tuple[str, int]]:
    """Return the next (task, run) of runs that have begun, have ended, and whose results should be there, by task."""
    query = select(r.task_id, r.run).join(scan_tasks, t.id == r.task_id).where(tuple_(r.task_id, r.run) > key)
    there = (r.started_at.is_not(None), r.results_removed_at.is_(None), t.deleted_at.is_(None))
    return [(row[0], row[1]) for row in connection.execute(query.where(*there).order_by(r.task_id, r.run).limit(limit))]


def mark_results_removed(connection: Connection, task_id: str, run: int, now: datetime) -> bool:
    """Note that the results of a run that has ended are gone, before its file and its rows are, and give back what its
    captures counted. False: the task is held.
    """
    if not holds.lock_free(connection, [task_id]):
        return False
    mine = (r.task_id == task_id) & (r.run == run) & r.results_removed_at.is_(None)
    marked = update(scan_runs).where(mine).values(results_removed_at=now, removal_pending=True)
    freed = connection.execute(marked.returning(r.capture_bytes)).scalar_one_or_none()
    if freed:
        task = update(scan_tasks).where(t.id == task_id)
        connection.execute(task.values(capture_bytes=t.capture_bytes - freed))
    return True


def mark_removal_done(connection: Connection, task_id: str, run: int) -> None:
    """Note that nothing is left of the results of a run, unless the task is held: then some rows may be."""
    if holds.lock_free(connection, [task_id]):
        mine = (r.task_id == task_id) & (r.run == run)
        connection.execute(update(scan_runs).where(mine).values(removal_pending=False))


def _as_run(row: TaskRow, found: Row[Any]) -> Run:
    mine: dict[str, Any] = {name: getattr(found, name) for name in RUN_COLUMNS}
    return Run(replace(row, **mine, worker_id=None, worker_state=None), found.results_removed_at)
