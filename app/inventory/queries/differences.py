"""Queries over stored differences, and over the earlier scan for a comparison."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, delete, select, tuple_

from app.core.tables import insert_for
from app.domain.task_row import TaskRow
from app.events.tables import COMPLETED_VISIBLE, scan_runs, scan_tasks
from app.inventory.tables import scan_differences

KEPT: Final = 10  # newest comparisons of a run
LOOKED_AT: Final = 50  # earlier scans among which the newest conclusive one is searched
d, r, t = scan_differences.c, scan_runs.c, scan_tasks.c


@dataclass(frozen=True, slots=True)
class RunKey:
    """A run of a task."""

    task_id: str
    run: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs that are compared."""

    run: RunKey
    against: RunKey

    @property
    def key(self) -> Mapping[str, Any]:
        ours = {"task_id": self.run.task_id, "run": self.run.run}
        return {**ours, "against_task_id": self.against.task_id, "against_run": self.against.run}


def predecessor(connection: Connection, row: TaskRow) -> tuple[str, int] | None:
    """Return (task, attempt) of the newest conclusive run of the same owner and target that ended before this run and
    still has results; None: there is none.
    """
    if row.completed_at is None:
        return None
    mine = (t.user_id == row.user_id, t.target_domain == row.target_domain, COMPLETED_VISIBLE)
    earlier = select(t.id).where(*mine, t.completed_at < row.completed_at).order_by(t.completed_at.desc(), t.id.desc())
    ids = [*connection.execute(earlier.limit(LOOKED_AT)).scalars(), row.id]
    ended = (r.conclusive, r.results_removed_at.is_(None), r.completed_at < row.completed_at)
    query = select(r.task_id, r.attempt).where(r.task_id.in_(ids), *ended).order_by(r.completed_at.desc(), r.run.desc())
    found = connection.execute(query.limit(1)).first()
    return None if found is None else (found.task_id, found.attempt)


def earlier_runs(connection: Connection, row: TaskRow, since: datetime) -> list[tuple[str, int]]:
    """Return (task, run) of the conclusive runs of the same owner and target since then that still have results, of at
    most LOOKED_AT other tasks, the newest ones.
    """
    mine = (t.user_id == row.user_id, t.target_domain == row.target_domain, COMPLETED_VISIBLE)
    earlier = select(t.id).where(*mine, t.completed_at >= since).order_by(t.completed_at.desc(), t.id.desc())
    ids = [*connection.execute(earlier.limit(LOOKED_AT)).scalars(), row.id]
    ended = (r.conclusive, r.results_removed_at.is_(None), r.completed_at >= since)
    query = select(r.task_id, r.run).where(r.task_id.in_(ids), *ended)
    return [(one.task_id, one.run) for one in connection.execute(query)]


def find(connection: Connection, pair: Pair, version: int) -> tuple[Mapping[str, Any], bytes] | None:
    """Return counts and body of the comparison stored by this version; None: there is none."""
    query = select(d.counts, d.body).where(*_is(pair), d.version == version)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.counts, row.body)


def compared(connection: Connection, owner_id: str, target: str, version: int, limit: int) -> list[Row[Any]]:
    """Return (task_id, run, attempt, completed_at, against_task_id, against_run) of stored comparisons of a site's
    scans with earlier ones: those of the newest tasks, in the order of the runs, then of what they are compared with.
    """
    mine = (t.user_id == owner_id, t.target_domain == target, COMPLETED_VISIBLE)
    ids = list(connection.execute(select(t.id).where(*mine).order_by(t.completed_at.desc()).limit(limit)).scalars())
    before = scan_runs.alias()
    of_run = and_(r.task_id == d.task_id, r.run == d.run)
    of_other = and_(before.c.task_id == d.against_task_id, before.c.run == d.against_run)
    query: Select[Any] = select(d.task_id, d.run, r.attempt, r.completed_at, d.against_task_id, d.against_run)
    query = query.select_from(scan_differences.join(scan_runs, of_run).join(before, of_other))
    query = query.where(d.task_id.in_(ids), d.version == version, before.c.completed_at < r.completed_at)
    found = connection.execute(query.order_by(r.completed_at.desc(), before.c.completed_at.desc()).limit(limit))
    return list(found)[::-1]


def put(
    connection: Connection, pair: Pair, version: int, *, at: datetime, counts: Mapping[str, Any], body: bytes
) -> bool:
    """Keep a difference, and forget the oldest ones of the run. Return False if it is kept already.

    Nothing is written for runs that are gone, or whose results are.
    """
    there = select(t.id).where(t.id.in_({pair.run.task_id, pair.against.task_id}))
    if len(set(connection.execute(there).scalars())) < len({pair.run.task_id, pair.against.task_id}):
        return True
    runs = [(pair.run.task_id, pair.run.run), (pair.against.task_id, pair.against.run)]
    removed = select(r.run).where(tuple_(r.task_id, r.run).in_(runs), r.results_removed_at.is_not(None))
    if connection.execute(removed).first() is not None:
        return True
    values = {"version": version, "made_at": at, "counts": counts, "body": body}
    statement = insert_for(connection, scan_differences).values(**pair.key, **values)
    key = [d.task_id, d.run, d.against_task_id, d.against_run]
    is_other = d.version != version
    changed = statement.on_conflict_do_update(index_elements=key, set_=values, where=is_other).returning(d.task_id)
    # Not by the row count: that of an insertion is -1 once psycopg has closed its cursor.
    if connection.execute(changed).first() is None:
        return False
    mine = (d.task_id == pair.run.task_id, d.run == pair.run.run)
    # This limit keeps them few, so they are sorted here: an index would cost more than it saves.
    kept = connection.execute(select(d.made_at, d.against_task_id, d.against_run).where(*mine).limit(2 * KEPT))
    newest_first = sorted(kept, key=lambda row: row.made_at, reverse=True)
    if others := [(row.against_task_id, row.against_run) for row in newest_first[KEPT:]]:
        others_of = tuple_(d.against_task_id, d.against_run).in_(others)
        connection.execute(delete(scan_differences).where(*mine, others_of))
    return True


def _is(pair: Pair) -> list[Any]:
    return [scan_differences.c[name] == value for name, value in pair.key.items()]
