"""Rules of users."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from app.core.tables import insert_for
from app.notifications.tables import GATHERED, OF_ALL, digest_items, rules

r, d = rules.c, digest_items.c


def of_user(connection: Connection, user_id: str) -> list[Row[Any]]:
    """Return a user's rules, the oldest first."""
    return list(connection.execute(select(rules).where(r.user_id == user_id).order_by(r.created_at, r.id)))


def find(connection: Connection, rule_id: str, user_id: str) -> Row[Any] | None:
    return connection.execute(select(rules).where(r.id == rule_id, r.user_id == user_id)).one_or_none()


def count(connection: Connection, user_id: str) -> int:
    return connection.execute(select(func.count()).select_from(rules).where(r.user_id == user_id)).scalar_one()


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(insert(rules).values(**values))


def change(connection: Connection, rule_id: str, user_id: str, values: Mapping[str, Any]) -> bool:
    """Return whether there is such a rule."""
    changed = update(rules).where(r.id == rule_id, r.user_id == user_id).values(**values)
    return connection.execute(changed).rowcount == 1


def remove(connection: Connection, rule_id: str, user_id: str) -> bool:
    """Return whether there was such a rule."""
    return connection.execute(delete(rules).where(r.id == rule_id, r.user_id == user_id)).rowcount == 1


def leave_out_channel(connection: Connection, user_id: str, channel_id: str) -> None:
    """Take a channel out of the user's rules."""
    for rule in of_user(connection, user_id):
        if channel_id in rule.channel_ids:
            left = [one for one in rule.channel_ids if one != channel_id]
            connection.execute(update(rules).where(r.id == rule.id).values(channel_ids=left))


def about(connection: Connection, owner_id: str) -> list[Row[Any]]:
    """Return the enabled rules of the owner of a scan, and those about everybody's scans, by id."""
    own = select(rules).where(r.user_id == owner_id, r.is_enabled)
    of_all = select(rules).where(OF_ALL, r.is_enabled, r.user_id != owner_id)
    found = [*connection.execute(own), *connection.execute(of_all)]
    return sorted(found, key=lambda row: row.id)


def hold(connection: Connection, rule_ids: Collection[str]) -> set[str]:
    """Return which of these rules are there still, and let nobody remove them while the transaction lasts."""
    query = select(r.id).where(r.id.in_(sorted(rule_ids)))
    return set(connection.execute(query.with_for_update(read=True, key_share=True)).scalars())


def gather(
    connection: Connection, rule_id: str, notification_id: str, content: Mapping[str, Any], at: datetime
) -> None:
    """Keep a notification for the rule's next digest, which is at that time or sooner."""
    item = {"rule_id": rule_id, "notification_id": notification_id, "content": dict(content)}
    connection.execute(insert_for(connection, digest_items).values(**item).on_conflict_do_nothing())
    # A digest that is being made at the moment waits for this row, or this for it.
    connection.execute(select(r.id).where(r.id == rule_id).with_for_update(key_share=True))
    later = or_(r.digest_at.is_(None), r.digest_at > at)
    connection.execute(update(rules).where(r.id == rule_id, later).values(digest_at=at))


def due_digests(connection: Connection, now: datetime, *, limit: int) -> list[Row[Any]]:
    """Return the rules whose digest is due, the longest due first."""
    query = select(rules).where(GATHERED, r.digest_at <= now)
    return list(connection.execute(query.order_by(r.digest_at).limit(limit)))


def take_digest(
    connection: Connection, rule: Row[Any], *, limit: int
) -> tuple[Sequence[Mapping[str, Any]], int, str] | None:
    """Return the contents of a digest, the oldest first, how many there are, and the id of the first notification
    ("": there is none); they are gathered no more.

    None: somebody else has taken it.
    """
    mine = (r.id == rule.id, r.digest_at == rule.digest_at)
    if connection.execute(update(rules).where(*mine).values(digest_at=None)).rowcount == 0:
        return None
    items = select(d.notification_id, d.content).where(d.rule_id == rule.id).order_by(d.notification_id)
    found = connection.execute(items).all()
    taken = [row.notification_id for row in found]
    connection.execute(delete(digest_items).where(d.rule_id == rule.id, d.notification_id.in_(taken)))
    return [row.content for row in found[:limit]], len(found), taken[0] if taken else ""
