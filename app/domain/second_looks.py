"""Second looks: a page that shows something else than in the scan before is captured once more before that counts.

Pure (ADR 0085). The kind of a page, its title and its look can vary by chance, as in an A/B test. Who owns a domain,
and that a page sends its visitors to another domain, is told at once: attackers redirect each visitor once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from app.domain.comparable import comparable_title
from app.domain.inventory import NO_NAME, Party, Showing
from app.domain.page_looks import LOOK_CHANGED, PageLook, is_look_changed
from app.domain.party_changes import ANOTHER_LOOK, Aspect, changes_of_party
from app.domain.party_memory import texts_of

SECOND_LOOKS: Final = "second_looks"  # checkpoint: `to_json` of the second looks, by captured URL
_BY_CHANCE: Final = frozenset({Aspect.PAGE_CLASS, Aspect.TITLE})


class LookOutcome(StrEnum):
    """How a second look has ended; stored."""

    AS_BEFORE = "as_before"  # the page is as in the scan before: what was seen first is no change
    CONFIRMED = "confirmed"  # it still differs
    FAILED = "failed"  # it could not be captured again as before: what was seen first counts


@dataclass(frozen=True, slots=True)
class SecondLook:
    """`showing`: what the second capture shows, if that is as before; else None."""

    outcome: LookOutcome
    showing: Showing | None = None

    def to_json(self) -> list[Any]:
        return [self.outcome.value, None if self.showing is None else texts_of(self.showing)]

    @classmethod
    def from_json(cls, value: list[Any]) -> Self:
        return cls(LookOutcome(value[0]), None if value[1] is None else Showing(*value[1]))

    def applied(self, first: Showing) -> Showing:
        """Return what the page counts as having shown."""
        match self.outcome, self.showing:
            case LookOutcome.AS_BEFORE, Showing() as second:
                return Showing(
                    second.kind,
                    second.site,
                    second.url,
                    second.title,
                    second.look,
                    shown_once=first.title or first.kind,
                )
            case LookOutcome.FAILED, _:
                return Showing(first.kind, first.site, first.url, first.title, first.look, is_unconfirmed=True)
        return first


def second_looks_of(value: Mapping[str, list[Any]]) -> dict[str, SecondLook]:
    """Return the second looks of a checkpoint."""
    return {url: SecondLook.from_json(one) for url, one in value.items()}


def needs_second_look(old: Showing, new: Showing, *, is_own: bool) -> bool:
    """Return whether a page shows something else than before, and it may be chance."""
    if not (old.says_something and new.says_something):
        return False
    if is_own:
        return old.kind != new.kind or is_look_changed(old.look, new.look)
    url = new.url
    found = {one.aspect for one in changes_of_party(Party("", showings={url: old}), Party("", showings={url: new}))}
    return bool(found) and found <= _BY_CHANCE


def outcome_of(old: Showing, first: Showing, second: Showing | None, *, is_own: bool) -> SecondLook:
    """Compare the second capture with the scan before. `second` None: the page could not be captured as at first."""
    needs_picture = old.kind == first.kind  # it differed by its look
    if second is None or not second.says_something or (needs_picture and not second.look):
        return SecondLook(LookOutcome.FAILED)
    if _agree(old, second, needs_picture=needs_picture, limit=LOOK_CHANGED if is_own else ANOTHER_LOOK):
        return SecondLook(LookOutcome.AS_BEFORE, second)
    return SecondLook(LookOutcome.CONFIRMED)


def _agree(old: Showing, second: Showing, *, needs_picture: bool, limit: float) -> bool:
    """Return whether a page is as before: not merely unlike in nothing, as two scans are compared."""
    if (old.kind, old.site) != (second.kind, second.site):
        return False
    if old.kind == NO_NAME:
        return True
    one, other = comparable_title(old.title), comparable_title(second.title)
    if old.title != second.title and not one & other:
        return False
    looks = PageLook.parse(old.look), PageLook.parse(second.look)
    if looks[0] is None or looks[1] is None:
        return not needs_picture
    return looks[0].distance(looks[1]) < limit
