"""Third parties that rotate: they are on a page at one look, and not at another one a minute later. Pure (ADR 0081).

Advertisements are the usual case. Such a third party is neither new when it appears nor gone when it does not.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from app.domain.comparable import comparable_page

ROTATION: Final = "rotation"  # checkpoint of a scan's store: `Rotation.to_json`
_POSITION: Final = re.compile(r":nth-[a-z-]+\([^)]*\)")

Slot = tuple[str, str]  # comparable URL of a page, and a place on it as `place_of` returns it
Sight = tuple[str, str]  # domain of a third party, and the place on the page


@dataclass(frozen=True, slots=True)
class Rotation:
    """What rotated in one scan."""

    parties: frozenset[str] = frozenset()
    slots: frozenset[Slot] = frozenset()  # where they were
    stays: frozenset[str] = frozenset()  # third parties that were in question and are always there

    def __or__(self, other: "Rotation") -> "Rotation":
        return Rotation(self.parties | other.parties, self.slots | other.slots, self.stays | other.stays)

    def to_json(self) -> dict[str, Any]:
        return {"parties": sorted(self.parties), "slots": sorted(map(list, self.slots)), "stays": sorted(self.stays)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        slots = frozenset((page, place) for page, place in value["slots"])
        return cls(frozenset(value["parties"]), slots, frozenset(value["stays"]))


NOTHING: Final = Rotation()


def place_of(kind: str, dom_path: str) -> str:
    """Return the place of a reference on its page, without positions: the order of a list may be random."""
    return f"{kind} {_POSITION.sub('', dom_path)}"


def rotation_of(
    page: str, first: Collection[Sight], looks: Sequence[Collection[Sight]], found: Collection[str]
) -> Rotation:
    """Return what rotates on a page.

    Args:
        page: its URL.
        first: what the crawl saw there of the third parties in question.
        looks: what later looks saw there, each completely; without any, nothing rotates.
        found: all third parties that the crawl found on any page.
    """
    if not looks:
        return NOTHING
    seen = [{domain for domain, _ in look} for look in looks]
    always, ever = set.intersection(*seen), set.union(*seen)
    parties = {domain for domain, _ in first if domain not in always} | (ever - always) | (ever - set(found))
    sights = {*first, *(sight for look in looks for sight in look)}
    address = comparable_page(page)
    slots = frozenset((address, place) for domain, place in sights if domain in parties)
    return Rotation(frozenset(parties), slots, frozenset(domain for domain, _ in first if domain in always))
