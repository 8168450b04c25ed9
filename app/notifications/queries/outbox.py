"""The outbox as its reader has it, and the runs of scans that its rows are about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from app.domain.tasks import TERMINAL
from app.events.outbox import Kind
from app.events.tables import outbox, scan_runs, scan_tasks

o, r, t = outbox.c, scan_runs.c, scan_tasks.c


@dataclass(frozen=True, slots=True)
class RunState:
    """The run that an attempt belongs to, as it is now, or as it ended."""

    task_id: str
    owner_id: str
    target_domain: str
    run: int
    attempt: int
    status: str
    verdict: dict[str, Any] | None
    error: dict[str, Any] | None
    finding_counts: dict[str, int]

    @property
    def has_ended(self) -> bool:
        return self.status in TERMINAL


def due(connection: Connection, now: datetime, *, limit: int) -> list[Row[Any]]:
    """Return what is to be looked at, the longest due first."""
    return list(connection.execute(select(outbox).where(o.due_at <= now).order_by(o.due_at).limit(limit)))


def remove(connection: Connection, row: Row[Any]) -> bool:
    """Remove what was looked at. False: somebody else has, or it has happened again since."""
    return connection.execute(delete(outbox).where(*_same(row))).rowcount == 1


def put_back(connection: Connection, row: Row[Any], detail: dict[str, Any]) -> Row[Any]:
    """Write a row again that was removed in this transaction, as its next version."""
    values = {**row._asdict(), "version": row.version + 1, "detail": detail}
    return connection.execute(insert(outbox).values(**values).returning(*o)).one()


def defer(connection: Connection, row: Row[Any], until: datetime) -> None:
    """Let nobody look at it before."""
    connection.execute(update(outbox).where(*_same(row)).values(due_at=until))


def remove_found(connection: Connection, task_id: str, attempt: int) -> None:
    """Remove that an attempt has found something, which has ended: its end tells of all that it found."""
    mine = (o.kind == Kind.FOUND.value, o.subject_id == task_id, o.number == attempt)
    connection.execute(delete(outbox).where(*mine))


def run_of(connection: Connection, task_id: str, attempt: int) -> RunState | None:
    """Return the run of an attempt; None: the task is gone."""
    task = connection.execute(select(scan_tasks).where(t.id == task_id, t.deleted_at.is_(None))).one_or_none()
    if task is None:
        return None
    row: Row[Any] | None = task
    if attempt < task.run:
        ended = select(scan_runs).where(r.task_id == task_id, r.run <= attempt, r.attempt >= attempt)
        row = connection.execute(ended).one_or_none()
    return None if row is None else _state(task, row)


def _state(task: Row[Any], row: Row[Any]) -> RunState:
    return RunState(
        task_id=task.id,
        owner_id=task.user_id,
        target_domain=task.target_domain,
        run=row.run,
        attempt=row.attempt,
        status=row.status,
        verdict=row.verdict,
        error=row.error,
        finding_counts=row.finding_counts,
    )


def _same(row: Row[Any]) -> tuple[ColumnElement[bool], ...]:
    """Select the row as it was read. Versions begin at 1 again when a row was removed and it has happened anew."""
    key = (o.kind == row.kind, o.subject_id == row.subject_id, o.number == row.number)
    return *key, o.version == row.version, o.created_at == row.created_at
