"""What people decide about findings, and how long a decision holds (ADR 0042, ADR 0080)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from app.domain.matched_rules import MatchedRules, has_new_rules, merge_matched_rules
from app.domain.violations import RiskLevel

MAX_REASON: Final = 500  # characters
LAST_EXPIRY: Final = date(2199, 12, 31)  # of a dismissal
_ASCENDING: Final = tuple(RiskLevel)


class DecisionState(StrEnum):
    """Decision about a finding. `open`: undecided or withdrawn."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    MENDING = "mending"


# What people take for real.
CONFIRMING: Final = frozenset({DecisionState.CONFIRMED, DecisionState.MENDING})


@dataclass(frozen=True, slots=True)
class DecisionBasis:
    """A finding, as far as a decision about it depends on it.

    `risk_level` and `matched_rules` are None if an older version has written the finding or the decision.
    """

    kinds: Collection[str]  # of its violations
    risk_level: RiskLevel | None = None
    matched_rules: MatchedRules | None = None


def has_expired(state: str, expires_on: date | None, today: date) -> bool:
    """Return whether a dismissal has come to its day, from which on it holds no longer. Days are those of UTC."""
    return state == DecisionState.DISMISSED and expires_on is not None and expires_on <= today


def holds(state: str, judged: DecisionBasis, found: DecisionBasis, *, is_expired: bool = False) -> bool:
    """Return whether a decision about what was judged is one about what is found now.

    A link that was dismissed and turns out to be hidden is another matter; one that is shown openly since is not. What
    was dismissed is open again as well when its risk is higher, when there is evidence that was not judged, or on the
    day on which the decision expires (`has_expired`). This is the only place where this is decided; the stored state
    of a finding is derived from it.
    """
    if is_expired or not set(found.kinds) <= set(judged.kinds):
        return False
    if state != DecisionState.DISMISSED:
        return True
    if judged.risk_level is not None and found.risk_level is not None and found.risk_level in _above(judged.risk_level):
        return False
    if judged.matched_rules is None or found.matched_rules is None:
        return True
    return not has_new_rules(judged.matched_rules, found.matched_rules)


def is_reopened_by_risk(state: str, judged: DecisionBasis, found: DecisionBasis) -> bool:
    """Return whether a decision no longer holds, but would with the risk that was judged."""
    return not holds(state, judged, found) and holds(state, judged, replace(found, risk_level=None))


def combined_basis(before: DecisionBasis, now: DecisionBasis) -> DecisionBasis:
    """Return what was judged by two decisions to dismiss a finding, of which the second is `now`.

    So evidence that comes and goes is judged once. If there are too many rules, those of `now` stay: what was just
    dismissed must not be open again at once.
    """
    levels = [level for level in (before.risk_level, now.risk_level) if level is not None]
    rules = [basis.matched_rules for basis in (before, now) if basis.matched_rules is not None]
    return DecisionBasis(
        kinds=sorted({*before.kinds, *now.kinds}),
        risk_level=max(levels, key=_ASCENDING.index, default=None),
        matched_rules=merge_matched_rules(*rules, first=now.matched_rules) if rules else None,
    )


def _above(level: RiskLevel) -> tuple[RiskLevel, ...]:
    return _ASCENDING[_ASCENDING.index(level) + 1 :]
