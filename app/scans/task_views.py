"""Tasks as REST shows them, with what other rows know of them: a query each for all, however many they are."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from app.domain.task_row import TaskRow
from app.identity import accounts
from app.scans.queries import queue, runs
from app.scans.serialisers import Json, serialise_task
from app.site_counts.summary import open_counts_of_tasks


def view_tasks(
    connection: Connection, rows: Sequence[TaskRow], *, language: str, is_outside: bool = False
) -> list[Json]:
    """Return `scans.schemas.tasks.TaskResponse` of each. A row may be of an earlier run. `is_outside`: as of
    `serialise_task`.
    """
    positions, attempts = _positions(connection, rows), runs.shown_attempts(connection, rows)
    open_counts = open_counts_of_tasks(connection, rows)
    owners = {} if is_outside else accounts.names_of(connection, [row.user_id for row in rows])
    return [
        serialise_task(
            row,
            attempts[row.id],
            open_counts=open_counts[row.id],
            language=language,
            queue_position=positions.get(row.id),
            owner=owners.get(row.user_id),
            is_outside=is_outside,
        )
        for row in rows
    ]


def _positions(connection: Connection, rows: Sequence[TaskRow]) -> Mapping[str, int]:
    """Return the places of those that wait. A task alone is placed without a look at the whole queue."""
    if len(rows) != 1:
        return queue.positions(connection, rows)
    place = queue.position(connection, rows[0])
    return {} if place is None else {rows[0].id: place}
