"""Findings of runs: the one place where their risk is written and read."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, func, literal, or_, select, tuple_, update

from app.core.listing import MAX_COUNTED
from app.core.tables import insert_for
from app.domain.authorship import Author, Authorship, AuthorSign
from app.domain.decisions import DecisionBasis, DecisionState, holds
from app.domain.findings import AssessedFinding, FindingFilter, FindingId
from app.domain.risk import Embedding, Exposure, Place, Risk, RiskReason
from app.domain.violations import RiskLevel, ViolationKey
from app.events.tables import UNFINISHED_VISIBLE, VISIBLE, scan_tasks
from app.findings.queries.assignments import assigned_to
from app.findings.queries.bases import (
    BASIS,
    DECIDED,
    DOMAINS_AT_ONCE,
    MAX_OF_DOMAIN,
    Decided,
    basis_columns,
    basis_of,
    decided_for,
    decided_of,
)
from app.findings.tables import FOR_REVIEW, decisions, findings

d, f, t = decisions.c, findings.c, scan_tasks.c
T = TypeVar("T")
RUNS_AT_ONCE: Final = 50
NOT_DISMISSED: Final = f.state != DecisionState.DISMISSED.value
_KEY: Final = ("task_id", "domain", "cause", "run")
# Without `matched_rules`, which can have hundreds of terms and is compared, never shown.
_SHOWN: Final[Sequence[Any]] = tuple(column for column in findings.c if column is not f.matched_rules)


@dataclass(frozen=True, slots=True)
class FindingPage:
    """A page of findings, and what all that match add up to."""

    rows: Sequence[Row[Any]]
    by_level: Mapping[str, int]
    domains: int

    @property
    def total(self) -> int:
        return sum(self.by_level.values())


def put(connection: Connection, task_id: str, run: int, found: Sequence[AssessedFinding], at: datetime) -> None:
    """Write findings as they are known now. One that is new gets the state that was decided about it before."""
    if not found:
        return
    key = {"task_id": task_id, "run": run}
    decided = decided_for(connection, task_id, {assessed_finding.id.domain for assessed_finding in found})
    rows = [
        {
            **_columns(assessed_finding),
            **key,
            "found_at": at,
            "last_seen_at": at,
            "state": _state(
                decided.get((assessed_finding.id.domain, assessed_finding.id.cause.value)),
                _basis_of_assessed(assessed_finding),
                at.date(),
            ),
        }
        for assessed_finding in found
    ]
    statement = insert_for(connection, findings)
    changed = {column.name: statement.excluded[column.name] for column in findings.c if column.name not in _KEY}
    del changed["found_at"]
    connection.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=changed), rows)


def remove(connection: Connection, task_id: str, run: int, gone: Sequence[FindingId]) -> None:
    """Remove findings that have become part of others."""
    for finding_id in gone:
        mine = (f.task_id == task_id, f.run == run, f.domain == finding_id.domain, f.cause == finding_id.cause.value)
        connection.execute(delete(findings).where(*mine))


def decide(connection: Connection, user_id: str, target_domain: str, finding: FindingId, today: date) -> None:
    """Write the state that is decided about a finding today into the rows of all runs of the target."""
    of_target = (t.user_id == user_id, t.target_domain == target_domain)
    # A scan that runs has its task locked from before it reads decisions until it has written findings, so each of
    # the two sees what the other has written (SQLite has one writer).
    running = select(t.id).where(UNFINISHED_VISIBLE, *of_target).order_by(t.id)
    connection.execute(running.with_for_update()).all()
    mine = (f.domain == finding.domain, f.cause == finding.cause.value)
    same = (d.user_id == user_id, d.target_domain == target_domain, d.domain == finding.domain)
    row = connection.execute(select(*DECIDED).where(*same, d.cause == finding.cause.value)).one_or_none()
    decided = None if row is None else decided_of(row)
    tasks = list(connection.execute(select(t.id).where(VISIBLE, *of_target)).scalars())
    for some in _parts(tasks, RUNS_AT_ONCE):
        by_state: dict[str, list[tuple[str, int]]] = {}
        for item in connection.execute(select(f.task_id, f.run, f.state, *BASIS).where(f.task_id.in_(some), *mine)):
            state = _state(decided, basis_of(item), today)
            if state != item.state:
                by_state.setdefault(state, []).append((item.task_id, item.run))
        for state, found in by_state.items():
            for runs in _parts(found, RUNS_AT_ONCE):
                chosen = tuple_(f.task_id, f.run).in_(runs)
                connection.execute(update(findings).where(chosen, *mine).values(state=state))


def list_page(
    connection: Connection,
    task_id: str,
    run: int,
    owner: tuple[str, str],
    wanted: FindingFilter,
    *,
    offset: int,
    limit: int,
) -> FindingPage:
    """Return a page of a run's findings, the worst first, of equal ones the first found.

    `owner`: user and target of the task.
    """
    query = _matching(select(*_SHOWN), task_id, run, owner, wanted)
    rows = connection.execute(query.order_by(f.score.desc(), f.violation_id).offset(offset).limit(limit))
    levels = [func.count().filter(f.risk_level == level.value).label(level.value) for level in RiskLevel]
    counted: Any = select(func.count(f.domain.distinct()), *levels)
    counted = _matching(counted, task_id, run, owner, wanted)
    domains, *numbers = connection.execute(counted).one()
    by_level = {level.value: number for level, number in zip(RiskLevel, numbers, strict=True) if number}
    return FindingPage(list(rows), by_level, domains)


def of_run(connection: Connection, task_id: str, run: int) -> list[Row[Any]]:
    """Return a run's findings, the worst first, up to MAX_COUNTED."""
    query = select(*_SHOWN).where(*_of_run(task_id, run)).order_by(f.score.desc(), f.violation_id)
    return list(connection.execute(query.limit(MAX_COUNTED)))


