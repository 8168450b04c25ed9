"""Reading tasks and their log lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, LargeBinary, Row, Select, bindparam, cast, func, select

from app.domain.tasks import TaskStatus
from app.models import scan_tasks, task_events, task_logs
from app.models.tasks import CAPTURED, LIST_ORDERS, OBSERVED, UNFINISHED_VISIBLE, VISIBLE
from app.repositories.listing import count_up_to, in_order

TaskRow = Row[Any]  # all columns of scan_tasks
Visible: Final = scan_tasks.c.deleted_at.is_(None)
MAX_LOOKED_AT: Final = 20_000  # lines, for one page of those that a filter keeps
SORTABLE: Final = tuple(LIST_ORDERS)
# Asked for each connection, and in each sweep: built once.
_HEADS: Final = select(*(scan_tasks.c[name] for name in ("id", "user_id", "last_seq", "min_seq", "status", "attempt")))
_IDS: Final[Any] = bindparam("ids", expanding=True)
_HEADS_NAMED: Final = _HEADS.where(scan_tasks.c.id.in_(_IDS))
_HEADS_OWNED: Final = _HEADS.where(scan_tasks.c.user_id.in_(_IDS), UNFINISHED_VISIBLE)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. An admin sees everything, a user their own; foreign looks like missing."""

    user_id: str
    is_admin: bool = False

    def may_see(self, owner_id: str) -> bool:
        return self.is_admin or self.user_id == owner_id


@dataclass(frozen=True, slots=True)
class TaskHead:
    """What the sweep compares."""

    task_id: str
    user_id: str
    last_seq: int
    min_seq: int
    status: str
    attempt: int


def find(connection: Connection, task_id: str, viewer: Viewer | None = None) -> Row[Any] | None:
    """The task's row, or None when it is missing, deleted or not the viewer's (None: no viewer, no filter)."""
    return connection.execute(_seen_by(select(scan_tasks).where(scan_tasks.c.id == task_id), viewer)).one_or_none()


def list_page(
    connection: Connection,
    viewer: Viewer,
    *,
    offset: int,
    limit: int,
    status: str | None = None,
    domain: str | None = None,
    sort: str = "-created_at",
) -> tuple[list[Row[Any]], int]:
    """One page, and the total as far as it is counted (MAX_COUNTED).

    `sort` is a name of SORTABLE, descending with a leading minus; equal ones follow in the same direction.
    """
    name = sort.removeprefix("-")
    order = "status" if status and name == "created_at" else name  # its index has both
    query = select(scan_tasks.c.id).where(VISIBLE)
    if not viewer.is_admin:
        query = query.where(scan_tasks.c.user_id == viewer.user_id)
    if status:
        # Without an index that begins with the status: SQLite would take it, and sort all that it finds.
        column = scan_tasks.c.status if order == "status" else scan_tasks.c.status + ""
        query = query.where(column == status)
    if domain:
        query = query.where(scan_tasks.c.target_domain.contains(domain, autoescape=True))
    columns = [scan_tasks.c[column] for column in LIST_ORDERS[order] if column in (*SORTABLE, "id")]
    terms = columns[: columns.index(scan_tasks.c.id) + 1]
    ordered = query.order_by(*(term.desc() if sort.startswith("-") else term.asc() for term in terms))
    ids = list(connection.execute(ordered.offset(offset).limit(limit)).scalars())
    return in_order(connection, scan_tasks, ids), count_up_to(connection, query)


def heads(connection: Connection, task_ids: Sequence[str], owner_ids: Sequence[str]) -> list[TaskHead]:
    """Heads of the named tasks and of the owners' unfinished ones. Deleted ones are included while their row stands."""
    rows = [
        *(connection.execute(_HEADS_NAMED, {"ids": list(task_ids)}) if task_ids else ()),
        *(connection.execute(_HEADS_OWNED, {"ids": list(owner_ids)}) if owner_ids else ()),
    ]
    return list({row.id: TaskHead(*row) for row in rows}.values())


def last_retry_seq(connection: Connection, task_id: str) -> int:
    """`seq` of the newest `task_retrying`, 0 when there is none."""
    query = select(task_events.c.seq).where(
        task_events.c.task_id == task_id, task_events.c.type == "task_retrying", OBSERVED
    )
    # Not SQL's max: for that SQLite goes back through the whole log until it meets one.
    return max(connection.execute(query).scalars(), default=0)


def active(connection: Connection) -> list[Row[Any]]:
    """Tasks that somebody works on or should: running and cancelling."""
    statuses = (TaskStatus.RUNNING, TaskStatus.CANCELLING)
    return list(connection.execute(select(scan_tasks).where(scan_tasks.c.status.in_(statuses), Visible)))


