"""The audit log: rows are added, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, tuple_

from app.identity.tables import audit_log, users

a = audit_log.c


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows a list has; None does not filter. `since` is included, `until` is not."""

    user_id: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(audit_log), [dict(row) for row in rows])


def newest(connection: Connection, limit: int, *, action: str | None = None) -> list[Row[Any]]:
    """Return rows, the newest first."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    return list(connection.execute(query if action is None else query.where(audit_log.c.action == action)))


def page(
    connection: Connection, wanted: AuditFilter, *, after: tuple[datetime, int] | None, limit: int
) -> list[Row[Any]]:
    """Return the next rows, the newest first; `after`: time and id of the last one before."""
    query = select(audit_log).order_by(a.at.desc(), a.id.desc()).limit(limit)
    for column, value in ((a.user_id, wanted.user_id), (a.action, wanted.action)):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(a.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(a.at < wanted.until)
    if after is not None:
        query = query.where(tuple_(a.at, a.id) < after)
    return list(connection.execute(query))


def names_of(connection: Connection, user_ids: Sequence[str]) -> dict[str, str]:
    """Return the names of those of these users who are still there, by id."""
    query = select(users.c.id, users.c.username).where(users.c.id.in_(list(dict.fromkeys(user_ids))))
    return {row.id: row.username for row in connection.execute(query)}


def prove_writable(connection: Connection, now: datetime) -> None:
    """Write a row and take it back in the same transaction: a full disk or a lock shows, and nothing remains."""
    values = {"at": now, "action": "readiness", "outcome": "ok", "detail": {}}
    key = connection.execute(insert(audit_log).values(**values)).inserted_primary_key
    assert key is not None
    connection.execute(delete(audit_log).where(audit_log.c.id == key[0], audit_log.c.at == now))
