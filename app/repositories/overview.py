"""Reading over many tasks at once: what each of the newest has come to, and names in them.

Both look at a bounded number of tasks, the newest first, so that what they cost does not grow with the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, func, select

from app.core.principal import Principal
from app.models import scan_runs, scan_tasks, violations
from app.models.tasks import UNFINISHED_VISIBLE, VISIBLE

MAX_TASKS: Final = 1_000  # that have ended, of an overview: what they left is read in some 30 ms
MAX_UNFINISHED: Final = 500  # tasks: their earlier runs are part of it
MAX_RUNS: Final = 3_000
TASKS_AT_ONCE: Final = 100  # for more PostgreSQL would rather read the whole table of runs
MAX_NAMES: Final = 20_000  # targets that a search looks at: 10 ms
MAX_SEARCHED_TASKS: Final = 500
MAX_DOMAINS: Final = 100_000  # violations that a search looks at: 30 ms
r, t, v = scan_runs.c, scan_tasks.c, violations.c


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended. `conclusive`: it may stand for its site."""

    task_id: str
    user_id: str
    target_domain: str
    run: int
    attempt: int
    status: str
    verdict: Mapping[str, Any] | None
    violation_counts: Mapping[str, int]
    completed_at: datetime
    conclusive: bool

    @property
    def site(self) -> tuple[str, str]:
        """A site of one user: another's scans of the same name are another history."""
        return self.user_id, self.target_domain


def ended_runs(connection: Connection, principal: Principal) -> tuple[list[EndedRun], bool]:
    """Return all runs of the tasks that the principal may see and that ended last or are unfinished, in the order in
    which they ended; and whether there are more tasks or runs than were looked at.
    """
    ended = _seen(select(t.id), principal).order_by(t.completed_at.desc().nulls_last(), t.id.desc()).limit(MAX_TASKS)
    unfinished = select(t.id).where(UNFINISHED_VISIBLE)
    if not principal.sees_all:
        unfinished = unfinished.where(t.user_id == principal.user_id)
    ids = [*connection.execute(ended).scalars()]
    ids += set(connection.execute(unfinished.limit(MAX_UNFINISHED)).scalars()).difference(ids)
    found: list[EndedRun] = []
    for start in range(0, len(ids), TASKS_AT_ONCE):
        found += _runs_of(connection, ids[start : start + TASKS_AT_ONCE], MAX_RUNS - len(found))
    is_all = len(ids) < MAX_TASKS and len(found) < MAX_RUNS
    return sorted(found, key=lambda run: (run.completed_at, run.run)), not is_all


def _runs_of(connection: Connection, ids: Sequence[str], limit: int) -> list[EndedRun]:
    tasks = {row[0]: row for row in connection.execute(select(t.id, t.user_id, t.target_domain).where(t.id.in_(ids)))}
    columns = (r.task_id, r.run, r.attempt, r.status, r.verdict, r.violation_counts, r.completed_at, r.conclusive)
    query = select(*columns).where(r.task_id.in_(ids), r.completed_at.is_not(None)).limit(limit)
    return [EndedRun(*tasks[row[0]], *row[1:]) for row in connection.execute(query)]


def targets_with(connection: Connection, principal: Principal, text: str, limit: int) -> list[Row[Any]]:
    """Return (id, target_domain, status) of the newest tasks whose target's name contains the text, of the newest
    MAX_NAMES.
    """
    columns = (t.id, t.target_domain, t.status, t.created_at)
    newest = _newest(select(*columns), principal, MAX_NAMES)
    n = newest.c
    query = select(n.id, n.target_domain, n.status).where(n.target_domain.contains(text, autoescape=True))
    return list(connection.execute(query.limit(limit)))


def domains_with(connection: Connection, principal: Principal, text: str, limit: int) -> list[Row[Any]]:
    """Return violations whose domain contains the text, as (task_id, target_domain, domain, violation_key, risk_level):
    those that are not dismissed, in the results that stand for each of the newest MAX_SEARCHED_TASKS tasks.
    """
    newest = _newest(select(t.id, t.target_domain, t.run, t.created_at), principal, MAX_SEARCHED_TASKS)
    n = newest.c
    looked_at = (
        select(v.task_id, n.target_domain, v.domain, v.violation_key, v.risk_level)
        .select_from(newest)
        .join(violations, (v.task_id == n.id) & (v.run == _shown_run(newest)))
        .where(v.dismissed.is_(False))
        .limit(MAX_DOMAINS)
        .subquery()
    )
    query = select(looked_at).where(looked_at.c.domain.contains(text, autoescape=True))
    return list(connection.execute(query.limit(limit)))


def _seen(query: Select[Any], principal: Principal) -> Select[Any]:
    query = query.where(VISIBLE)
    return query if principal.sees_all else query.where(t.user_id == principal.user_id)


def _newest(query: Select[Any], principal: Principal, limit: int) -> Subquery:
    return _seen(query, principal).order_by(t.created_at.desc(), t.id.desc()).limit(limit).subquery()


def _shown_run(tasks: Subquery) -> ColumnElement[int]:
    """Return the run that `runs.shown_attempts` names: the newest conclusive one, else the newest."""
    conclusive = select(func.max(r.run)).where(r.task_id == tasks.c.id, r.conclusive).scalar_subquery()
    return func.coalesce(conclusive, tasks.c.run)