def with_rules_of_run(connection: Connection, task_id: str, run: int) -> list[AssessedFinding]:
    """Return the same with their matched rules."""
    query = select(findings).where(*_of_run(task_id, run)).order_by(f.score.desc(), f.violation_id)
    rows = connection.execute(query.limit(MAX_COUNTED))
    return [replace(assessed(row), matched_rules=basis_of(row).matched_rules) for row in rows]


def open_of_run(connection: Connection, task_id: str, run: int, *, limit: int) -> list[Row[Any]]:
    """Return a run's open findings, the worst first, at most `limit`."""
    query = select(*_SHOWN).where(*_of_run(task_id, run), f.state == DecisionState.OPEN.value)
    return list(connection.execute(query.order_by(f.score.desc(), f.violation_id).limit(limit)))


def target_of(connection: Connection, task_id: str) -> tuple[str, str] | None:
    """Return owner and target of a task; None: there is no such task."""
    row = connection.execute(select(t.user_id, t.target_domain).where(t.id == task_id)).one_or_none()
    return None if row is None else (row.user_id, row.target_domain)


def of_domains(connection: Connection, task_id: str, run: int, domains: Collection[str]) -> list[Row[Any]]:
    """Return what a run has found at these domains, the worst first."""
    found: list[Row[Any]] = []
    for some in _parts(sorted(set(domains)), DOMAINS_AT_ONCE):
        mine = (f.task_id == task_id, f.domain.in_(some), f.run == run)
        found += connection.execute(select(*_SHOWN).where(*mine).limit(MAX_OF_DOMAIN * len(some)))
    return sorted(found, key=lambda row: (-row.score, row.violation_id))


def find(connection: Connection, task_id: str, run: int, wanted: FindingId) -> Row[Any] | None:
    """Return one finding of a run. A hidden link is found under its content's cause as well: its own id may have been
    given out before the content was known.
    """
    of_domain = of_domains(connection, task_id, run, [wanted.domain])
    exact = next((row for row in of_domain if row.cause == wanted.cause), None)
    return exact or next((row for row in of_domain if wanted.cause.value in row.kinds), None)


