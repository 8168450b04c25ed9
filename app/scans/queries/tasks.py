"""Reading tasks and their log lines."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Select,
    String,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal,
    select,
)

from app.core.group_filter import within_group
from app.core.listing import count_up_to, in_order
from app.core.principal import Principal
from app.domain.messages import DEFAULT_LANGUAGE, Language, MessageCatalog
from app.domain.task_row import TaskRow
from app.domain.tasks import ACTIVE, TERMINAL, TaskStatus
from app.events.tables import (
    ACTIVE_ONLY,
    CAPTURED,
    LIST_ORDERS,
    OBSERVED,
    UNFINISHED_VISIBLE,
    VISIBLE,
    scan_tasks,
    task_events,
    task_logs,
)
from app.scans.queries.task_filters import MAX_JUDGED, TaskFilter, kept, narrowed

Visible: Final = scan_tasks.c.deleted_at.is_(None)
MAX_LOOKED_AT: Final = 20_000  # lines, for one page of those that a filter keeps
MAX_SEARCHED: Final = 5_000  # the same for words: each line is made in the reader's language, 14 µs with its read
SORTABLE: Final = tuple(LIST_ORDERS)
# Asked for each connection, and in each sweep: built once.
_HEAD_COLUMNS: Final = ("id", "user_id", "last_seq", "min_seq", "status", "attempt", "trace")
_HEADS: Final = select(*(scan_tasks.c[name] for name in _HEAD_COLUMNS))
_IDS: Final[Any] = bindparam("ids", expanding=True)
_HEADS_NAMED: Final = _HEADS.where(scan_tasks.c.id.in_(_IDS))
_HEADS_OWNED: Final = _HEADS.where(scan_tasks.c.user_id.in_(_IDS), UNFINISHED_VISIBLE)
# PostgreSQL takes a list as one value: it reads and plans a statement of a thousand values for longer than it looks.
_LIST: Final[Any] = any_(bindparam("ids", type_=ARRAY(String)))
_HEADS_LISTED: Final = _HEADS.where(scan_tasks.c.id == _LIST)
_HEADS_OWNED_LISTED: Final = _HEADS.where(scan_tasks.c.user_id == _LIST, UNFINISHED_VISIBLE)


@dataclass(frozen=True, slots=True)
class TaskHead:
    """The columns of a task that the sweep compares."""

    task_id: str
    user_id: str
    last_seq: int
    min_seq: int
    status: str
    attempt: int
    trace: str | None = None


def newest_id(connection: Connection) -> str | None:
    """Return the id of the task that was created last; None when there is none."""
    query = select(scan_tasks.c.id).where(Visible).order_by(scan_tasks.c.created_at.desc(), scan_tasks.c.id.desc())
    return connection.execute(query.limit(1)).scalar_one_or_none()


def find(connection: Connection, task_id: str, principal: Principal | None = None) -> TaskRow | None:
    """Return the task's row; None when it is missing, deleted or not for the principal (None: no filter)."""
    query = _seen_by(select(scan_tasks).where(scan_tasks.c.id == task_id), principal)
    row = connection.execute(query).one_or_none()
    return None if row is None else TaskRow(*row)


def find_all(connection: Connection, task_ids: Collection[str], principal: Principal) -> list[TaskRow]:
    """Return the rows of these tasks that are there and that the principal sees, in no order."""
    query = _seen_by(select(scan_tasks).where(scan_tasks.c.id.in_(sorted(task_ids))), principal)
    return [TaskRow(*row) for row in connection.execute(query)]


def out_of_group(connection: Connection, task_ids: Collection[str], principal: Principal) -> set[str]:
    """Return those of these tasks that the principal's user sees, but the principal does not: their sites are not in
    the group of its key. A deleted task is none of them.
    """
    named = select(scan_tasks.c.id).where(scan_tasks.c.id.in_(sorted(task_ids)))
    of_user = connection.execute(_seen_by(named, replace(principal, group=None))).scalars()
    return set(of_user) - set(connection.execute(_seen_by(named, principal)).scalars())


def may_order(connection: Connection, principal: Principal, target: str) -> bool:
    """Return whether the principal may order scans of this target: with a key of a group, of its sites alone."""
    if principal.group is None:
        return True
    query = within_group(select(literal(1)), principal, literal(target))
    return connection.execute(query).first() is not None


def list_page(
    connection: Connection,
    principal: Principal,
    wanted: TaskFilter,
    *,
    offset: int,
    limit: int,
    sort: str = "-created_at",
) -> tuple[list[TaskRow], int]:
    """Return one page, and the total as far as it is counted (MAX_COUNTED).

    `sort` is a name of SORTABLE, descending with a leading minus; equal ones follow in the same direction.
    """
    name = sort.removeprefix("-")
    order = "status" if wanted.status and name == "created_at" else name  # its index has both
    query = select(scan_tasks.c.id).where(VISIBLE)
    owner = None if principal.sees_all else principal.user_id
    if owner is not None:
        query = query.where(scan_tasks.c.user_id == owner)
    query = narrowed(query, wanted, order, owner=owner, is_sqlite=connection.dialect.name == "sqlite")
    columns = [scan_tasks.c[column] for column in LIST_ORDERS[order] if column in (*SORTABLE, "id")]
    terms = columns[: columns.index(scan_tasks.c.id) + 1]
    ordered = query.order_by(*(_in_direction(term, descending=sort.startswith("-")) for term in terms))
    if wanted.is_judging:
        fitting = kept(connection, list(connection.execute(ordered.limit(MAX_JUDGED)).scalars()), wanted)
        ids, total = fitting[offset : offset + limit], len(fitting)
    else:
        ids = list(connection.execute(ordered.offset(offset).limit(limit)).scalars())
        total = count_up_to(connection, query)
    return [TaskRow(*row) for row in in_order(connection, scan_tasks, ids)], total


