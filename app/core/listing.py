"""Paged lists: the ids come from an index that has all columns of the query, and rows are read for one page."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, Table, func, select

MAX_COUNTED: Final = 100_000  # a total above it is given as this number: counting on would slow everything else


def count_up_to(connection: Connection, query: Select[Any], at_most: int = MAX_COUNTED) -> int:
    """Count the rows of the query, up to `at_most`."""
    counted = query.limit(at_most).subquery()
    return connection.execute(select(func.count()).select_from(counted)).scalar_one()


def in_order(connection: Connection, table: Table, ids: Sequence[str]) -> list[Row[*tuple[Any, ...]]]:
    """Return the rows of these ids in their order, without those that are gone."""
    rows = {row.id: row for row in connection.execute(select(table).where(table.c.id.in_(ids)))}
    return [rows[row_id] for row_id in ids if row_id in rows]
