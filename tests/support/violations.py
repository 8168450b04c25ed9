"""Violations for tests that write some."""

from typing import Any

from app.domain.violations import REVIEW_BELOW, RiskLevel, ViolationFact, ViolationKey
from app.services.violation_mapping import NewViolation


def new_violation(domain: str = "bets.example", *, violation_id: str | None = None, **fields: Any) -> NewViolation:
    """A violation that is complete but for what `fields` say otherwise."""
    known = {
        "violation_key": ViolationKey.GAMBLING,
        "risk_level": RiskLevel.HIGH,
        "confidence_score": 0.9,
        "description": "why",
        "evidence": (),
        **fields,
    }
    fact = ViolationFact(domain, **{"needs_review": known["confidence_score"] < REVIEW_BELOW, **known})
    return NewViolation(fact) if violation_id is None else NewViolation(fact, violation_id)
