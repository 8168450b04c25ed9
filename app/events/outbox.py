"""The outbox of notifications, whose rows are written in the transaction of the event itself (ADR 0075).

No event is lost if a process ends after COMMIT, and rolled-back events cause no notification. A row records the event,
not its recipients, so that writers do no work per recipient.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from app.core.tables import insert_for
from app.events.tables import outbox
from app.events.types import FindingChanged, TaskCompleted, ViolationDetected


class Kind(StrEnum):
    """Kind of event."""

    FOUND = "found"  # an attempt has new findings, or the risk of a finding has changed
    ENDED = "ended"  # an attempt has ended
    CHANGED = "changed"  # a scan differs from the previous one; `detail` has the changes
    OVERDUE = "overdue"  # a site had no conclusive scan for too long; `detail` has the time


# Findings come in bursts, which are collected for this time.
GATHERING: Final = timedelta(seconds=30)
_KINDS: Final[Mapping[str, Kind]] = {
    ViolationDetected.type: Kind.FOUND,
    FindingChanged.type: Kind.FOUND,
    TaskCompleted.type: Kind.ENDED,
}
_WAITS: Final = {Kind.FOUND: GATHERING}


def note_events(connection: Connection, task_id: str, attempt: int, types: Iterable[str], now: datetime) -> None:
    """Write the rows for a batch of a task's events: at most one statement per kind."""
    for kind in sorted({_KINDS[name] for name in types if name in _KINDS}):
        put(connection, kind, task_id, attempt, now=now)


def put(
    connection: Connection,
    kind: Kind,
    subject_id: str,
    number: int,
    *,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write the row of an event. An existing row keeps its time, and gets this `detail` and a new version.

    A reader that has read the previous version detects the new one, and reads again.
    """
    row = {
        "kind": kind.value,
        "subject_id": subject_id,
        "number": number,
        "version": 1,
        "detail": None if detail is None else dict(detail),
        "due_at": now + _WAITS.get(kind, timedelta()),
        "created_at": now,
    }
    statement = insert_for(connection, outbox).values(**row)
    again = {"version": outbox.c.version + 1, "detail": statement.excluded.detail}
    connection.execute(statement.on_conflict_do_update(index_elements=["kind", "subject_id", "number"], set_=again))
