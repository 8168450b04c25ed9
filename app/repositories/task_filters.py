"""Which tasks a list has, beside whose they are and in which order they come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from app.domain.violations import RiskLevel
from app.models import scan_runs, scan_tasks, violations
from app.models.tasks import VISIBLE

MAX_JUDGED: Final = 5_000  # tasks that a filter for a risk looks at, the first of the list: each costs some 20 µs
JUDGED_AT_ONCE: Final = 500
r, t, v = scan_runs.c, scan_tasks.c, violations.c


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


def narrowed(query: Select[Any], wanted: TaskFilter, order: str, *, owner: str | None) -> Select[Any]:
    """Return the query of tasks without those that the filter leaves out, `risk` apart.

    `order` is the index that the query is read from. Another that begins with a column of the filter would be taken by
    SQLite, which would sort all that it finds: the status is a term then that no index has, and times, which the other
    indexes do not hold, are looked up in their own, by such a term as well.
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
    return query.where((t.id + "").in_(select(t.id).where(VISIBLE, *mine, *times).correlate(None)))


def of_risk(connection: Connection, ids: Sequence[str], risk: RiskLevel) -> list[str]:
    """Return those of the tasks whose worst open violation has this risk, in the order that they have here."""
    levels = list(RiskLevel)
    worse = levels[levels.index(risk) + 1 :]
    conclusive = select(func.max(r.run)).where(r.task_id == t.id, r.conclusive).correlate(scan_tasks).scalar_subquery()
    shown = func.coalesce(conclusive, t.run)
    is_open = (v.task_id == t.id) & (v.run == shown) & v.dismissed.is_(False)
    has_it = select(v.id).where(is_open, v.risk_level == risk).correlate(scan_tasks).exists()
    has_worse = select(v.id).where(is_open, v.risk_level.in_(worse)).correlate(scan_tasks).exists()
    found: set[str] = set()
    for start in range(0, len(ids), JUDGED_AT_ONCE):
        some = t.id.in_(ids[start : start + JUDGED_AT_ONCE])
        found.update(connection.execute(select(t.id).where(some, has_it, ~has_worse)).scalars())
    return [task_id for task_id in ids if task_id in found]
