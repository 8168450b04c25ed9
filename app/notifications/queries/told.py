"""Which findings rules have told of: a document for each rule and target (`notifications.told`)."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Text, cast, func, select

from app.core.tables import insert_for
from app.notifications.tables import told_findings

f = told_findings.c


def of_rules(
    connection: Connection, rule_ids: Collection[str], owner_id: str, target_domain: str
) -> dict[str, dict[str, Any]]:
    """Return what these rules have told of a target, by rule."""
    mine = (f.rule_id.in_(sorted(rule_ids)), f.owner_id == owner_id, f.target_domain == target_domain)
    return {row.rule_id: row.known for row in connection.execute(select(f.rule_id, f.known).where(*mine))}


def longest(connection: Connection, rule_ids: Collection[str], owner_id: str, target_domain: str) -> int:
    """Return the characters of the longest of these documents; 0: there is none."""
    mine = (f.rule_id.in_(sorted(rule_ids)), f.owner_id == owner_id, f.target_domain == target_domain)
    query = select(func.max(func.length(cast(f.known, Text)))).where(*mine)
    return connection.execute(query).scalar() or 0


def put(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write documents, each in the place of the one before."""
    statement = insert_for(connection, told_findings)
    changed = statement.on_conflict_do_update(
        index_elements=["rule_id", "owner_id", "target_domain"], set_={"known": statement.excluded.known}
    )
    connection.execute(changed, list(rows))
