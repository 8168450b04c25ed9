"""Whose scan is next: users take turns.

A task gets a turn when it begins to wait: one after the last of its owner's unfinished tasks, but not before the turn
that is being served. The lowest turn is next, of equal ones who waits longest. So a hundred tasks of one user stand in
a hundred rounds, and the first task of anybody else goes before the second of theirs (start-time fair queueing: Goyal,
Vin, Cheng 1996). A turn does not change while the task waits; what goes on after a lost process keeps the one it had.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, tuple_

from app.domain.tasks import TaskStatus
from app.models import scan_tasks
from app.models.tasks import UNFINISHED_VISIBLE

t = scan_tasks.c
_VISIBLE: Final = t.deleted_at.is_(None)
_WAITING: Final = (t.status == TaskStatus.PENDING, _VISIBLE)
_SERVED: Final = (TaskStatus.RUNNING, TaskStatus.CANCELLING)


def next_turn(connection: Connection, user_id: str) -> int:
    """Return the turn of a task that begins to wait; asked for in the transaction that writes the task, before that."""
    own = connection.execute(select(func.max(t.turn)).where(t.user_id == user_id, UNFINISHED_VISIBLE)).scalar_one()
    return max(_now_served(connection), 0 if own is None else own + 1)


def _now_served(connection: Connection) -> int:
    """The newest turn at work; when nothing is, the one that is next."""
    served = select(func.max(t.turn)).where(t.status.in_(_SERVED), _VISIBLE)
    waiting = select(t.turn).where(*_WAITING).order_by(t.turn, t.queued_at, t.id).limit(1)
    found = connection.execute(served).scalar_one()
    if found is None:
        found = connection.execute(waiting).scalar_one_or_none()
    return found or 0


def position(connection: Connection, row: Row[Any]) -> int | None:
    """1 for the next to start; None when the task does not wait. Of everybody's tasks, and as of now: whoever comes
    later with an earlier turn goes before it.
    """
    if row.status != TaskStatus.PENDING:
        return None
    place = tuple_(t.turn, t.queued_at, t.id)
    ahead = select(func.count()).select_from(scan_tasks).where(*_WAITING, place < (row.turn, row.queued_at, row.id))
    return connection.execute(ahead).scalar_one() + 1


def positions(connection: Connection, rows: Iterable[Row[Any]]) -> dict[str, int]:
    """`position` of each of the rows that waits, by id, in one look at the queue."""
    waiting = [row.id for row in rows if row.status == TaskStatus.PENDING]
    if not waiting:
        return {}
    place = func.row_number().over(order_by=(t.turn, t.queued_at, t.id)).label("place")
    queue = select(t.id, place).where(*_WAITING).subquery()
    return {row.id: row.place for row in connection.execute(select(queue).where(queue.c.id.in_(waiting)))}


def pending(connection: Connection, limit: int, *, besides: Collection[str] = ()) -> list[Row[Any]]:
    """The waiting tasks, the next first. `besides`: without those of these users."""
    query = select(scan_tasks).where(*_WAITING)
    if besides:
        query = query.where(t.user_id.not_in(sorted(besides)))
    return list(connection.execute(query.order_by(t.turn, t.queued_at, t.id).limit(limit)))
