"""Violations for tests that write some."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from app.core.ids import new_id
from app.domain.findings import AssessedFinding, group
from app.domain.violations import REVIEW_BELOW, RiskLevel, ViolationFact, ViolationKey
from app.events.event import NewEvent
from app.events.types import ViolationDetected
from app.findings.queries import findings
from app.findings.queries import violations as violation_rows
from app.findings.run_findings import (
    FindingChange,
    Grouped,
    RunFindings,
    found_violation,
    read_run_findings,
    stated_finding,
)
from app.findings.tables import violations
from app.findings.violation_mapping import NewViolation

Assess = Callable[[Grouped], Sequence[AssessedFinding]]


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


@dataclass(frozen=True, slots=True)
class Told:
    """What a recorder takes: `recorder.record(told.events, told.violations, told.changes)`."""

    events: list[NewEvent]
    violations: list[NewViolation]
    changes: list[FindingChange]


def tell(*found: NewViolation, known: RunFindings | None = None, assess: Assess | None = None) -> Told:
    """Tell of violations of a run behind those that are `known`. `assess` None: each weighs what it states."""
    known, told = RunFindings() if known is None else known, Told([], [], [])
    for one in found:
        new, change = known.tell_stated(one.fact, one.finding.risk.level, one.id)
        if assess is not None:
            assessed = known.tell(one.fact.domain, assess(known.grouped(one.fact.domain))).findings
            new = replace(new, finding=next(it for it in assessed if one.fact.violation_key in it.kinds))
            change = replace(change, findings=assessed)
        told.events.append(NewEvent(known.event(new, "en")))
        told.violations.append(new)
        told.changes.append(change)
    return told


def event_of(violation: NewViolation, language: str = "en") -> ViolationDetected:
    """The event of the only violation of a run."""
    only = RunFindings()
    only.tell_stated(violation.fact, violation.finding.risk.level, violation.id)
    return only.event(violation, language)


def write_violations(
    connection: Connection, task_id: str, *found: NewViolation, at: datetime, run: int = 1, attempt: int | None = None
) -> None:
    """Write violations, each with its finding as those before it make it."""
    told = tell(*found, known=read_run_findings(connection, task_id, run))
    ids = {"task_id": task_id, "run": run, "attempt": attempt or run, "created_at": at}
    for new, change in zip(told.violations, told.changes, strict=True):
        connection.execute(insert(violations).values(**new.row(), **ids))
        findings.remove(connection, task_id, run, change.gone)
        findings.put(connection, task_id, run, change.findings, at)
        violation_rows.name_causes(connection, task_id, run, change.findings)


def assess_unseen(grouped: Grouped) -> list[AssessedFinding]:
    """Assess findings of a scan that has collected nothing."""
    return [stated_finding(one, RiskLevel.HIGH) for one in grouped]
