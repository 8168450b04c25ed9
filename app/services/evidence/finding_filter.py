"""Which findings of a scan somebody wants to see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.decisions import DecisionState
from app.domain.findings import Finding
from app.domain.violations import RiskLevel, ViolationKey
from app.services.decisions import Decisions


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """None does not filter. `risk_level` is the explained one."""

    risk_level: RiskLevel | None = None
    violation_key: ViolationKey | None = None
    needs_review: bool | None = None
    decision: DecisionState | None = None

    def matching(self, findings: Sequence[Finding[Any]], q: str, decided: Decisions) -> list[Finding[Any]]:
        """Return those that match in all but their risk level, and whose domain has `q` in it."""
        return [
            finding
            for finding in findings
            if q.lower() in finding.id.domain
            and self.violation_key in (None, finding.id.cause)
            and self.needs_review in (None, bool(finding.violations[0].needs_review))
            and self.decision in (None, decided.state_of(finding))
        ]