def heads(connection: Connection, task_ids: Sequence[str], owner_ids: Sequence[str]) -> list[TaskHead]:
    """Return heads of the named tasks and of the owners' unfinished ones, of deleted ones too while they have a row."""
    is_sqlite = connection.dialect.name == "sqlite"
    named, owned = (_HEADS_NAMED, _HEADS_OWNED) if is_sqlite else (_HEADS_LISTED, _HEADS_OWNED_LISTED)
    rows = [
        *(connection.execute(named, {"ids": list(task_ids)}) if task_ids else ()),
        *(connection.execute(owned, {"ids": list(owner_ids)}) if owner_ids else ()),
    ]
    return list({row.id: TaskHead(*row) for row in rows}.values())


def last_retry_seq(connection: Connection, task_id: str) -> int:
    """Return the `seq` of the newest `task_retrying`, 0 when there is none."""
    query = select(task_events.c.seq).where(
        task_events.c.task_id == task_id, task_events.c.type == "task_retrying", OBSERVED
    )
    # Not SQL's max: for that SQLite goes back through the whole log until it meets one.
    return max(connection.execute(query).scalars(), default=0)


def active(connection: Connection) -> list[TaskRow]:
    """Return the tasks that a worker has or should have: running and cancelling."""
    query = select(scan_tasks).where(ACTIVE_ONLY, Visible)
    return [TaskRow(*row) for row in connection.execute(query)]


def has_active(connection: Connection, user_id: str) -> bool:
    """Whether a task of the user runs or is being cancelled."""
    t = scan_tasks.c
    query = select(t.id).where(t.user_id == user_id, t.status.in_(sorted(ACTIVE)), UNFINISHED_VISIBLE).limit(1)
    return connection.execute(query).first() is not None


def count_unfinished(connection: Connection, user_id: str, *, besides: str = "") -> int:
    """Count the user's tasks that wait or run, but not the task `besides`."""
    t = scan_tasks.c
    mine = (t.user_id == user_id, UNFINISHED_VISIBLE, t.id != besides)
    return connection.execute(select(func.count()).select_from(scan_tasks).where(*mine)).scalar_one()


def is_at_work(connection: Connection, task_id: str, attempt: int, worker_id: str) -> bool:
    """Whether this worker runs this attempt."""
    t = scan_tasks.c
    mine = (t.id == task_id, t.attempt == attempt, t.worker_id == worker_id, t.status.in_(sorted(ACTIVE)))
    return connection.execute(select(t.id).where(*mine)).first() is not None


def completed_durations(connection: Connection, limit: int) -> list[int]:
    """Return how many seconds the newest completed scans ran, of all users."""
    t = scan_tasks.c
    newest = select(t.statistics).where(t.status == TaskStatus.COMPLETED).order_by(t.completed_at.desc()).limit(limit)
    found = connection.execute(newest).scalars()
    return [statistics["execution_duration"] for statistics in found if statistics]


def newest_ended(connection: Connection, limit: int) -> list[tuple[str, int]]:
    """Return (status, how many seconds it ran) of the scans that ended last, of all users, the newest first."""
    t = scan_tasks.c
    found: list[Row[Any]] = []
    for status in sorted(TERMINAL):  # each from an index of its own: of all together there is none
        ended = (t.status == status, t.completed_at.is_not(None), Visible)
        newest = select(t.status, t.statistics, t.completed_at).where(*ended)
        found += connection.execute(newest.order_by(t.completed_at.desc(), t.id.desc()).limit(limit))
    last = sorted(found, key=lambda row: row.completed_at, reverse=True)[:limit]
    return [(row.status, (row.statistics or {}).get("execution_duration", 0)) for row in last]


def runs_after(connection: Connection, key: tuple[str], limit: int) -> list[tuple[str, int, bool]]:
    """Return (id, run, whether the run has begun and is visible) of the next tasks by id, deleted ones included."""
    t = scan_tasks.c
    begun = t.started_at.is_not(None) & t.deleted_at.is_(None)
    query = select(t.id, t.run, begun).where(t.id > key[0]).order_by(t.id).limit(limit)
    return [(row[0], row[1], bool(row[2])) for row in connection.execute(query)]


def log_tail(connection: Connection, task_id: str, limit: int) -> list[Row[Any]]:
    """Return the newest `limit` lines, the oldest of them first."""
    query = select(task_logs).where(task_logs.c.task_id == task_id).order_by(task_logs.c.log_seq.desc()).limit(limit)
    return list(reversed(connection.execute(query).all()))


