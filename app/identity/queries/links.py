"""Queries over read-only links to scans. Rows are read with the creator, whose rights limit those of the link."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, case, func, insert, select, update

from app.identity.tables import scan_links, users

k = scan_links.c


def list_by_digest(connection: Connection, digests: Sequence[str]) -> list[Row[Any]]:
    """Return the links with these digests, each with its creator's name, role and whether they are active."""
    return list(connection.execute(_BY_DIGEST, {"digests": list(digests)}))


def list_of_task(connection: Connection, task_id: str, *, now: datetime, limit: int) -> list[Row[Any]]:
    """Return the valid links to a task, newest first, each with its creator's name."""
    query = select(scan_links, users.c.username).join(users, users.c.id == k.user_id)
    query = query.where(k.task_id == task_id, k.revoked_at.is_(None), k.expires_at > now)
    return list(connection.execute(query.order_by(k.created_at.desc(), k.id.desc()).limit(limit)))


def count_open(connection: Connection, task_id: str, *, now: datetime) -> int:
    """Count the valid links to a task."""
    query = select(func.count()).select_from(scan_links)
    query = query.where(k.task_id == task_id, k.revoked_at.is_(None), k.expires_at > now)
    return connection.execute(query).scalar_one()


def add(connection: Connection, values: dict[str, Any]) -> None:
    connection.execute(insert(scan_links).values(**values))


def revoke(connection: Connection, task_id: str, link_id: str, *, now: datetime) -> bool:
    """Revoke a link to the task. Return False if it has ended, or belongs to another task."""
    mine = (k.id == link_id, k.task_id == task_id, k.revoked_at.is_(None), k.expires_at > now)
    return connection.execute(update(scan_links).where(*mine).values(revoked_at=now, expires_at=now)).rowcount == 1


def revoke_of_user(connection: Connection, user_id: str, *, now: datetime) -> None:
    """Revoke all links that the user has created."""
    ended = case((k.expires_at < now, k.expires_at), else_=now)
    mine = (k.user_id == user_id, k.revoked_at.is_(None))
    connection.execute(update(scan_links).where(*mine).values(revoked_at=now, expires_at=ended))


def note_use(connection: Connection, link_id: str, *, at: datetime, requests: int) -> None:
    """Store the time of the last use, and add the number of requests."""
    values = {"last_used_at": at, "requests": k.requests + requests}
    connection.execute(update(scan_links).where(k.id == link_id).values(**values))


# Run for each request with a link, so it is built once.
_BY_DIGEST: Final = (
    select(scan_links, users.c.username, users.c.role, users.c.is_active)
    .join(users, users.c.id == k.user_id)
    .where(k.digest.in_(bindparam("digests", expanding=True)))
)
