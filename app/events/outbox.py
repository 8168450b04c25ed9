"""What people are still to be told of, written in the transaction of the event itself (ADR 0075).

So nothing is lost with a process that ends after COMMIT, and nothing is told of what was rolled back. A row says that
something has happened, not to whom that matters: who writes one does no work for each reader.
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
    """What has happened."""

    FOUND = "found"  # an attempt has found something, or what it found weighs another amount
    ENDED = "ended"  # an attempt has ended
    CHANGED = "changed"  # a scan differs from the one before; `detail` says in what
    OVERDUE = "overdue"  # a site was not scanned; `detail` says since when


# Findings come in bursts: those of so long are told as one.
GATHERING: Final = timedelta(seconds=30)
_KINDS: Final[Mapping[str, Kind]] = {
    ViolationDetected.type: Kind.FOUND,
    FindingChanged.type: Kind.FOUND,
    TaskCompleted.type: Kind.ENDED,
}
_WAITS: Final = {Kind.FOUND: GATHERING}


def note_events(connection: Connection, task_id: str, attempt: int, types: Iterable[str], now: datetime) -> None:
    """Note what a batch of a task's events means to others: at most one statement for each kind."""
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
    """Note that it has happened. What nobody has looked at yet keeps its time, and gets this `detail`.

    A reader that has looked meanwhile finds another version, and looks again.
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
