"""Queries by which notifications and deliveries go: those that are old, and those of a user who is removed."""

from datetime import datetime

from sqlalchemy import Connection, delete, select, tuple_

from app.notifications.tables import (
    channels,
    crowded_items,
    deliveries,
    digest_items,
    notifications,
    rules,
    told_findings,
)


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


def purge_notifications(connection: Connection, user_id: str, limit: int) -> int:
    """Remove some of what a user was notified of, and of what rules have told of the user's scans and the user's rules
    of those of others. Return how many rows that were.
    """
    k, g, w = told_findings.c, digest_items.c, crowded_items.c
    own_channels = select(channels.c.id).where(channels.c.user_id == user_id)
    own_rules = select(rules.c.id).where(rules.c.user_id == user_id)
    for table, mine, key in (
        (deliveries, deliveries.c.user_id == user_id, (deliveries.c.id,)),
        (notifications, notifications.c.user_id == user_id, (notifications.c.user_id, notifications.c.seq)),
        (told_findings, k.owner_id == user_id, (k.rule_id, k.owner_id, k.target_domain)),
        (told_findings, k.rule_id.in_(own_rules), (k.rule_id, k.owner_id, k.target_domain)),
        (digest_items, g.rule_id.in_(own_rules), (g.rule_id, g.notification_id)),
        (crowded_items, w.channel_id.in_(own_channels), (w.channel_id, w.notification_id)),
    ):
        some = connection.execute(select(*key).where(mine).limit(limit)).all()
        if some:
            connection.execute(delete(table).where(tuple_(*key).in_([tuple(one) for one in some])))
            return len(some)
    return 0
