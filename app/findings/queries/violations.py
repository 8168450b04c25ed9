"""Reading the violations of a run. Each row has the `risk_level` of its finding."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, select, true, tuple_, update

from app.core.listing import count_up_to
from app.domain.findings import AssessedFinding, FoundViolation
from app.findings.tables import findings, violations

CHUNK: Final = 500  # rows of one read: evidence is long
MAX_OF_DOMAIN: Final = 50  # there are eleven kinds
DOMAINS_AT_ONCE: Final = 500
v = violations.c
f = findings.c
_ITS_FINDING: Final = and_(f.task_id == v.task_id, f.run == v.run, f.domain == v.domain, f.cause == v.cause)
_ROWS: Final = select(violations, f.risk_level).join(findings, _ITS_FINDING)


def list_page(
    connection: Connection,
    task_id: str,
    run: int,
    *,
    offset: int = 0,
    limit: int = 50,
    newest_first: bool = False,
    key: str | None = None,
    risk: str | None = None,
    needs_review: bool | None = None,
    q: str | None = None,
) -> tuple[list[Row[Any]], int]:
    """Return one page of a run's violations, by time, and the total (up to MAX_COUNTED)."""
    query = _of_run(task_id, run)
    for column, value in ((v.violation_key, key), (v.needs_review, needs_review)):
        if value is not None:
            query = query.where(column == value)
    if risk is not None:
        # `IS TRUE` keeps PostgreSQL from making a join of it: of a plan for any task it expects one row of each, and
        # compared each violation with each finding (2 s for 5,000 of both).
        of_risk = select(f.domain, f.cause).where(f.task_id == task_id, f.run == run, f.risk_level == risk)
        query = query.where(tuple_(v.domain, v.cause).in_(of_risk).is_(true()))
    if q:
        query = query.where(v.domain.contains(q, autoescape=True))
    order = (v.created_at.desc(), v.id.desc()) if newest_first else (v.created_at, v.id)
    ids = list(connection.execute(query.order_by(*order).offset(offset).limit(limit)).scalars())
    return _in_order(connection, ids), count_up_to(connection, query)


def newest(connection: Connection, task_id: str, run: int, limit: int) -> list[Row[Any]]:
    """Return the newest of a run, the newest first."""
    query = _of_run(task_id, run).order_by(v.created_at.desc(), v.id.desc()).limit(limit)
    return _in_order(connection, list(connection.execute(query).scalars()))


def chunk_after(connection: Connection, task_id: str, run: int, after: Row[Any] | None) -> list[Row[Any]]:
    """Return the next CHUNK of a run's violations, by time; `after` None: the first."""
    query = _of_run(task_id, run)
    if after is not None:
        query = query.where(tuple_(v.created_at, v.id) > (after.created_at, after.id))
    ids = list(connection.execute(query.order_by(v.created_at, v.id).limit(CHUNK)).scalars())
    return _in_order(connection, ids)


def of_domain(connection: Connection, task_id: str, run: int, domain: str) -> list[Row[Any]]:
    """Return the violations of one domain, with their evidence."""
    query = _ROWS.where(v.task_id == task_id, v.run == run, v.domain == domain)
    return list(connection.execute(query.order_by(v.created_at, v.id).limit(MAX_OF_DOMAIN)))


def names_at(connection: Connection, task_id: str, run: int, domains: Collection[str]) -> list[Row[Any]]:
    """Return (id, domain, cause, violation_key) of a run's violations at these domains, those that name the cause of
    their finding first.
    """
    found: list[Row[Any]] = []
    names = sorted(set(domains))
    for start in range(0, len(names), DOMAINS_AT_ONCE):
        some = names[start : start + DOMAINS_AT_ONCE]
        mine = (v.task_id == task_id, v.run == run, v.domain.in_(some))
        query = select(v.id, v.domain, v.cause, v.violation_key).where(*mine)
        found += connection.execute(query.limit(MAX_OF_DOMAIN * len(some)))
    return sorted(found, key=lambda row: (row.violation_key != row.cause, row.id))


def known_violations(connection: Connection, task_id: str, run: int) -> list[FoundViolation]:
    """Return all that this run has found already, in the order in which it was found."""
    columns = (v.id, v.domain, v.violation_key, v.confidence_score, v.needs_review, v.url, v.found_on)
    query = select(*columns).where(v.task_id == task_id, v.run == run).order_by(v.created_at, v.id)
    return [FoundViolation(*row) for row in connection.execute(query)]


def name_causes(connection: Connection, task_id: str, run: int, found: Iterable[AssessedFinding]) -> None:
    """Write which findings the violations are part of now."""
    for assessed_finding in found:
        mine = (
            v.task_id == task_id,
            v.run == run,
            v.domain == assessed_finding.id.domain,
            v.violation_key.in_(assessed_finding.kinds),
        )
        connection.execute(update(violations).where(*mine).values(cause=assessed_finding.id.cause.value))


def mark_for_review(connection: Connection, ids: Sequence[str]) -> None:
    """Write that a person should look at these violations: they were not confirmed."""
    if ids:
        connection.execute(update(violations).where(v.id.in_(ids)).values(needs_review=True))


def _of_run(task_id: str, run: int) -> Select[Any]:
    return select(v.id).where(v.task_id == task_id, v.run == run)


def _in_order(connection: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    """Return the rows of these ids in their order, without those that are gone."""
    rows = {row.id: row for row in connection.execute(_ROWS.where(v.id.in_(ids)))}
    return [rows[row_id] for row_id in ids if row_id in rows]
