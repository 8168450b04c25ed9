"""Rules of users."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.notifications.tables import OF_ALL, digest_items, rules, told_findings

r = rules.c


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


def remove_some(connection: Connection, rule_id: str, limit: int) -> int:
    """Remove some of what hangs on a rule, and return how many rows that were."""
    for table, name in ((told_findings, "target_domain"), (digest_items, "notification_id")):
        mine, key = table.c.rule_id == rule_id, table.c[name]
        some = select(key).where(mine).limit(limit).scalar_subquery()
        if removed := connection.execute(delete(table).where(mine, key.in_(some))).rowcount:
            return removed
    return 0


def remove(connection: Connection, rule_id: str, user_id: str) -> bool:
    """Remove it with what is left of that. Return whether there was such a rule."""
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
