"""Queries over the changes of third parties that scans of all sites have found."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, and_, case, delete, func, select, tuple_

from app.core.principal import Principal
from app.core.tables import insert_for
from app.events.tables import scan_tasks
from app.inventory.tables import party_changes
from app.site_counts.summary import SiteKey

LOOKED_AT: Final = 5_000  # newest changes of a third party, on all sites, among which equal ones are found
c, t = party_changes.c, scan_tasks.c
_KEY: Final = ("user_id", "target_domain", "task_id", "run", "number")


def newest(connection: Connection, principal: Principal, domain: str, limit: int) -> tuple[list[Row[Any]], int]:
    """Return the newest changes of a third party, newest first, and their number. A change that scans of several sites
    have found is returned once, as the first of them has found it; `task_id` None: that scan is deleted.
    """
    looked_at = select(party_changes).where(c.domain == domain, *_visible(principal)).order_by(c.at.desc())
    rows = looked_at.limit(LOOKED_AT).subquery()
    is_known = and_(*(_last(rows, rows.c[side]) == rows.c[side] for side in ("before", "after")))
    found = select(rows, case((is_known, 1), else_=0).label("is_known")).subquery().c
    query: Select[Any] = select(*(column for column in found if column.name != "task_id"), t.id.label("task_id"))
    query = query.join(scan_tasks, and_(t.id == found.task_id, t.deleted_at.is_(None)), isouter=True)
    query = query.where(found.is_known == 0).add_columns(func.count().over().label("total"))
    query = query.order_by(found.at.desc(), found.section, found.aspect, found.number).limit(limit)
    changes = list(connection.execute(query))
    return changes, changes[0].total if changes else 0


def put(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write changes that one scan has found. They replace those that were written for it before."""
    statement = insert_for(connection, party_changes)
    changed = {column.name: statement.excluded[column.name] for column in party_changes.c if column.name not in _KEY}
    connection.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=changed), list(rows))


def remove_some(connection: Connection, site: SiteKey, limit: int) -> int:
    """Remove some changes that scans of a deleted site have found; return their number."""
    mine = and_(c.user_id == site[0], c.target_domain == site[1])
    key = (c.task_id, c.run, c.number)
    keys = [tuple(row) for row in connection.execute(select(*key).where(mine).order_by(*key).limit(limit))]
    if keys:
        connection.execute(delete(party_changes).where(mine, tuple_(*key).in_(keys)))
    return len(keys)


def _last(rows: FromClause, value: ColumnElement[str]) -> ColumnElement[str]:
    """Return the value of the last change before, of the same aspect of the same host or page."""
    r = rows.c
    return func.lag(value).over(partition_by=(r.aspect, r.name, r.url), order_by=r.at)


def _visible(principal: Principal) -> list[ColumnElement[bool]]:
    return [] if principal.sees_all else [c.user_id == principal.user_id]
