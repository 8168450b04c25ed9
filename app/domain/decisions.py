"""What people decide about findings, and how long a decision holds (ADR 0042)."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

MAX_REASON: Final = 500  # characters


class DecisionState(StrEnum):
    """Decision about a finding. `open`: undecided or withdrawn."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    MENDING = "mending"


# What people take for real.
CONFIRMING: Final = frozenset({DecisionState.CONFIRMED, DecisionState.MENDING})


def holds(decided: Collection[str], found: Collection[str]) -> bool:
    """Return whether a decision about violations of these kinds is one about what is found now.

    A link that was dismissed and turns out to be hidden is another matter; one that is shown openly since is not.
    """
    return set(found) <= set(decided)