def log_bytes(connection: Connection, task_id: str) -> int:
    """Return the bytes of all lines of the task, over all its attempts."""

    def size_of(column: Column[Any]) -> ColumnElement[int]:
        if connection.dialect.name == "sqlite":  # whose octet_length came with 3.43
            return func.length(cast(column, LargeBinary))
        return func.octet_length(cast(column, Text))

    columns = task_logs.c
    size = size_of(columns.message) + size_of(columns.module) + func.coalesce(size_of(columns.params), 0)
    query = select(func.coalesce(func.sum(size), 0)).where(task_logs.c.task_id == task_id)
    return int(connection.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class LinePage:
    """A page of a log. `more`: there may be further lines beyond `end`, the last one looked at."""

    rows: list[Row[Any]]
    end: int
    more: bool


def logs_after(
    connection: Connection,
    task_id: str,
    after: int,
    limit: int,
    *,
    upto: int,
    levels: Sequence[str] = (),
    module: str | None = None,
    text: str | None = None,
    language: Language = DEFAULT_LANGUAGE,
) -> LinePage:
    """Return lines above `after`, up to `upto`, in order, at most `limit`.

    `module` is what wrote them, a stage's key as a rule. `text` is what a reader of `language` reads in them, in any
    case. A filter looks at no more than MAX_LOOKED_AT lines, one for text at no more than MAX_SEARCHED.
    """
    wanted = (task_logs.c.task_id == task_id, task_logs.c.log_seq > after, task_logs.c.log_seq <= upto)
    every = select(task_logs).where(*wanted)
    if not levels and not module and not text:
        rows = list(connection.execute(every.order_by(task_logs.c.log_seq).limit(limit)))
        return LinePage(rows, rows[-1].log_seq if rows else after, more=len(rows) == limit)
    number = select(task_logs.c.log_seq).where(*wanted)
    looked_at = MAX_SEARCHED if text else MAX_LOOKED_AT
    last = number.order_by(task_logs.c.log_seq).limit(1).offset(looked_at - 1)
    bound = connection.execute(last).scalar_one_or_none()
    query = every if bound is None else every.where(task_logs.c.log_seq <= bound)
    if levels:
        query = query.where(task_logs.c.level.in_(levels))
    if module:
        query = query.where(task_logs.c.module == module)
    query = query.order_by(task_logs.c.log_seq)
    if text:
        with connection.execute(query) as lines:
            rows = list(islice(_with_text(lines, text, language), limit))
    else:
        rows = list(connection.execute(query.limit(limit)))
    if len(rows) == limit:
        return LinePage(rows, rows[-1].log_seq, more=True)
    return LinePage(rows, after if bound is None else bound, more=bound is not None)


def _with_text(lines: Iterable[Row[Any]], text: str, language: Language) -> Iterator[Row[Any]]:
    texts, wanted = MessageCatalog(language), text.casefold()
    for line in lines:
        told = None if line.text_key is None else texts.sentence(line.text_key, line.params or {})
        if wanted in (line.message if told is None else told).casefold():
            yield line


def touch_active(connection: Connection) -> None:
    """Write what a heartbeat writes, and change nothing: it fails when heartbeats cannot rise (locked, disk full)."""
    connection.execute(scan_tasks.update().where(ACTIVE_ONLY).values(heartbeat=scan_tasks.c.heartbeat))


def mark_worker(connection: Connection, task_id: str, attempt: int, state: str) -> None:
    """Keep what the observer thinks of the attempt's worker: "alive" or "suspect"."""
    columns = scan_tasks.c
    connection.execute(
        scan_tasks.update()
        .where(columns.id == task_id, columns.attempt == attempt, columns.worker_id.is_not(None))
        .values(worker_state=state)
    )


def capture_usage(connection: Connection, task_id: str) -> tuple[int, int]:
    """Return the bytes of captures of the task's user, and of all users. Both come from one small index."""
    columns = scan_tasks.c
    owner = select(columns.user_id).where(columns.id == task_id).scalar_subquery()
    total = select(func.coalesce(func.sum(columns.capture_bytes), 0)).where(CAPTURED)
    return (
        connection.execute(total.where(columns.user_id == owner)).scalar_one(),
        connection.execute(total).scalar_one(),
    )


def _in_direction(column: Column[Any], *, descending: bool) -> ColumnElement[Any]:
    """What has no value comes before everything that has one; PostgreSQL by itself has it the other way round."""
    if not column.nullable:
        return column.desc() if descending else column.asc()
    return column.desc().nulls_last() if descending else column.asc().nulls_first()


def _seen_by(query: Select[Any], principal: Principal | None) -> Select[Any]:
    query = query.where(Visible)
    if principal is not None and principal.link_id:
        query = query.where(scan_tasks.c.id == principal.task_id)
    if principal is None or principal.sees_all:
        return query
    mine = query.where(scan_tasks.c.user_id == principal.user_id)
    return within_group(mine, principal, scan_tasks.c.target_domain)
