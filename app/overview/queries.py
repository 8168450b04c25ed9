"""Names in many tasks: a bounded number is looked at, the newest first, so that a search does not grow with them."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Integer,
    Row,
    Select,
    Subquery,
    bindparam,
    literal_column,
    select,
    union_all,
)

from app.core.like import ESCAPE, containing
from app.core.principal import Principal
from app.domain.decisions import DecisionState
from app.events.tables import VISIBLE, scan_tasks
from app.findings.tables import findings
from app.scans.queries import runs

MAX_NAMES: Final = 20_000  # targets that a search looks at: 10 ms
MAX_SEARCHED_TASKS: Final = 500
RUNS_AT_ONCE: Final = 50
MAX_FINDINGS: Final = 1_000  # the worst of a task that a search looks at
f, t = findings.c, scan_tasks.c


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
    """Return findings whose domain contains the text: those that are not dismissed, among the MAX_FINDINGS worst of the
    results that stand for each of the newest MAX_SEARCHED_TASKS tasks; the newest task first.
    """
    newest = _newest(select(t.id, t.target_domain, t.run, t.created_at), principal, MAX_SEARCHED_TASKS)
    n = newest.c
    shown = select(n.id, n.target_domain, n.created_at, runs.shown_run(newest).label("run"))
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
    """Of each task a bounded number is looked at, so that one with many does not hide those of others."""
    targets = {task.id: task.target_domain for task in tasks}
    values: dict[str, Any] = {"pattern": containing(text), "limit": limit}
    for number, task in enumerate(tasks):
        values |= {f"task_{number}": task.id, f"run_{number}": task.run}
    return [
        DomainFinding(row.task_id, targets[row.task_id], row.domain, row.cause, row.risk_level, row.score)
        for row in connection.execute(_named_in(len(tasks), MAX_FINDINGS), values)
    ]


@cache
def _named_in(tasks: int, max_findings: int) -> CompoundSelect[Any]:
    """Return the query for findings of so many tasks, among the `max_findings` worst of each. It is built once:
    building it takes much longer than executing it.
    """
    named = (_named(number, max_findings) for number in range(tasks))
    return union_all(*named).limit(bindparam("limit", type_=Integer))


def _named(number: int, max_findings: int) -> Select[Any]:
    """Of the task with this number among the parameters."""
    worst = (
        select(f.task_id, f.domain, f.cause, f.risk_level, f.score)
        .where(f.task_id == bindparam(f"task_{number}"), f.run == bindparam(f"run_{number}"))
        .where(f.state != DecisionState.DISMISSED.value)
        .order_by(f.score.desc(), f.violation_id)
        .limit(literal_column(str(max_findings)))
        .subquery()
    )
    return select(worst).where(worst.c.domain.like(bindparam("pattern"), escape=ESCAPE))


def _seen(query: Select[Any], principal: Principal) -> Select[Any]:
    query = query.where(VISIBLE)
    return query if principal.sees_all else query.where(t.user_id == principal.user_id)


def _newest(query: Select[Any], principal: Principal, limit: int) -> Subquery:
    return (
        _seen(query, principal).order_by(t.created_at.desc(), t.id.desc()).limit(literal_column(str(limit))).subquery()
    )
