"""The queue of waiting scans, in which users take turns.

A task gets a turn when it begins to wait: one after the last of its owner's unfinished tasks, but not before the turn
that is being served. The lowest turn is next, of equal ones who waits longest. So a hundred tasks of one user stand in
a hundred rounds, and the first task of another user goes before the second of theirs (start-time fair queueing: Goyal,
Vin, Cheng 1996). A turn does not change while the task waits; what goes on after a lost process keeps the one it had.

Before turns comes the priority that an administrator has given to the task, or to its owner when it began to wait: all
of a higher one go first. A row keeps it as its `rank`, which is less for what goes before.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Connection, func, select, tuple_, update

from app.core.listing import count_up_to
from app.domain.task_row import TaskRow
from app.domain.tasks import TaskStatus
from app.events.tables import ACTIVE_ONLY, UNFINISHED_VISIBLE, scan_tasks
from app.identity.tables import users

t = scan_tasks.c
_VISIBLE: Final = t.deleted_at.is_(None)
_WAITING: Final = (t.status == TaskStatus.PENDING, _VISIBLE)
_ORDER: Final = (t.rank, t.turn, t.queued_at, t.id)
_SERVED: Final = (TaskStatus.RUNNING, TaskStatus.CANCELLING)


def next_turn(connection: Connection, user_id: str) -> int:
    """Return the turn of a task that begins to wait; asked for in the transaction that writes the task, before that."""
    own = connection.execute(select(func.max(t.turn)).where(t.user_id == user_id, UNFINISHED_VISIBLE)).scalar_one()
    return max(_now_served(connection), 0 if own is None else own + 1)


def _now_served(connection: Connection) -> int:
    """Return the newest turn at work; when nothing runs, the one that is next."""
    served = select(func.max(t.turn)).where(t.status.in_(_SERVED), _VISIBLE)
    waiting = select(t.turn).where(*_WAITING).order_by(*_ORDER).limit(1)
    found = connection.execute(served).scalar_one()
    if found is None:
        found = connection.execute(waiting).scalar_one_or_none()
    return found or 0


def rank_of_new(connection: Connection, user_id: str) -> int:
    """Return the rank of a task that begins to wait, from its owner's priority."""
    priority = connection.execute(select(users.c.scan_priority).where(users.c.id == user_id)).scalar_one_or_none()
    return -(priority or 0)


def set_rank(connection: Connection, task_id: str, rank: int) -> bool:
    """Give a task that waits another place. False: it does not wait."""
    waiting = update(scan_tasks).where(t.id == task_id, *_WAITING).values(rank=rank)
    return connection.execute(waiting).rowcount > 0


def change_ranks(connection: Connection, user_id: str, before: int, after: int) -> None:
    """Give the user's waiting tasks another place, but for those that were given one of their own."""
    mine = (t.user_id == user_id, UNFINISHED_VISIBLE, t.status == TaskStatus.PENDING, t.rank == before)
    connection.execute(update(scan_tasks).where(*mine).values(rank=after))


def position(connection: Connection, row: TaskRow) -> int | None:
    """Return the place among all waiting tasks, 1 for the next to start; None when the task does not wait.

    It holds for now: a task that comes later with an earlier turn goes before it.
    """
    if row.status != TaskStatus.PENDING:
        return None
    place = tuple_(*_ORDER)
    ahead = (
        select(func.count())
        .select_from(scan_tasks)
        .where(*_WAITING, place < (row.rank, row.turn, row.queued_at, row.id))
    )
    return connection.execute(ahead).scalar_one() + 1


def positions(connection: Connection, rows: Iterable[TaskRow]) -> dict[str, int]:
    """Return the `position` of each row that waits, by id, from one look at the queue."""
    waiting = [row.id for row in rows if row.status == TaskStatus.PENDING]
    if not waiting:
        return {}
    place = func.row_number().over(order_by=_ORDER).label("place")
    queue = select(t.id, place).where(*_WAITING).subquery()
    return {row.id: row.place for row in connection.execute(select(queue).where(queue.c.id.in_(waiting)))}


def users_at_limit(connection: Connection, per_user: int) -> list[str]:
    """Return the users who have reached their limit of running scans."""
    # With the turn, which the index of all unfinished tasks has not: PostgreSQL would look through that one.
    served = connection.execute(select(t.user_id, t.turn).where(ACTIVE_ONLY, _VISIBLE)).scalars()
    return [user_id for user_id, count in Counter(served).items() if count >= per_user]


def count_served(connection: Connection, user_id: str) -> int:
    """Return how many scans of this user run."""
    query = select(func.count()).select_from(scan_tasks).where(t.user_id == user_id, t.status.in_(_SERVED), _VISIBLE)
    return connection.execute(query).scalar_one()


def count(connection: Connection, statuses: Iterable[TaskStatus]) -> int:
    """Count the scans of all users that are so, each status up to MAX_COUNTED."""
    return sum(count_up_to(connection, select(t.id).where(t.status == status, _VISIBLE)) for status in statuses)


def pending(connection: Connection, limit: int, *, besides: Collection[str] = ()) -> list[TaskRow]:
    """Return the waiting tasks, the next first, without those of the users in `besides`."""
    query = select(scan_tasks).where(*_WAITING)
    if besides:
        query = query.where(t.user_id.not_in(sorted(besides)))
    return [TaskRow(*row) for row in connection.execute(query.order_by(*_ORDER).limit(limit))]
