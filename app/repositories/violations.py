"""Reading the violations of a run."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, Select, literal, select, tuple_

from app.models import violations
from app.models.records import WAITING_FOR_REVIEW
from app.repositories.listing import MAX_COUNTED, count_up_to, in_order

CHUNK: Final = 500  # rows of one read: evidence is long
MAX_OF_DOMAIN: Final = 50  # there are ten kinds
v = violations.c
T = TypeVar("T")
RUNS_AT_ONCE: Final = 50
DOMAINS_AT_ONCE: Final = 500
_SUMMARY: Final = tuple(
    v[name]
    for name in (
        "id",
        "domain",
        "violation_key",
        "risk_level",
        "confidence_score",
        "needs_review",
        "url",
        "found_on",
        "created_at",
    )
)


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
    """Return one page of a run's violations that are not dismissed, by time, and the total (up to MAX_COUNTED)."""
    query = _of_run(task_id, run)
    for column, value in ((v.violation_key, key), (v.risk_level, risk), (v.needs_review, needs_review)):
        if value is not None:
            query = query.where(column == value)
    if q:
        query = query.where(v.domain.contains(q, autoescape=True))
    order = (v.created_at.desc(), v.id.desc()) if newest_first else (v.created_at, v.id)
    ids = list(connection.execute(query.order_by(*order).offset(offset).limit(limit)).scalars())
    return in_order(connection, violations, ids), count_up_to(connection, query)


def newest(connection: Connection, task_id: str, run: int, limit: int) -> list[Row[Any]]:
    """Return the newest of a run that are not dismissed, the newest first."""
    query = _of_run(task_id, run).order_by(v.created_at.desc(), v.id.desc()).limit(limit)
    return in_order(connection, violations, list(connection.execute(query).scalars()))


def chunk_after(connection: Connection, task_id: str, run: int, after: Row[Any] | None) -> list[Row[Any]]:
    """Return the next CHUNK of a run's violations that are not dismissed, by time; `after` None: the first."""
    query = _of_run(task_id, run)
    if after is not None:
        query = query.where(tuple_(v.created_at, v.id) > (after.created_at, after.id))
    return in_order(
        connection, violations, list(connection.execute(query.order_by(v.created_at, v.id).limit(CHUNK)).scalars())
    )


def summaries(connection: Connection, task_id: str, run: int) -> list[Row[Any]]:
    """Return what findings are made of, of every violation that is not dismissed, by time; at most MAX_COUNTED."""
    query = select(*_SUMMARY).where(v.task_id == task_id, v.run == run, v.dismissed.is_(False))
    return list(connection.execute(query.order_by(v.created_at, v.id).limit(MAX_COUNTED)))


def of_domain(connection: Connection, task_id: str, run: int, domain: str) -> list[Row[Any]]:
    """Return the violations of one domain that are not dismissed, with their evidence."""
    query = select(violations).where(v.task_id == task_id, v.run == run, v.domain == domain, v.dismissed.is_(False))
    return list(connection.execute(query.limit(MAX_OF_DOMAIN)))


def summaries_of(connection: Connection, task_id: str, run: int, domains: Sequence[str]) -> list[Row[Any]]:
    """Return what findings are made of, of the violations of these domains; by domain, each by time."""
    query = select(*_SUMMARY).where(
        v.task_id == task_id, v.run == run, v.domain.in_(list(dict.fromkeys(domains))), v.dismissed.is_(False)
    )
    found: list[Row[Any]] = list(connection.execute(query.limit(MAX_OF_DOMAIN * len(domains))))
    return sorted(found, key=lambda row: (row.domain, row.created_at, row.id))


def of_runs(
    connection: Connection, runs: Sequence[tuple[str, int]], domains: Collection[str], limit: int
) -> list[Row[Any]]:
    """Return (task_id, run, domain, violation_key, confidence_score, risk_level, needs_review) of what these runs found
    at these domains, at most `limit`; of a domain of a run by time.
    """
    columns = (v.task_id, v.run, v.domain, v.violation_key, v.confidence_score, v.risk_level, v.needs_review)
    found: list[Row[Any]] = []
    for some_runs in _parts(runs, RUNS_AT_ONCE):
        for some_domains in _parts(sorted(domains), DOMAINS_AT_ONCE):
            wanted = tuple_(v.task_id, v.run).in_(some_runs), v.domain.in_(some_domains), v.dismissed.is_(False)
            query = select(*columns, v.created_at, v.id).where(*wanted).limit(limit - len(found))
            rows: list[Row[Any]] = list(connection.execute(query))
            found += sorted(rows, key=lambda row: (row.created_at, row.id))
            if len(found) == limit:
                return found
    return found


def to_review(
    connection: Connection, task_id: str, run: int, *, after: tuple[float, str] | None, limit: int
) -> list[Row[Any]]:
    """Return (id, domain, confidence) of what a person should look at, the surest first; `after`: confidence and id
    of the last one before.
    """
    query = select(v.id, v.domain, v.confidence_score).where(v.task_id == task_id, v.run == run, WAITING_FOR_REVIEW)
    if after is not None:
        query = query.where(tuple_(v.confidence_score, v.id) < tuple_(literal(after[0]), literal(after[1])))
    return list(connection.execute(query.order_by(v.confidence_score.desc(), v.id.desc()).limit(limit)))


def known_violations(connection: Connection, task_id: str, run: int) -> set[tuple[str, str]]:
    """Return (domain, violation_key) of all that this run has found already, dismissed or not."""
    query = select(v.domain, v.violation_key).where(v.task_id == task_id, v.run == run)
    return {(row.domain, row.violation_key) for row in connection.execute(query)}


def _parts(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _of_run(task_id: str, run: int) -> Select[Any]:
    return select(v.id).where(v.task_id == task_id, v.run == run, v.dismissed.is_(False))
