"""The event log of a task: rows with contiguous `seq`, written in the transaction that changes the task's state.

`seq` is taken by updating `scan_tasks.last_seq`; the row's lock makes commit order equal seq order, which a global
autoincrement would not. So every writer of an event comes through `append`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.core.clock import to_wire
from app.events.epoch import count_commit, read_commits
from app.events.state import TaskState, apply
from app.events.types import Event, LogLine, NewEvent, PendingLogs, TaskLogs
from app.models import scan_tasks, task_events, task_logs


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch landed, and whose it is. `events` is never empty; `attempt` and `status` are those after it."""

    task_id: str
    user_id: str
    attempt: int
    status: str
    events: tuple[Event, ...]
    commits: int = 0  # number of the commit among all that wrote events; at least that, when it was in the log already

    @property
    def last_seq(self) -> int:
        return self.events[-1].seq


class AlreadyCommitted(Exception):
    """The batch is in the log already: an earlier COMMIT whose outcome was unknown had succeeded.

    `place` is where it landed then. The transaction must be left by this exception, so that the counter goes back.
    """

    def __init__(self, place: Place) -> None:
        super().__init__("the batch is in the log already")
        self.place = place


def append(
    connection: Connection,
    task_id: str,
    events: Sequence[NewEvent],
    *,
    now: datetime,
    where: ColumnElement[bool],
    changes: Mapping[str, Any] | None = None,
    event_attempt: int | None = None,
) -> Place | None:
    """Take the next seqs under the guard `where`, write `events` and fold them into the task's row.

    The guarded counter update, which also makes `changes`, is the first statement of the transaction: its row lock
    orders all writers of the task. `event_attempt` is for the events that close an attempt while `changes` opens the
    next. Log lines get their numbers here.

    Returns None when no row matched the guard (stale attempt, finished, illegal transition): nothing was written.

    Raises:
        AlreadyCommitted: `events[0].event_id` is in the log.
    """
    row = connection.execute(
        update(scan_tasks)
        .where(scan_tasks.c.id == task_id, scan_tasks.c.deleted_at.is_(None), where)
        .values(last_seq=scan_tasks.c.last_seq + len(events), **(changes or {}))
        .returning(scan_tasks)
    ).one_or_none()
    known = _find(connection, events)
    if known is not None:
        raise AlreadyCommitted(known)
    if row is None:
        return None
    placed = _place(events, row, now, event_attempt or row.attempt)
    _insert_events(connection, placed, events)
    _insert_lines(connection, placed)
    state = TaskState.from_row(row)
    for event in placed:
        state = apply(state, event)
    connection.execute(update(scan_tasks).where(scan_tasks.c.id == task_id).values(**state.to_columns()))
    return Place(task_id, row.user_id, row.attempt, row.status, placed, count_commit(connection))


def read_after(connection: Connection, task_id: str, seq: int, *, limit: int) -> list[Event]:
    """Events above `seq` in ascending order, at most `limit`. The first is `seq + 1` unless that one was pruned."""
    query = select(task_events).where(task_events.c.task_id == task_id, task_events.c.seq > seq)
    return [to_event(row) for row in connection.execute(query.order_by(task_events.c.seq).limit(limit))]


def to_event(row: Row[Any]) -> Event:
    """From a row of `task_events`."""
    return Event(row.task_id, row.seq, row.attempt, row.type, row.body, row.created_at)


def _find(connection: Connection, events: Sequence[NewEvent]) -> Place | None:
    ids = [event.event_id for event in events]
    rows = connection.execute(
        select(task_events, scan_tasks.c.user_id, scan_tasks.c.status, scan_tasks.c.attempt.label("task_attempt"))
        .join(scan_tasks, scan_tasks.c.id == task_events.c.task_id)
        .where(task_events.c.event_id.in_(ids))
        .order_by(task_events.c.seq)
    ).all()
    if not rows:
        return None
    first = rows[0]
    events_found = tuple(map(to_event, rows))
    number = read_commits(connection)
    return Place(first.task_id, first.user_id, first.task_attempt, first.status, events_found, number)


def _place(events: Sequence[NewEvent], row: Row[Any], now: datetime, attempt: int) -> tuple[Event, ...]:
    placed: list[Event] = []
    log_seq = row.last_log_seq
    for seq, new in enumerate(events, start=row.last_seq - len(events) + 1):
        body = new.body
        if isinstance(body, PendingLogs):
            body, log_seq = _number(body, log_seq)
        placed.append(Event(row.id, seq, attempt, body.type, body.to_json(), now))
    return tuple(placed)


def _number(pending: PendingLogs, log_seq: int) -> tuple[TaskLogs, int]:
    lines = tuple(
        LogLine(
            log_seq=number,
            level=line.level,
            module=line.module,
            message=line.message,
            created_at=to_wire(line.created_at),
        )
        for number, line in enumerate(pending.lines, start=log_seq + 1)
    )
    return TaskLogs(logs=lines), log_seq + len(lines)


def _insert_events(connection: Connection, placed: Sequence[Event], events: Sequence[NewEvent]) -> None:
    connection.execute(
        insert(task_events),
        [
            {
                "task_id": event.task_id,
                "seq": event.seq,
                "attempt": event.attempt,
                "type": event.type,
                "event_id": new.event_id,
                "body": event.body,
                "created_at": event.created_at,
            }
            for event, new in zip(placed, events, strict=True)
        ],
    )


def _insert_lines(connection: Connection, placed: Sequence[Event]) -> None:
    rows = [
        {
            **line,
            "task_id": event.task_id,
            "attempt": event.attempt,
            "created_at": datetime.fromisoformat(line["created_at"]),
        }
        for event in placed
        if event.type == TaskLogs.type
        for line in event.payload()["logs"]
    ]
    if rows:
        connection.execute(insert(task_logs), rows)
