"""Names in many tasks: a bounded number is looked at, the newest first, so that a search does not grow with them."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, func, literal_column, select, tuple_

from app.core.principal import Principal
from app.domain.decisions import DecisionState
from app.events.tables import VISIBLE, scan_runs, scan_tasks
from app.findings.tables import findings

MAX_NAMES: Final = 20_000  # targets that a search looks at: 10 ms
MAX_SEARCHED_TASKS: Final = 500
RUNS_AT_ONCE: Final = 50
MAX_DOMAINS: Final = 10_000  # findings of so many runs that a search looks at: 3 ms
f, r, t = findings.c, scan_runs.c, scan_tasks.c


def targets_with(connection: Connection, principal: Principal, text: str, limit: int) -> list[Row[Any]]:
    """Return (id, target_domain, status) of the newest tasks whose target's name contains the text, of the newest
    MAX_NAMES.
    """
    columns = (t.id, t.target_domain, t.status, t.created_at)
    newest = _newest(select(*columns), principal, MAX_NAMES)
    n = newest.c
    query = select(n.id, n.target_domain, n.status).where(n.target_domain.contains(text, autoescape=True))
    return list(connection.execute(query.limit(limit)))


class DomainFinding(NamedTuple):
    task_id: str
    target_domain: str
    domain: str
    cause: str
    risk_level: str
    score: int


def findings_with(connection: Connection, principal: Principal, text: str, limit: int) -> list[DomainFinding]:
    """Return findings whose domain contains the text: those that are not dismissed, in the results that stand for each
    of the newest MAX_SEARCHED_TASKS tasks.
    """
    newest = _newest(select(t.id, t.target_domain, t.run, t.created_at), principal, MAX_SEARCHED_TASKS)
    n = newest.c
    shown = select(n.id, n.target_domain, n.created_at, _shown_run(newest).label("run"))
    tasks = sorted(connection.execute(shown), key=lambda task: (task.created_at, task.id), reverse=True)
    found: list[DomainFinding] = []
    # In steps: asked for all at once, PostgreSQL expects so many findings that it looks through all that there are.
    for start in range(0, len(tasks), RUNS_AT_ONCE):
        some = tasks[start : start + RUNS_AT_ONCE]
        found += _findings_of(connection, some, text, limit - len(found))
        if len(found) == limit:
            break
    return found


def _findings_of(connection: Connection, tasks: Sequence[Row[Any]], text: str, limit: int) -> list[DomainFinding]:
    position = {task.id: number for number, task in enumerate(tasks)}
    looked_at = (
        select(f.task_id, f.domain, f.cause, f.risk_level, f.score)
        .where(tuple_(f.task_id, f.run).in_([(task.id, task.run) for task in tasks]))
        .where(f.state != DecisionState.DISMISSED.value)
        .limit(MAX_DOMAINS)
        .subquery()
    )
    query = select(looked_at).where(looked_at.c.domain.contains(text, autoescape=True)).limit(limit)
    rows = sorted(connection.execute(query), key=lambda row: position[row.task_id])
    return [DomainFinding(row.task_id, tasks[position[row.task_id]].target_domain, *tuple(row)[1:]) for row in rows]


def _seen(query: Select[Any], principal: Principal) -> Select[Any]:
    query = query.where(VISIBLE)
    return query if principal.sees_all else query.where(t.user_id == principal.user_id)


def _newest(query: Select[Any], principal: Principal, limit: int) -> Subquery:
    return (
        _seen(query, principal).order_by(t.created_at.desc(), t.id.desc()).limit(literal_column(str(limit))).subquery()
    )


def _shown_run(tasks: Subquery) -> ColumnElement[int]:
    """Return the run that `runs.shown_attempts` names: the newest conclusive one, else the newest."""
    conclusive = select(func.max(r.run)).where(r.task_id == tasks.c.id, r.conclusive).scalar_subquery()
    return func.coalesce(conclusive, tasks.c.run)
