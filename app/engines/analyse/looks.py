"""What pages look like to people: the icon of the site itself on a foreign page that asks for an account.

Who imitates an organisation takes its icon along: it is the mark by which people tell tabs apart. Whether the
page is one of the organisation's own under another name, a person has to see.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

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
        if not subject.own_icon or not subject.has_content or self.is_known(subject.host):
            return
        asked = asked_by(subject.page)
        if not (asked.secret or asked.account):
            return
        evidence = Evidence(
            layer=Layer.IMAGE,
            rule="own_icon",
            score=SECRET_SCORE if asked.secret else ACCOUNT_SCORE,
            snippet=subject.own_icon[:200],
            provenance="structure rules",
        )
        yield Signal(ViolationKey.FRAUD, evidence)
