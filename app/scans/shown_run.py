"""Chooses the run whose results are shown, from a task and the requested attempt.

Every reader of results takes a `RunRef` and reads what `find_shown` returns: the task's row as that run left it, with
its number, its file and its violations. Without an attempt that is the newest conclusive run, so that a scan which is
under way, was cancelled, failed or saw too little never hides what is known (ADR 0023).
"""

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from app.core.errors import NotFound
from app.core.principal import Principal
from app.domain.task_row import Run, TaskRow
from app.scans.queries import runs, tasks

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class RunRef:
    """Which results are asked for. `attempt`: any attempt of the run; None: those that stand for the task."""

    task_id: str
    attempt: int | None = None


def is_id(text: str) -> bool:
    """Whether the text is an id of a task or an order: what is none is looked for nowhere."""
    return _ID.fullmatch(text) is not None


def find_seen(connection: Connection, task_id: str, principal: Principal) -> TaskRow:
    """Return the task's row. Raises NotFound for missing and deleted tasks, tasks of other users, and malformed ids."""
    row = tasks.find(connection, task_id, principal) if is_id(task_id) else None
    if row is None:
        raise NotFound(text="no_such_task")
    return row


def find_run(connection: Connection, row: TaskRow, attempt: int) -> Run:
    """Return the run of the task that has this attempt. Raises NotFound (`attempt_not_found`)."""
    run = runs.containing(connection, row, attempt)
    if run is None:
        raise NotFound(code="attempt_not_found")
    return run


def find_shown(connection: Connection, wanted: RunRef, principal: Principal) -> TaskRow:
    """Return the task's row as the run left it whose results are shown.

    Raises NotFound: as `find_seen` and `find_run`, and `results_removed` when retention has taken them.
    """
    row = find_seen(connection, wanted.task_id, principal)
    attempt = wanted.attempt or runs.shown_attempts(connection, [row])[row.id]
    run = find_run(connection, row, attempt)
    if run.results_removed_at is not None:
        raise NotFound(code="results_removed")
    return run.task