def find_exactly(connection: Connection, task_id: str, run: int, wanted: FindingId) -> Row[Any] | None:
    """Return the finding of a run that has this id; None: there is none."""
    key = (f.task_id == task_id, f.domain == wanted.domain, f.cause == wanted.cause.value, f.run == run)
    return connection.execute(select(*_SHOWN).where(*key)).one_or_none()


def levels_of(
    connection: Connection,
    task_id: str,
    run: int,
    domains: Collection[str] | None = None,
    *,
    at_most: int = MAX_COUNTED,
) -> dict[str, str]:
    """Return the level of the worst finding of each domain that has one which nobody has dismissed; None: of all
    domains, by the worst `at_most` findings.
    """
    if domains is None:
        query = select(f.domain, f.risk_level).where(*_of_run(task_id, run), NOT_DISMISSED)
        worst = connection.execute(query.order_by(f.score.desc(), f.violation_id).limit(at_most)).all()
        return {row.domain: row.risk_level for row in reversed(worst)}
    found = [row for row in of_domains(connection, task_id, run, domains) if row.state != DecisionState.DISMISSED]
    return {row.domain: row.risk_level for row in reversed(found)}


def risks_of(connection: Connection, task_id: str, run: int) -> dict[str, str]:
    """Return the risk level of each finding of a run by its id, of the worst MAX_COUNTED findings."""
    query = select(f.cause, f.domain, f.risk_level).where(*_of_run(task_id, run))
    worst = connection.execute(query.order_by(f.score.desc(), f.violation_id).limit(MAX_COUNTED))
    return {str(FindingId(ViolationKey(row.cause), row.domain)): row.risk_level for row in worst}


