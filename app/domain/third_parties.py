"""What came of looking at a third party."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

# Key of a scan's checkpoint: how many references led to domains beyond the number that a scan keeps.
OMITTED: Final = "third_parties_omitted"


class Outcome(StrEnum):
    """The absence of violations is only meaningful with `examined`."""

    EXAMINED = "examined"  # at least one capture brought something to look at
    GONE = "gone"  # the names that were captured do not exist any more
    UNREACHABLE = "unreachable"  # captured, and nothing to look at came
    NOT_EXAMINED = "not_examined"  # nothing was captured, or not yet


@dataclass(frozen=True, slots=True)
class PartyCoverage:
    """How many third parties of a scan came to what, without those that pages only mention: nothing leads to them."""

    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    omitted: int = 0  # references to domains beyond the number that a scan keeps
    # Of the unreachable ones, those that people are led to. Hosts of scripts and fonts show nothing at their root.
    unseen: int = 0

    @property
    def total(self) -> int:
        """Third parties that are known."""
        return sum(self.outcomes.values())