def count_unfinished(connection: Connection, user_id: str) -> int:
    """How many of the user's tasks wait or run."""
    query = select(func.count()).select_from(scan_tasks).where(scan_tasks.c.user_id == user_id, UNFINISHED_VISIBLE)
    return connection.execute(query).scalar_one()


def runs_after(connection: Connection, task_id: str, limit: int) -> list[tuple[str, int, bool]]:
    """(id, run, whether the run has begun and can still be seen) of the next tasks by id; deleted ones are included."""
    t = scan_tasks.c
    begun = t.started_at.is_not(None) & t.deleted_at.is_(None)
    query = select(t.id, t.run, begun).where(t.id > task_id).order_by(t.id).limit(limit)
    return [(row[0], row[1], bool(row[2])) for row in connection.execute(query)]


def log_tail(connection: Connection, task_id: str, limit: int) -> list[Row[Any]]:
    """The newest `limit` lines, oldest first."""
    query = select(task_logs).where(task_logs.c.task_id == task_id).order_by(task_logs.c.log_seq.desc()).limit(limit)
    return list(reversed(connection.execute(query).all()))


def log_bytes(connection: Connection, task_id: str) -> int:
    """Bytes of all lines of the task, over all its attempts."""
    size = func.length(cast(task_logs.c.message, LargeBinary)) + func.length(task_logs.c.module)
    query = select(func.coalesce(func.sum(size), 0)).where(task_logs.c.task_id == task_id)
    return int(connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class LinePage:
    """Lines of a log. `more`: beyond `end`, the last line looked at, there may be further ones."""

    rows: list[Row[Any]]
    end: int
    more: bool


def logs_after(
    connection: Connection,
    task_id: str,
    after: int,
    limit: int,
    *,
    levels: Sequence[str] = (),
    text: str | None = None,
) -> LinePage:
    """Lines above `after` in order, at most `limit`; with a filter at most MAX_LOOKED_AT are looked at for them."""
    every = select(task_logs).where(task_logs.c.task_id == task_id, task_logs.c.log_seq > after)
    if not levels and not text:
        rows = list(connection.execute(every.order_by(task_logs.c.log_seq).limit(limit)))
        return LinePage(rows, rows[-1].log_seq if rows else after, more=len(rows) == limit)
    number = select(task_logs.c.log_seq).where(task_logs.c.task_id == task_id, task_logs.c.log_seq > after)
    last = number.order_by(task_logs.c.log_seq).limit(1).offset(MAX_LOOKED_AT - 1)
    bound = connection.execute(last).scalar_one_or_none()
    query = every if bound is None else every.where(task_logs.c.log_seq <= bound)
    if levels:
        query = query.where(task_logs.c.level.in_(levels))
    if text:
        query = query.where(task_logs.c.message.contains(text, autoescape=True))
    rows = list(connection.execute(query.order_by(task_logs.c.log_seq).limit(limit)))
    if len(rows) == limit:
        return LinePage(rows, rows[-1].log_seq, more=True)
    return LinePage(rows, after if bound is None else bound, more=bound is not None)


def touch_active(connection: Connection) -> None:
    """Writes what a heartbeat writes, and changes nothing: it fails when hearts cannot beat (locked, disk full)."""
    columns = scan_tasks.c
    connection.execute(
        scan_tasks.update()
        .where(columns.status.in_((TaskStatus.RUNNING, TaskStatus.CANCELLING)))
        .values(heartbeat=columns.heartbeat)
    )


def mark_worker(connection: Connection, task_id: str, attempt: int, state: str) -> None:
    """What the observer thinks of the attempt's worker: "alive" or "suspect"."""
    columns = scan_tasks.c
    connection.execute(
        scan_tasks.update()
        .where(columns.id == task_id, columns.attempt == attempt, columns.worker_id.is_not(None))
        .values(worker_state=state)
    )


def capture_usage(connection: Connection, task_id: str) -> tuple[int, int]:
    """Bytes that the captures of this task's user take, and those of all. Both are read from one small index."""
    columns = scan_tasks.c
    owner = select(columns.user_id).where(columns.id == task_id).scalar_subquery()
    total = select(func.coalesce(func.sum(columns.capture_bytes), 0)).where(CAPTURED)
    return (
        connection.execute(total.where(columns.user_id == owner)).scalar_one(),
        connection.execute(total).scalar_one(),
    )


def _seen_by(query: Select[Any], viewer: Viewer | None) -> Select[Any]:
    query = query.where(Visible)
    return query if viewer is None or viewer.is_admin else query.where(scan_tasks.c.user_id == viewer.user_id)
