"""Users: finding, listing and changing their rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.models import scan_tasks, users
from app.models.identity import ADMINS
from app.models.tasks import UNFINISHED_VISIBLE
from app.repositories.listing import count_up_to


def find(connection: Connection, user_id: str) -> Row[Any] | None:
    return connection.execute(select(users).where(users.c.id == user_id)).one_or_none()


def find_by_name(connection: Connection, username: str) -> Row[Any] | None:
    """Without regard to (ASCII) case, as the unique index has it."""
    return connection.execute(select(users).where(func.lower(users.c.username) == username.lower())).one_or_none()


def taken(connection: Connection, *, username: str | None, email: str | None, besides: str | None = None) -> str | None:
    """`username` or `email` when another user has that one already."""
    for name, column, value in (("username", users.c.username, username), ("email", users.c.email, email)):
        if value is None:
            continue
        query = select(users.c.id).where(func.lower(column) == value.lower(), users.c.id != (besides or ""))
        if connection.execute(query).first():
            return name
    return None


def list_page(connection: Connection, *, offset: int, limit: int) -> tuple[list[Row[Any]], int]:
    """One page in the order of creation, and the total (up to MAX_COUNTED)."""
    query = select(users).order_by(users.c.created_at, users.c.id).offset(offset).limit(limit)
    return list(connection.execute(query)), count_up_to(connection, select(users.c.id))


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(users).values(**values))


def change(connection: Connection, user_id: str, values: Mapping[str, Any]) -> None:
    connection.execute(update(users).where(users.c.id == user_id).values(**values))


def remove(connection: Connection, user_id: str) -> None:
    """With sessions, and with what there still is of tasks (foreign keys cascade)."""
    connection.execute(delete(users).where(users.c.id == user_id))


def count_other_admins(connection: Connection, user_id: str) -> int:
    """Active administrators besides this user."""
    query = select(func.count()).select_from(users).where(ADMINS, users.c.id != user_id)
    return connection.execute(query).scalar_one()


def bury_waiting(connection: Connection, user_id: str, now: datetime) -> None:
    """The user's tasks that wait or run are deleted; their rows go later."""
    ours = scan_tasks.c.user_id == user_id
    connection.execute(update(scan_tasks).where(ours, UNFINISHED_VISIBLE).values(deleted_at=now))


def bury_some(connection: Connection, user_id: str, now: datetime, limit: int) -> list[tuple[str, int]]:
    """Some of the user's tasks, each with its last run, deleted from now on if they were not already."""
    query = select(scan_tasks.c.id, scan_tasks.c.run).where(scan_tasks.c.user_id == user_id).limit(limit)
    found = [(row.id, row.run) for row in connection.execute(query)]
    ids = [task_id for task_id, _ in found]
    visible = scan_tasks.c.deleted_at.is_(None)
    connection.execute(update(scan_tasks).where(scan_tasks.c.id.in_(ids), visible).values(deleted_at=now))
    return found


def any_exists(connection: Connection) -> bool:
    return connection.execute(select(users.c.id).limit(1)).first() is not None
