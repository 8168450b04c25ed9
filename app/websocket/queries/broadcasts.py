"""What administrators have said: kept until it expires, or until every server has heard of it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from app.websocket.tables import broadcasts

b = broadcasts.c


def open_ids(connection: Connection, now: datetime) -> list[str]:
    """Return the ids of all that has not ended, in the order in which it was said."""
    return sorted(connection.execute(select(b.id).where(b.ends_at > now)).scalars())


def with_ids(connection: Connection, ids: Collection[str]) -> Sequence[Row[Any]]:
    """Return those that are still there, in the order in which they were said."""
    return connection.execute(select(broadcasts).where(b.id.in_(ids)).order_by(b.id)).all()


def kept(connection: Connection, now: datetime) -> tuple[int, int]:
    """Return how many are kept for those who come later, and their bytes."""
    sizes = func.coalesce(func.sum(b.size), 0)
    found = connection.execute(select(func.count(), sizes).where(b.ends_at > now, b.is_kept))
    number, size = found.one()
    return number, int(size)


def add(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(broadcasts).values(**values))


def forget_ended(connection: Connection, now: datetime) -> None:
    connection.execute(delete(broadcasts).where(b.ends_at <= now))
