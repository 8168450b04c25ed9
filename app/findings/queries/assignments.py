"""Who takes care of findings, by the owner and the target of the scans, and by due date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, literal, select, tuple_, update

from app.core.principal import Principal
from app.core.tables import insert_for
from app.domain.assignments import LAST_DUE_DATE, NO_DUE_DATE, ReviewFilter, days_of
from app.domain.findings import NOBODY, FindingId
from app.findings.queries import comments
from app.findings.tables import assignments, findings

a, f = assignments.c, findings.c
_ORDER = (a.due_on, a.user_id, a.target_domain, a.domain, a.cause)


@dataclass(frozen=True, slots=True)
class AssignmentKey:
    """Position of an assignment in the order of due dates."""

    due_on: date
    user_id: str
    target_domain: str
    domain: str
    cause: str


def of_target(connection: Connection, user_id: str, target_domain: str) -> list[Row[Any]]:
    """Return all assignments of one target."""
    query = select(assignments).where(a.user_id == user_id, a.target_domain == target_domain)
    return list(connection.execute(query))


def of_domains(connection: Connection, user_id: str, target_domain: str, domains: Sequence[str]) -> list[Row[Any]]:
    """Return the assignments of findings of these domains."""
    mine = (a.user_id == user_id, a.target_domain == target_domain)
    return list(connection.execute(select(assignments).where(*mine, a.domain.in_(list(dict.fromkeys(domains))))))


def find(connection: Connection, user_id: str, target_domain: str, finding: FindingId) -> Row[Any] | None:
    """Return the assignment of one finding."""
    return connection.execute(select(assignments).where(*_is(user_id, target_domain, finding))).one_or_none()


def put(
    connection: Connection,
    user_id: str,
    target_domain: str,
    finding: FindingId,
    values: Mapping[str, Any],
    *,
    version: int,
) -> bool:
    """Write an assignment over the one of this version, 0 when there is none. False: there is another one by now. The
    note of an older version becomes a comment.
    """
    key = {"user_id": user_id, "target_domain": target_domain, "domain": finding.domain, "cause": finding.cause.value}
    if version == 0:
        first = insert_for(connection, assignments).values(**key, **values, version=1)
        statement = first.on_conflict_do_nothing().returning(a.version)
        return connection.execute(statement).first() is not None  # PostgreSQL's driver counts no such rows
    same = (*_is(user_id, target_domain, finding), a.version == version)
    comments.keep_notes(connection, *same)
    written = update(assignments).where(*same).values(**values, comment=None, version=version + 1)
    changed = connection.execute(written)
    return changed.rowcount == 1


def unassign(connection: Connection, user_id: str, at: datetime, *, only_foreign: bool) -> int:
    """Take all findings away from a user, those of others' scans alone with `only_foreign`; return how many. The due
    date stays, and what an older version noted becomes a comment.
    """
    mine = (a.assignee_id == user_id, *((a.user_id != user_id,) if only_foreign else ()))
    nobody = {"assignee_id": None, "assignee_name": None, "comment": None, "changed_by_name": None, "changed_at": at}
    comments.keep_notes(connection, *mine)
    statement = update(assignments).where(*mine).values(**nobody, version=a.version + 1)
    return connection.execute(statement).rowcount


def list_due(
    connection: Connection,
    principal: Principal,
    wanted: ReviewFilter,
    today: date,
    *,
    after: AssignmentKey | None,
    limit: int,
) -> list[Row[Any]]:
    """Return the next assignments that match, the earliest due date first. Those without a due date come last, and only
    where an assignee is asked for.
    """
    first, last = days_of(wanted.due, today)
    if wanted.assignee_id is not None and wanted.due is None:
        last = NO_DUE_DATE
    query = select(*_ORDER).where(a.due_on >= (first if after is None else max(first, after.due_on)), a.due_on <= last)
    if wanted.assignee_id is not None:
        query = query.where(a.assignee_id == wanted.assignee_id)
    elif wanted.is_unassigned:
        query = query.where(a.assignee_id.is_(None))
    if not principal.sees_all:
        query = query.where(a.user_id == principal.user_id)
    if after is not None:
        key = (after.due_on, after.user_id, after.target_domain, after.domain, after.cause)
        query = query.where(tuple_(*_ORDER) > tuple_(*map(literal, key)))
    return list(connection.execute(query.order_by(*_ORDER).limit(limit)))


def lacks(user_id: str, target_domain: str, *, is_unassigned: bool, is_undated: bool) -> Sequence[ColumnElement[bool]]:
    """Return conditions for findings of a target: those that nobody is assigned to, or that have no due date."""
    same = same_finding(user_id, target_domain)
    said = [
        *((a.assignee_id.is_not(None),) if is_unassigned else ()),
        *((a.due_on <= LAST_DUE_DATE,) if is_undated else ()),
    ]
    return [~exists().where(*same, condition) for condition in said]


def assigned_to(user_id: str, target_domain: str, assignee: str | None) -> Sequence[ColumnElement[bool]]:
    """Return conditions for findings of a target: those of this assignee, or of `NOBODY`. None does not filter."""
    if assignee is None:
        return ()
    if assignee == NOBODY:
        return lacks(user_id, target_domain, is_unassigned=True, is_undated=False)
    return (exists().where(*same_finding(user_id, target_domain), a.assignee_id == assignee),)


def same_finding(user_id: str, target_domain: str) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of an assignment for findings of a target: that it is of the same finding."""
    return (a.user_id == user_id, a.target_domain == target_domain, a.domain == f.domain, a.cause == f.cause)


def _is(user_id: str, target_domain: str, finding: FindingId) -> Sequence[ColumnElement[bool]]:
    return (
        a.user_id == user_id,
        a.target_domain == target_domain,
        a.domain == finding.domain,
        a.cause == finding.cause.value,
    )
