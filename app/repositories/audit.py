"""The audit log: rows are added, never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from app.models import audit_log


def add_all(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(insert(audit_log), [dict(row) for row in rows])


def newest(connection: Connection, limit: int, *, action: str | None = None) -> list[Row[Any]]:
    """Return rows, the newest first."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    return list(connection.execute(query if action is None else query.where(audit_log.c.action == action)))


def prove_writable(connection: Connection, now: datetime) -> None:
    """Write a row and take it back in the same transaction: a full disk or a lock shows, and nothing remains."""
    values = {"at": now, "action": "readiness", "outcome": "ok", "detail": {}}
    key = connection.execute(insert(audit_log).values(**values)).inserted_primary_key
    assert key is not None
    connection.execute(delete(audit_log).where(audit_log.c.id == key[0], audit_log.c.at == now))
