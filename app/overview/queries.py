"""Names in many tasks: a bounded number is looked at, the newest first, so that a search does not grow with them."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, func, select

from app.core.principal import Principal
from app.domain.decisions import DecisionState
from app.events.tables import VISIBLE, scan_runs, scan_tasks
from app.findings.tables import findings

MAX_NAMES: Final = 20_000  # targets that a search looks at: 10 ms
MAX_SEARCHED_TASKS: Final = 500
MAX_DOMAINS: Final = 100_000  # findings that a search looks at: 30 ms
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


def findings_with(connection: Connection, principal: Principal, text: str, limit: int) -> list[Row[Any]]:
    """Return findings whose domain contains the text, as (task_id, target_domain, domain, cause, risk_level, score):
    those that are not dismissed, in the results that stand for each of the newest MAX_SEARCHED_TASKS tasks.
    """
    newest = _newest(select(t.id, t.target_domain, t.run, t.created_at), principal, MAX_SEARCHED_TASKS)
    n = newest.c
    looked_at = (
        select(f.task_id, n.target_domain, f.domain, f.cause, f.risk_level, f.score)
        .select_from(newest)
        .join(findings, (f.task_id == n.id) & (f.run == _shown_run(newest)))
        .where(f.state != DecisionState.DISMISSED.value)
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
