"""Requests that named a key, with the answers they got."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from app.scans.tables import idempotency_keys

i = idempotency_keys.c


def find(connection: Connection, user_id: str, key: str, *, since: datetime) -> Row[Any] | None:
    """Return the row of this user's key, unless it is older than `since`."""
    query = select(idempotency_keys).where(i.user_id == user_id, i.key == key, i.created_at > since)
    return connection.execute(query).one_or_none()


def add(
    connection: Connection,
    user_id: str,
    key: str,
    *,
    fingerprint: str,
    response: str,
    now: datetime,
    since: datetime,
) -> None:
    """Keep the answer, in the transaction of what was done. Only a row that is older than `since` gives way: one that
    another server has written meanwhile is a unique violation, and the transaction runs again and finds it.
    """
    too_old = (i.user_id == user_id, i.key == key, i.created_at <= since)
    connection.execute(delete(idempotency_keys).where(*too_old))
    connection.execute(
        insert(idempotency_keys).values(
            user_id=user_id, key=key, fingerprint=fingerprint, response=response, created_at=now
        )
    )
