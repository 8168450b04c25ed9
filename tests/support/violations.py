"""Violations for tests that write some."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from app.core.ids import new_id
from app.domain.findings import AssessedFinding, group
from app.domain.violations import REVIEW_BELOW, RiskLevel, ViolationFact, ViolationKey
from app.models import violations
from app.repositories import findings
from app.repositories import violations as violation_rows
from app.services.run_findings import Grouped, found_violation, read_run_findings, stated_finding
from app.services.violation_mapping import NewViolation


def new_violation(
    domain: str = "bets.example",
    *,
    violation_id: str | None = None,
    risk_level: RiskLevel = RiskLevel.HIGH,
    **fields: Any,
) -> NewViolation:
    """A violation that is complete but for what `fields` say otherwise, with a finding of its own."""
    known = {
        "violation_key": ViolationKey.GAMBLING,
        "confidence_score": 0.9,
        "description": "why",
        "evidence": (),
        **fields,
    }
    fact = ViolationFact(domain, **{"needs_review": known["confidence_score"] < REVIEW_BELOW, **known})
    found = found_violation(fact, new_id() if violation_id is None else violation_id)
    (finding,) = group([found])
    return NewViolation(fact, stated_finding(finding, risk_level), found.id)


def write_violations(
    connection: Connection, task_id: str, *found: NewViolation, at: datetime, run: int = 1, attempt: int | None = None
) -> None:
    """Write violations, each with its finding as those before it make it."""
    for one in found:
        told = read_run_findings(connection, task_id, run)
        new, change = told.tell_stated(one.fact, one.finding.risk.level)
        row = {**new.row(), "id": one.id, "task_id": task_id, "run": run, "attempt": attempt or run, "created_at": at}
        connection.execute(insert(violations).values(**row))
        named = [replace(it, violation_id=one.id) if it.violation_id == new.id else it for it in change.findings]
        findings.remove(connection, task_id, run, change.gone)
        findings.put(connection, task_id, run, named, at)
        violation_rows.name_causes(connection, task_id, run, named)


def assess_unseen(grouped: Grouped) -> list[AssessedFinding]:
    """Assess findings of a scan that has collected nothing."""
    return [stated_finding(one, RiskLevel.HIGH) for one in grouped]
