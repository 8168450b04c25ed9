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


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a task's log as somebody knows it."""

    attempt: int
    last_seq: int
    state: TaskState


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch behind a known head, encoded and folded: all that does not need the write lock is done."""

    before: Head
    after: Head
    placed: tuple[Event, ...]
    event_rows: Sequence[Mapping[str, Any]]
    line_rows: Sequence[Mapping[str, Any]]
    columns: Mapping[str, Any]  # of the task's row, as far as the batch changes them


def draft(task_id: str, head: Head, events: Sequence[NewEvent], now: datetime) -> Draft:
    """Places the events behind the head. Log lines get their numbers here."""
    placed = _place(task_id, head, events, now)
    state = head.state
    for event in placed:
        state = apply(state, event)
    known, columns = head.state.to_columns(), state.to_columns()
    return Draft(
        before=head,
        after=Head(head.attempt, head.last_seq + len(placed), state),
        placed=placed,
        event_rows=_event_rows(placed, events),
        line_rows=_line_rows(placed),
        columns={name: value for name, value in columns.items() if value != known[name]},
    )


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
    next.

    Returns None when no row matched the guard (stale attempt, finished, illegal transition): nothing was written.

    Raises:
        AlreadyCommitted: `events[0].event_id` is in the log.
    """
    known = append_known(
        connection, task_id, events, now=now, where=where, changes=changes, event_attempt=event_attempt
    )
    return None if known is None else known[0]


def append_known(
    connection: Connection,
    task_id: str,
    events: Sequence[NewEvent],
    *,
    now: datetime,
    where: ColumnElement[bool],
    changes: Mapping[str, Any] | None = None,
    event_attempt: int | None = None,
) -> tuple[Place, Head] | None:
    """Do what `append` does, and return the head for the next draft as well."""
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
    head = Head(event_attempt or row.attempt, row.last_seq - len(events), TaskState.from_row(row))
    drafted = draft(task_id, head, events, now)
    _insert(connection, drafted)
    if drafted.columns:
        connection.execute(update(scan_tasks).where(scan_tasks.c.id == task_id).values(**drafted.columns))
    place = Place(task_id, row.user_id, row.attempt, row.status, drafted.placed, count_commit(connection))
    return place, drafted.after


def append_draft(
    connection: Connection, task_id: str, drafted: Draft, *, where: ColumnElement[bool]
) -> tuple[Place, Head] | None:
    """Write a draft, if its head is still the log's and the guard matches; None: nothing was written.

    While the head is the log's, nothing of the batch can be in the log already.
    """
    t = scan_tasks.c
    row = connection.execute(
        update(scan_tasks)
        .where(t.id == task_id, t.deleted_at.is_(None), t.last_seq == drafted.before.last_seq, where)
        .values(last_seq=drafted.after.last_seq, **drafted.columns)
        .returning(t.user_id, t.attempt, t.status)
    ).one_or_none()
    if row is None:
        return None
    _insert(connection, drafted)
    place = Place(task_id, row.user_id, row.attempt, row.status, drafted.placed, count_commit(connection))
    return place, drafted.after


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


def _place(task_id: str, head: Head, events: Sequence[NewEvent], now: datetime) -> tuple[Event, ...]:
    placed: list[Event] = []
    log_seq = head.state.last_log_seq
    for seq, new in enumerate(events, start=head.last_seq + 1):
        body = new.body
        if isinstance(body, PendingLogs):
            body, log_seq = _number(body, log_seq)
        placed.append(Event(task_id, seq, head.attempt, body.type, body.to_json(), now))
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


def _event_rows(placed: Sequence[Event], events: Sequence[NewEvent]) -> list[dict[str, Any]]:
    return [
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
    ]


def _line_rows(placed: Sequence[Event]) -> list[dict[str, Any]]:
    return [
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


def _insert(connection: Connection, drafted: Draft) -> None:
    connection.execute(insert(task_events), drafted.event_rows)
    if drafted.line_rows:
        connection.execute(insert(task_logs), drafted.line_rows)
