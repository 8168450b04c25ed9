"""The event log of a task: rows with contiguous `seq`, written in the transaction that changes the task's state.

`seq` is taken by updating `scan_tasks.last_seq`; the row's lock makes commit order equal seq order, which a global
autoincrement would not. So every writer of an event comes through `append`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.core.clock import to_wire
from app.domain.log_entry import LogEntry
from app.domain.messages import Text
from app.domain.projection import TaskProjection, apply
from app.domain.translation import origin
from app.events import outbox
from app.events.event import Event, NewEvent, PendingLogs
from app.events.event_body import EventBody
from app.events.log_identity import count_commit, read_commits
from app.events.tables import scan_tasks, task_events, task_logs
from app.events.types import LogLine, TaskLogs


@dataclass(frozen=True, slots=True)
class LogHead:
    """The end of a task's log, as it was when it was last read or written."""

    attempt: int
    last_seq: int
    state: TaskProjection


@dataclass(frozen=True, slots=True)
class AppendResult:
    """Where a batch landed, and whose it is; `attempt` and `status` are those after it.

    `events` is empty only if the batch had none (`findings.recorder`): then there is no `last_seq`.
    """

    task_id: str
    user_id: str
    attempt: int
    status: str
    events: tuple[Event, ...]
    commits: int = 0  # number of the commit among all that wrote events; at least that, when it was in the log already
    head: LogHead | None = field(default=None, compare=False)  # for the next draft; None: it was in the log already

    @property
    def last_seq(self) -> int:
        return self.events[-1].seq


class AlreadyCommitted(Exception):
    """The batch is in the log already: an earlier COMMIT whose outcome was unknown had succeeded.

    `result` is where it landed then. The transaction must be left by this exception, so that the counter goes back.
    """

    def __init__(self, result: AppendResult) -> None:
        super().__init__("the batch is in the log already")
        self.result = result


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch behind a known head, encoded and folded: all that does not need the write lock is done."""

    before: LogHead
    after: LogHead
    placed: tuple[Event, ...]
    event_rows: Sequence[Mapping[str, Any]]
    line_rows: Sequence[Mapping[str, Any]]
    columns: Mapping[str, Any]  # of the task's row, as far as the batch changes them


def draft(task_id: str, head: LogHead, events: Sequence[NewEvent], now: datetime) -> Draft:
    """Place the events behind the head. Log lines get their numbers here."""
    at, state, placed, line_rows = to_wire(now), head.state, [], []
    for seq, new in enumerate(events, start=head.last_seq + 1):
        body = new.body if isinstance(new.body, EventBody) else _numbered(new.body, state.last_log_seq, at)
        state = apply(state, body.type, body.fields, attempt=head.attempt, at=at)
        placed.append(Event(task_id, seq, head.attempt, body.type, body.encoded, now))
        if isinstance(body, TaskLogs):
            line_rows += [_line_row(task_id, head.attempt, line) for line in body.logs]
    known, columns = head.state.to_columns(), state.to_columns()
    return Draft(
        before=head,
        after=LogHead(head.attempt, head.last_seq + len(placed), state),
        placed=tuple(placed),
        event_rows=[_event_row(event, new.event_id) for event, new in zip(placed, events, strict=True)],
        line_rows=line_rows,
        columns={name: value for name, value in columns.items() if value != known[name]},
    )


def lock_task(connection: Connection, task_id: str) -> Row[Any] | None:
    """Take the lock of the task's row, and return its owner, target, attempt and stages: an `append` behind it finds
    them as they are. None: there is no such task.
    """
    t = scan_tasks.c
    locked = update(scan_tasks).where(t.id == task_id).values(last_seq=t.last_seq)
    return connection.execute(locked.returning(t.user_id, t.target_domain, t.attempt, t.stages)).one_or_none()


def append(
    connection: Connection,
    task_id: str,
    events: Sequence[NewEvent],
    *,
    now: datetime,
    where: ColumnElement[bool],
    changes: Mapping[str, Any] | None = None,
    event_attempt: int | None = None,
) -> AppendResult | None:
    """Take the next seqs under the guard `where`, write `events` and fold them into the task's row.

    The guarded counter update, which also makes `changes`, is the first statement of the transaction: its row lock
    orders all writers of the task. `event_attempt` is for the events that close an attempt while `changes` opens the
    next.

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
    known = _find(connection, task_id, events)
    if known is not None:
        raise AlreadyCommitted(known)
    if row is None:
        return None
    head = LogHead(event_attempt or row.attempt, row.last_seq - len(events), TaskProjection.from_row(row))
    drafted = draft(task_id, head, events, now)
    if drafted.columns:
        connection.execute(update(scan_tasks).where(scan_tasks.c.id == task_id).values(**drafted.columns))
    return _appended(connection, task_id, row, drafted)


