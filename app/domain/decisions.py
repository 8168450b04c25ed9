"""What people decide about findings, and how long a decision holds (ADR 0042, ADR 0080)."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.evidence_signs import Signs, has_new_signs, merge_signs
from app.domain.violations import RiskLevel

MAX_REASON: Final = 500  # characters
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
class Judged:
    """A finding, as far as a decision about it depends on it.

    `risk_level` and `signs` are None when they are not known: the finding or the decision is older than they are.
    """

    kinds: Collection[str]  # of its violations
    risk_level: RiskLevel | None = None
    signs: Signs | None = None


def holds(state: str, judged: Judged, found: Judged) -> bool:
    """Return whether a decision about what was judged is one about what is found now.

    A link that was dismissed and turns out to be hidden is another matter; one that is shown openly since is not. What
    was dismissed is open again as well when its risk is higher, or when there is evidence that was not judged. The only
    place that says so: the state of a finding's row is made of it.
    """
    if not set(found.kinds) <= set(judged.kinds):
        return False
    if state != DecisionState.DISMISSED:
        return True
    if judged.risk_level is not None and found.risk_level is not None and found.risk_level in _above(judged.risk_level):
        return False
    return judged.signs is None or found.signs is None or not has_new_signs(judged.signs, found.signs)


def judged_in_all(before: Judged, now: Judged) -> Judged:
    """Return what was judged by two decisions to dismiss a finding, of which the second is `now`.

    So evidence that comes and goes is judged once.
    """
    levels = [level for level in (before.risk_level, now.risk_level) if level is not None]
    signs = [signs for signs in (before.signs, now.signs) if signs is not None]
    return Judged(
        kinds=sorted({*before.kinds, *now.kinds}),
        risk_level=max(levels, key=_ASCENDING.index, default=None),
        signs=merge_signs(*signs) if signs else None,
    )


def _above(level: RiskLevel) -> tuple[RiskLevel, ...]:
    return _ASCENDING[_ASCENDING.index(level) + 1 :]