def open_levels_at(
    connection: Connection, domain: str, runs: Collection[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """Return the level of the worst finding of a domain in each of these runs (task_id, run) that has one which nobody
    has dismissed.
    """
    found: list[Row[Any]] = []
    for some in _parts(sorted(set(runs)), RUNS_AT_ONCE):
        query = select(f.task_id, f.run, f.score, f.risk_level)
        query = query.where(tuple_(f.task_id, f.run).in_(some), f.domain == domain)
        found += connection.execute(query.where(NOT_DISMISSED))
    return {(row.task_id, row.run): row.risk_level for row in sorted(found, key=lambda row: row.score)}


def decided_of_runs(connection: Connection, runs: Sequence[tuple[str, int]], limit: int) -> list[Row[Any]]:
    """Return (task_id, run, risk_level, needs_review, state, decided_at) of the findings of these runs about which
    people have decided, at most `limit`.
    """
    found: list[Row[Any]] = []
    same = (d.user_id == t.user_id, d.target_domain == t.target_domain, d.domain == f.domain, d.cause == f.cause)
    columns = (f.task_id, f.run, f.risk_level, f.needs_review, f.state, d.decided_at)
    for some in _parts(runs, RUNS_AT_ONCE):
        query = select(*columns).join(scan_tasks, t.id == f.task_id).join(decisions, and_(*same))
        query = query.where(tuple_(f.task_id, f.run).in_(some), f.state != DecisionState.OPEN.value)
        found += connection.execute(query.limit(limit - len(found)))
        if len(found) == limit:
            break
    return found


def to_review(
    connection: Connection,
    task_id: str,
    run: int,
    *,
    state: DecisionState,
    after: tuple[float, str] | None,
    limit: int,
    only: Sequence[ColumnElement[bool]] = (),
) -> list[Row[Any]]:
    """Return what a person should look at and about which this is decided, the surest first; `after`: confidence and
    violation of the last one before. `only`: further conditions (`queries.assignments.lacks`).
    """
    query = select(*_SHOWN).where(*_of_run(task_id, run), FOR_REVIEW, f.state == state.value, *only)
    if after is not None:
        query = query.where(tuple_(f.confidence_score, f.violation_id) < tuple_(literal(after[0]), literal(after[1])))
    return list(connection.execute(query.order_by(f.confidence_score.desc(), f.violation_id.desc()).limit(limit)))


def assessed(row: Row[Any]) -> AssessedFinding:
    """Return the finding that a row holds, without its matched rules."""
    sign = None if row.author_sign is None else AuthorSign(row.author_sign)
    return AssessedFinding(
        id=FindingId(ViolationKey(row.cause), row.domain),
        kinds=tuple(row.kinds),
        violation_id=row.violation_id,
        risk=Risk(RiskLevel(row.risk_level), row.score, tuple(RiskReason(**reason) for reason in row.reasons)),
        exposure=Exposure(
            Embedding(row.embedding),
            Place(row.place),
            row.hidden_by,
            Authorship(Author(row.author), sign),
            row.depth,
            row.via,
        ),
        page_url=row.page_url,
        url=row.url,
        confidence_score=row.confidence_score,
        needs_review=row.needs_review,
        content_hosts=None if row.content_hosts is None else frozenset(row.content_hosts),
    )


def _basis_of_assessed(found: AssessedFinding) -> DecisionBasis:
    """Return what a decision about a finding that is not written yet would be about."""
    return DecisionBasis(kinds=found.kinds, risk_level=found.risk.level, matched_rules=found.matched_rules)


def _columns(found: AssessedFinding) -> dict[str, Any]:
    exposure = found.exposure
    sign = exposure.authorship.sign
    return {
        "domain": found.id.domain,
        "cause": found.id.cause.value,
        **basis_columns(_basis_of_assessed(found)),
        "violation_id": found.violation_id,
        "score": found.risk.score,
        "reasons": [asdict(reason) for reason in found.risk.reasons],
        "embedding": exposure.embedding.value,
        "place": exposure.place.value,
        "depth": exposure.depth,
        "hidden_by": exposure.hidden,
        "via": exposure.via,
        "author": exposure.authorship.author.value,
        "author_sign": None if sign is None else sign.value,
        "page_url": found.page_url,
        "url": found.url,
        "confidence_score": found.confidence_score,
        "needs_review": found.needs_review,
        "content_hosts": None if found.content_hosts is None else sorted(found.content_hosts),
    }


def _state(decided: Decided | None, found: DecisionBasis, today: date) -> str:
    """Return what is decided about a finding, as far as that holds today and is about what is found now."""
    if decided is None or not holds(decided.state, decided.judged, found, is_expired=decided.is_expired(today)):
        return DecisionState.OPEN.value
    return decided.state


def narrowed(query: Select[Any], task_id: str, run: int, wanted: FindingFilter) -> Select[Any]:
    """Leave a run's findings by what the page has no list of values for: the review and the search."""
    query = query.where(*_of_run(task_id, run))
    if wanted.needs_review is not None:
        query = query.where(f.needs_review == wanted.needs_review)
    if not wanted.q:
        return query
    found_in = (column.contains(wanted.q.lower(), autoescape=True) for column in (f.domain, func.lower(f.page_url)))
    return query.where(or_(*found_in, f.cause.in_(wanted.q_causes)))


def _matching(query: Select[Any], task_id: str, run: int, owner: tuple[str, str], wanted: FindingFilter) -> Select[Any]:
    query = narrowed(query, task_id, run, wanted).where(*assigned_to(*owner, wanted.assignee))
    for column, value in (
        (f.risk_level, wanted.risk_level),
        (f.cause, wanted.violation_key),
        (f.state, wanted.decision),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.hidden is not None:
        query = query.where(f.hidden_by.is_not(None) if wanted.hidden else f.hidden_by.is_(None))
    return query


def _of_run(task_id: str, run: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return f.task_id == task_id, f.run == run


def _parts(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))
