"""What pages look like to people: like one that was confirmed, or under the icon of the site itself.

Houses and their kits change names and domains every day, and their layout hardly ever. Who imitates an organisation
takes its icon along: it is the mark by which people tell tabs apart. Either accuses nobody alone: a layout may be one
that anybody can have, and the page one of the organisation's own under another name. A person has to see.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from app.domain.evidence_text import DECISIONS
from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.asked import asked_by
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject

LOOK: Final = 38  # hexadecimal digits, see `parsing.picture_look.look_of`
_SHAPE: Final = 32
MAX_DISTANCE: Final = 12  # of 128 bits; docs/analysis.md has the numbers
MAX_COLOUR: Final = 40  # of 255, in each of red, green and blue
SECRET_SCORE: Final = 0.65  # it asks for a password or a card
ACCOUNT_SCORE: Final = 0.55
KNOWN_SCORE: Final = 0.55  # it looks like what was confirmed
BESIDE_SCORE: Final = 0.4  # the same beside an icon: both together stay below 0.8, for they are pictures alone


def distance(one: str, other: str) -> int:
    """Return in how many of 128 bits the shapes of two looks differ."""
    return (int(one[:_SHAPE], 16) ^ int(other[:_SHAPE], 16)).bit_count()


def colour_distance(one: str, other: str) -> int:
    """Return how far the mean colours of two looks are apart, at most: 0..255."""
    pairs = zip(bytes.fromhex(one[_SHAPE:]), bytes.fromhex(other[_SHAPE:]), strict=True)
    return max(abs(mine - theirs) for mine, theirs in pairs)


def is_same(one: str, other: str) -> bool:
    """Tell whether two looks are those of one picture."""
    return distance(one, other) <= MAX_DISTANCE and colour_distance(one, other) <= MAX_COLOUR


@dataclass(frozen=True, slots=True)
class LookLayer:
    """`is_known`: whether a host is that of a well-known service, where organisations have pages under their icon."""

    is_known: Callable[[str], bool]
    name: ClassVar[str] = Layer.IMAGE.value

    def examine(self, subject: Subject) -> Iterable[Signal]:
        if not subject.has_content or self.is_known(subject.host):
            return
        icon = self._icon(subject)
        if icon is not None:
            yield icon
        known = subject.known_look
        if known is not None:
            score = BESIDE_SCORE if icon is not None and icon.key is known.key else KNOWN_SCORE
            rule = "known_look" if known.domain else "known_look_elsewhere"
            evidence = Evidence(Layer.IMAGE, rule, score, known.domain[:200], provenance=DECISIONS)
            yield Signal(known.key, evidence)

    def _icon(self, subject: Subject) -> Signal | None:
        asked = asked_by(subject.page)
        if not subject.own_icon or not (asked.secret or asked.account):
            return None
        evidence = Evidence(
            layer=Layer.IMAGE,
            rule="own_icon",
            score=SECRET_SCORE if asked.secret else ACCOUNT_SCORE,
            snippet=subject.own_icon[:200],
            provenance="structure rules",
        )
        return Signal(ViolationKey.FRAUD, evidence)
