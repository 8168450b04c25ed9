"""A violation as the engine knows it, turned into its row and its event."""

from dataclasses import asdict
from typing import Any, cast

from app.core.ids import new_id
from app.domain.violations import RiskLevel, ViolationKey, violation_name
from app.engines.model import ViolationFact
from app.events.types import Violation, ViolationDetected
from app.services.recorder import Finding
from app.tasks.wording import clean_json, clean_line, clean_url


def finding_of(fact: ViolationFact) -> Finding:
    """The row, with a fresh id. Texts and URLs are cleaned: they come from hostile pages."""
    return Finding(
        violation_id=new_id(),
        domain=fact.domain,
        violation_key=fact.key.value,
        risk_level=fact.risk.value,
        confidence_score=fact.confidence,
        description=clean_line(fact.description),
        evidence=[cast("dict[str, Any]", clean_json(asdict(evidence))) for evidence in fact.evidence],
        needs_review=fact.needs_review,
        url=clean_url(fact.url),
        found_on=clean_url(fact.found_on),
    )


def detected(finding: Finding, language: str) -> ViolationDetected:
    """The event beside the row."""
    key = ViolationKey(finding.violation_key)
    seen = Violation(
        domain=finding.domain,
        violation_type=violation_name(key, language),
        risk_level=RiskLevel(finding.risk_level),
        confidence_score=finding.confidence_score,
        description=finding.description,
    )
    return ViolationDetected(
        violation=seen,
        violation_id=finding.violation_id,
        violation_key=key,
        needs_review=finding.needs_review,
        url=finding.url or None,
        found_on=finding.found_on or None,
    )