def begin_all(
    connection: Connection, rows: Sequence[Mapping[str, Any]], events: Sequence[NewEvent], *, now: datetime
) -> list[AppendResult]:
    """Write rows of new tasks, each with its first event, in three statements however many they are.

    `rows`: the columns of `scan_tasks` but those of the log and of what is folded from it. The caller knows that none
    of the tasks is there.
    """
    begun = [
        draft(row["id"], LogHead(row["attempt"], 0, TaskProjection()), [event], now)
        for row, event in zip(rows, events, strict=True)
    ]
    connection.execute(
        insert(scan_tasks),
        [
            {**row, **one.after.state.to_columns(), "last_seq": one.after.last_seq, "min_seq": 1}
            for row, one in zip(rows, begun, strict=True)
        ],
    )
    connection.execute(insert(task_events), [event for item in begun for event in item.event_rows])
    number = count_commit(connection)
    return [
        AppendResult(row["id"], row["user_id"], row["attempt"], row["status"], one.placed, number, one.after)
        for row, one in zip(rows, begun, strict=True)
    ]


def append_draft(
    connection: Connection, task_id: str, drafted: Draft, *, where: ColumnElement[bool]
) -> AppendResult | None:
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
    return _appended(connection, task_id, row, drafted)


def read_after(connection: Connection, task_id: str, seq: int, *, limit: int) -> list[Event]:
    """Return the events above `seq`, ascending, at most `limit`. The first is `seq + 1` unless that one was pruned."""
    query = select(task_events).where(task_events.c.task_id == task_id, task_events.c.seq > seq)
    return [to_event(row) for row in connection.execute(query.order_by(task_events.c.seq).limit(limit))]


def to_event(row: Row[Any]) -> Event:
    """Make an event from a row of `task_events`."""
    return Event(row.task_id, row.seq, row.attempt, row.type, row.body, row.created_at)


def _find(connection: Connection, task_id: str, events: Sequence[NewEvent]) -> AppendResult | None:
    ids = [event.event_id for event in events]
    query = (
        select(task_events, scan_tasks.c.user_id, scan_tasks.c.status, scan_tasks.c.attempt.label("task_attempt"))
        .join(scan_tasks, scan_tasks.c.id == task_events.c.task_id)
        .where(task_events.c.event_id.in_(ids))
        .order_by(task_events.c.seq)
    )
    if connection.dialect.name != "sqlite":  # which would go through the whole log of the task instead
        query = query.where(task_events.c.task_id == task_id)  # one partition has it
    rows = connection.execute(query).all()
    if not rows:
        return None
    first = rows[0]
    events_found = tuple(map(to_event, rows))
    number = read_commits(connection)
    return AppendResult(first.task_id, first.user_id, first.task_attempt, first.status, events_found, number)


def _numbered(pending: PendingLogs, last_log_seq: int, at: str) -> TaskLogs:
    """Give the lines their numbers, and their time to those that have none."""
    lines = [
        {
            **{name: getattr(line, name) for name in LogEntry.__slots__},
            **origin(line.message),
            "log_seq": number,
            "created_at": at if line.created_at is None else to_wire(line.created_at),
        }
        for number, line in enumerate(pending.lines, start=last_log_seq + 1)
    ]
    told = (line.message.language for line in pending.lines if isinstance(line.message, Text))
    return TaskLogs.model_validate({"logs": lines, "lang": next(told, None)})


def _event_row(event: Event, event_id: str) -> dict[str, Any]:
    return {**{name: getattr(event, name) for name in Event.__slots__}, "event_id": event_id}


def _line_row(task_id: str, attempt: int, line: LogLine) -> dict[str, Any]:
    created_at = datetime.fromisoformat(line.created_at)
    return {**dict(line), "task_id": task_id, "attempt": attempt, "created_at": created_at}


def _appended(connection: Connection, task_id: str, row: Row[Any], drafted: Draft) -> AppendResult:
    """Write the rows of a batch whose numbers are taken."""
    connection.execute(insert(task_events), drafted.event_rows)
    if drafted.line_rows:
        connection.execute(insert(task_logs), drafted.line_rows)
    at = drafted.placed[0]
    outbox.note_events(connection, task_id, at.attempt, (event.type for event in drafted.placed), at.created_at)
    number = count_commit(connection)
    return AppendResult(task_id, row.user_id, row.attempt, row.status, drafted.placed, number, drafted.after)
