"""Which tasks a list has, beside whose they are and in which order they come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from app.domain.decisions import DecisionState, holds
from app.domain.findings import group
from app.domain.violations import RiskLevel
from app.models import decisions as decided
from app.models import scan_runs, scan_tasks, violations
from app.models.tasks import VISIBLE
from app.repositories import decisions

MAX_JUDGED: Final = 5_000  # tasks that a filter for a risk looks at, the first of the list: each costs some 20 µs
JUDGED_AT_ONCE: Final = 500
MAX_TOUCHED: Final = 20_000  # violations, of these at once, of domains about which somebody has decided
d, r, t, v = decided.c, scan_runs.c, scan_tasks.c, violations.c


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks a list has. None does not filter.

    `domain` is a part of the target's name. `since` and `until` (exclusive) are about the time of creation. `risk` is
    the worst of what the results that stand hold and nobody has dismissed; it is looked for among MAX_JUDGED tasks.
    """

    status: str | None = None
    domain: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    risk: RiskLevel | None = None


def narrowed(query: Select[Any], wanted: TaskFilter, order: str, *, owner: str | None, is_sqlite: bool) -> Select[Any]:
    """Return the query of tasks without those that the filter leaves out, `risk` apart.

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


def of_risk(connection: Connection, ids: Sequence[str], risk: RiskLevel) -> list[str]:
    """Return those of the tasks whose worst open violation has this risk, in the order that they have here."""
    found: set[str] = set()
    for start in range(0, len(ids), JUDGED_AT_ONCE):
        found |= _of_risk(connection, ids[start : start + JUDGED_AT_ONCE], risk)
    return [task_id for task_id in ids if task_id in found]


def _of_risk(connection: Connection, ids: Sequence[str], risk: RiskLevel) -> set[str]:
    levels = list(RiskLevel)
    worse = levels[levels.index(risk) + 1 :]
    left = _left_open(connection, ids)
    has_it = _undecided(v.risk_level == risk)
    is_left = t.id.in_([task_id for task_id, some in left.items() if risk in some])
    query = select(t.id).where(t.id.in_(ids), has_it | is_left, ~_undecided(v.risk_level.in_(worse)))
    return {task_id for task_id in connection.execute(query).scalars() if left.get(task_id, set()).isdisjoint(worse)}


def _undecided(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a task has such a violation of a domain about which nothing is dismissed."""
    return select(v.id).where(_is_shown(), wanted, ~_is_touched()).correlate(scan_tasks).exists()


def _left_open(connection: Connection, ids: Sequence[str]) -> dict[str, set[str]]:
    """Return by task which risks are open of the domains about which something is dismissed: a decision is about a
    finding, which may be one of several there, or another one by now. Looks at MAX_TOUCHED violations.
    """
    columns = (v.domain, v.violation_key, v.confidence_score, v.risk_level, v.created_at, v.id.label("violation_id"))
    query = select(t.id, t.user_id, t.target_domain, *columns).where(t.id.in_(ids), _is_shown(), _is_touched())
    rows = list(connection.execute(query.limit(MAX_TOUCHED)))
    rows.sort(key=lambda row: (row.id, row.created_at, row.violation_id))
    sites = list(dict.fromkeys((row.user_id, row.target_domain) for row in rows))
    dismissed = {
        (row.user_id, row.target_domain, row.domain, row.cause): row.kinds
        for row in decisions.of_sites(connection, sites, MAX_TOUCHED)
        if row.state == DecisionState.DISMISSED
    }
    left: dict[str, set[str]] = {}
    for task_id, some in groupby(rows, key=lambda row: row.id):
        found = list(some)
        for finding in group(found):
            kinds = dismissed.get((*found[0][1:3], finding.id.domain, finding.id.cause.value))
            if kinds is None or not holds(kinds, {one.violation_key for one in finding.violations}):
                left.setdefault(task_id, set()).update(one.risk_level for one in finding.violations)
    return left


def _is_shown() -> ColumnElement[bool]:
    """Whether a violation is part of the results that stand for a task."""
    conclusive = select(func.max(r.run)).where(r.task_id == t.id, r.conclusive).correlate(scan_tasks).scalar_subquery()
    return and_(v.task_id == t.id, v.run == func.coalesce(conclusive, t.run), v.dismissed.is_(False))


def _is_touched() -> ColumnElement[bool]:
    """Whether something about a violation's domain is dismissed."""
    same = d.user_id == t.user_id, d.target_domain == t.target_domain, d.domain == v.domain
    dismissed = select(d.cause).where(*same, d.state == DecisionState.DISMISSED)
    return dismissed.correlate(scan_tasks, violations).exists()
