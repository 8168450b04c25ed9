"""Queries by which old notifications and deliveries go."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from app.notifications.tables import deliveries, notifications


def has_old_notifications(connection: Connection, before: datetime) -> bool:
    """Whether a notification or a delivery is older."""
    return any(
        connection.execute(select(table.c.id).where(table.c.created_at < before).limit(1)).first() is not None
        for table in (deliveries, notifications)
    )


def prune_notifications(connection: Connection, before: datetime, limit: int) -> int:
    """Remove older deliveries, and then older notifications; return how many rows that were."""
    removed = 0
    for table in (deliveries, notifications):
        old = select(table.c.id).where(table.c.created_at < before).order_by(table.c.created_at).limit(limit - removed)
        ids = list(connection.execute(old).scalars())
        if ids:
            removed += connection.execute(delete(table).where(table.c.id.in_(ids))).rowcount
    return removed
