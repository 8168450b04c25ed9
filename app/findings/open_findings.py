"""The open findings of runs, as others read them in transactions of their own."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from app.domain.decisions import DecisionState, is_reopened_by_risk
from app.domain.findings import FindingId
from app.domain.rechecks import Recheck, stored_recheck_of
from app.domain.violations import RiskLevel, ViolationKey
from app.findings.queries import bases, decisions, findings
from app.findings.queries.open_ranks import LEVEL_OF, RANK_OF, worst_open_ranks

__all__ = ["LEVEL_OF", "RANK_OF", "OpenFinding", "findings_to_tell", "found_at", "worst_open_ranks"]


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A finding about which nothing is decided that holds.

    `dismissed_at`: when a decision dismissed it that holds no longer; None: there is none.
    """

    id: FindingId
    risk_level: RiskLevel
    url: str  # where the content was seen
    page_url: str  # page of the site that has it; "": none
    confidence_score: float
    needs_review: bool
    dismissed_at: datetime | None = None


def findings_to_tell(
    connection: Connection, task_id: str, run: int, *, limit: int, has_ended: bool, today: date
) -> list[OpenFinding]:
    """Return the open findings of a run that people are told of, the worst first: not what was seen once.

    Findings that await a recheck, and dismissed ones that only a higher risk has reopened, are left out until the run
    has ended: only then is their risk known. New evidence stays new, and what has expired stays expired.
    """
    found = findings.open_of_run(connection, task_id, run, limit=limit)
    silent = {Recheck.NOT_CONFIRMED} | (set() if has_ended else {Recheck.AWAITED})
    rows = [row for row in found if stored_recheck_of(row.reasons) not in silent]
    if not rows:
        return []
    target = findings.target_of(connection, task_id)
    decided = {} if target is None else _dismissed(connection, *target, {row.domain for row in rows})
    if not has_ended:
        waiting = _reopened_by_risk(connection, task_id, run, decided, today)
        rows = [row for row in rows if (row.domain, row.cause) not in waiting]
    return [
        OpenFinding(
            id=FindingId(ViolationKey(row.cause), row.domain),
            risk_level=RiskLevel(row.risk_level),
            url=row.url,
            page_url=row.page_url,
            confidence_score=row.confidence_score,
            needs_review=row.needs_review,
            dismissed_at=decided.get((row.domain, row.cause)),
        )
        for row in rows
    ]


def found_at(connection: Connection, task_id: str, run: int, domains: Collection[str]) -> set[str]:
    """Return the ids of all findings that a run has at these domains, whatever is decided about them."""
    found = findings.of_domains(connection, task_id, run, domains)
    return {str(FindingId(ViolationKey(row.cause), row.domain)) for row in found}


def _dismissed(
    connection: Connection, user_id: str, target_domain: str, domains: Collection[str]
) -> dict[tuple[str, str], datetime]:
    rows = decisions.of_domains(connection, user_id, target_domain, sorted(domains))
    return {(row.domain, row.cause): row.decided_at for row in rows if row.state == DecisionState.DISMISSED}


def _reopened_by_risk(
    connection: Connection, task_id: str, run: int, dismissed: Iterable[tuple[str, str]], today: date
) -> set[tuple[str, str]]:
    """Return those of these findings, by domain and cause, that nothing but their risk has reopened."""
    domains = {domain for domain, _ in dismissed}
    if not domains:
        return set()
    decided = {
        name: one for name, one in bases.decided_for(connection, task_id, domains).items() if not one.is_expired(today)
    }
    return {
        name
        for name, found in bases.bases_at(connection, task_id, run, domains).items()
        if name in decided and is_reopened_by_risk(decided[name].state, decided[name].judged, found)
    }
