"""Filters of the list of tasks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from app.domain.decisions import DecisionState
from app.domain.risk import level_of
from app.domain.verdict import Result
from app.domain.violations import RiskLevel
from app.events.tables import VISIBLE, scan_tasks
from app.findings.tables import findings
from app.scans.queries.runs import shown_run

# Tasks that a filter for a risk or a verdict looks at, the first of the list: a risk costs some 20 µs for each.
MAX_JUDGED: Final = 5_000
JUDGED_AT_ONCE: Final = 500
f, t = findings.c, scan_tasks.c


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks a list has. None does not filter.

    `domain` is a part of the target's name. `since` and `until` (exclusive) are about the time of creation. `risk` is
    the worst of what the results that stand hold and nobody has dismissed; it and `verdict`, that of the last attempt,
    are looked for among MAX_JUDGED tasks.
    """

    status: str | None = None
    domain: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    risk: RiskLevel | None = None
    verdict: Result | None = None

    @property
    def is_judging(self) -> bool:
        """Whether no index knows which tasks it keeps: then each is looked at (`kept`)."""
        return self.risk is not None or self.verdict is not None


def narrowed(query: Select[Any], wanted: TaskFilter, order: str, *, owner: str | None, is_sqlite: bool) -> Select[Any]:
    """Return the query of tasks without those that the filter leaves out, `risk` and `verdict` apart.

    `order` is the index that the query is read from. Another that begins with a column of the filter would be taken by
    SQLite, which would sort all that it finds: the status is a term then that no index has, and times, which the other
    indexes do not hold, are looked up in their own, by such a term as well. PostgreSQL knows how many tasks a time has,
    and begins with them when they are few.
    """
    if wanted.status:
        query = query.where((t.status if order == "status" else t.status + "") == wanted.status)
    if wanted.domain:
        query = query.where(t.target_domain.contains(wanted.domain, autoescape=True))
    times = []
    if wanted.since:
        times.append(t.created_at >= wanted.since)
    if wanted.until:
        times.append(t.created_at < wanted.until)
    if not times or order == "created_at" or (order == "status" and wanted.status):
        return query.where(*times)
    mine = () if owner is None else (t.user_id == owner,)
    return query.where(
        (t.id + "" if is_sqlite else t.id).in_(select(t.id).where(VISIBLE, *mine, *times).correlate(None))
    )


def kept(connection: Connection, ids: Sequence[str], wanted: TaskFilter) -> list[str]:
    """Return those of the tasks that have the `risk` and the `verdict` of the filter, in the order of here."""
    found: set[str] = set()
    for start in range(0, len(ids), JUDGED_AT_ONCE):
        some = set(ids[start : start + JUDGED_AT_ONCE])
        if wanted.verdict is not None:
            some &= _of_verdict(connection, some, wanted.verdict)
        if wanted.risk is not None:
            some &= _of_risk(connection, some, wanted.risk)
        found |= some
    return [task_id for task_id in ids if task_id in found]


def _of_verdict(connection: Connection, ids: Collection[str], verdict: Result) -> set[str]:
    query = select(t.id).where(t.id.in_(ids), t.verdict["result"].as_string() == verdict.value)
    return set(connection.execute(query).scalars())


def _of_risk(connection: Connection, ids: Collection[str], risk: RiskLevel) -> set[str]:
    shown = (f.task_id == t.id, f.run == shown_run(scan_tasks), f.state != DecisionState.DISMISSED.value)
    # Not `max`, nor EXISTS: PostgreSQL would make a join of it, and look through all findings that there are.
    worst = select(f.score).where(*shown).order_by(f.score.desc()).limit(1).correlate(scan_tasks).scalar_subquery()
    found = connection.execute(select(t.id, worst).where(t.id.in_(ids)))
    return {task_id for task_id, score in found if score is not None and level_of(score) is risk}
