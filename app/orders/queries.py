"""Orders of many scans, and the tasks that were made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, exists, func, insert, select

from app.core.listing import count_up_to, in_order
from app.core.principal import Principal
from app.domain.task_row import TaskRow
from app.events.tables import scan_tasks
from app.orders.tables import order_tasks, scan_orders

o, m, t = scan_orders.c, order_tasks.c, scan_tasks.c


def add(connection: Connection, order: Mapping[str, Any], task_ids: Sequence[str]) -> None:
    """Write an order and which tasks it has, in the transaction that has made these."""
    connection.execute(insert(scan_orders).values(**order))
    places = enumerate(task_ids)
    rows = [{"order_id": order["id"], "position": position, "task_id": task_id} for position, task_id in places]
    connection.execute(insert(order_tasks), rows)


def find(connection: Connection, order_id: str, principal: Principal) -> Row[Any] | None:
    """Return the order's row; None when it is missing, not for the principal, or nothing of it is left."""
    found = _seen_by(select(o.id).where(o.id == order_id), principal)
    if connection.execute(found).first() is None:
        return None
    return connection.execute(select(scan_orders).where(o.id == order_id)).one_or_none()


def list_page(connection: Connection, principal: Principal, *, offset: int, limit: int) -> tuple[list[Row[Any]], int]:
    """Return one page, the newest first, and the total as far as it is counted (`listing.MAX_COUNTED`)."""
    query = _seen_by(select(o.id), principal)
    page = query.order_by(o.created_at.desc(), o.id.desc()).offset(offset).limit(limit)
    ids = list(connection.execute(page).scalars())
    return in_order(connection, scan_orders, ids), count_up_to(connection, query)


def tasks_of(connection: Connection, order_id: str) -> list[TaskRow]:
    """Return the rows of all its tasks that are not deleted, in the order in which their targets were named."""
    query = (
        select(scan_tasks).join(order_tasks, m.task_id == t.id).where(m.order_id == order_id, t.deleted_at.is_(None))
    )
    return [TaskRow(*row) for row in connection.execute(query.order_by(m.position))]


def status_counts(connection: Connection, order_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return for each order how many of its tasks are in which status, those that are deleted left out."""
    query = (
        select(m.order_id, t.status, func.count())
        .join(scan_tasks, m.task_id == t.id)
        .where(m.order_id.in_(order_ids), t.deleted_at.is_(None))
        .group_by(m.order_id, t.status)
    )
    counts: dict[str, dict[str, int]] = {order_id: {} for order_id in order_ids}
    for order_id, status, count in connection.execute(query):
        counts[order_id][status] = count
    return counts


def remove_if_empty(connection: Connection, task_id: str) -> None:
    """Remove the order of this task when it has no other; in the transaction that removes the task, before that."""
    order_id = select(m.order_id).where(m.task_id == task_id).scalar_subquery()
    other = order_tasks.alias()
    left = exists().where(other.c.order_id == o.id, other.c.task_id != task_id)
    connection.execute(delete(scan_orders).where(o.id == order_id, ~left))


def _seen_by(query: Select[Any], principal: Principal) -> Select[Any]:
    """Of those that have a task which is not deleted."""
    left = exists().where(m.order_id == o.id, t.id == m.task_id, t.deleted_at.is_(None))
    query = query.where(left)
    return query if principal.sees_all else query.where(o.user_id == principal.user_id)
