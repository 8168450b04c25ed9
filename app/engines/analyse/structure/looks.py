"""Appearance of pages: similar to a confirmed violation, or with the site's own icon.

Gambling brands and their kits change names and domains every day, their layout hardly ever. Who imitates an
organisation takes its icon along: it is the mark by which people tell tabs apart. Neither reports a finding by itself:
a layout may be one that anybody can have, and the page one of the organisation's own under another name.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from app.domain.evidence_text import DECISIONS
from app.domain.page_looks import ICON_DIGITS
from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.structure.asked import asked_by
from app.engines.analyse.subject import SeenLook, Subject

LOOK: Final = ICON_DIGITS  # hexadecimal digits, see `parsing.picture_look.look_of`
_SHAPE: Final = 32
MAX_DISTANCE: Final = 12  # of 128 bits; docs/analysis.md has the numbers
MAX_COLOUR: Final = 40  # of 255, in each of red, green and blue
SECRET_SCORE: Final = 0.65  # it asks for a password or a card
ACCOUNT_SCORE: Final = 0.55
KNOWN_SCORE: Final = 0.55  # it looks like what was confirmed, or asks for a secret under its icon
BESIDE_SCORE: Final = 0.2  # each further look of a class: all three stay below 0.8, for they are pictures alone


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
    """`is_known`: whether a host is that of a well-known service or brand, where organisations have pages under their
    icon.
    """

    is_known: Callable[[str], bool]
    name: ClassVar[str] = Layer.IMAGE.value

    def examine(self, subject: Subject) -> Iterable[Signal]:
        if not subject.has_content or self.is_known(subject.host):
            return
        said: set[ViolationKey] = set()
        for key, evidence in _looks_of(subject):
            yield Signal(key, evidence if key not in said else replace(evidence, score=BESIDE_SCORE))
            said.add(key)


def _looks_of(subject: Subject) -> Iterator[tuple[ViolationKey, Evidence]]:
    """Yield what the page looks like, the strongest first."""
    asked = asked_by(subject.page)
    if subject.own_icon and (asked.secret or asked.account):
        score = SECRET_SCORE if asked.secret else ACCOUNT_SCORE
        yield ViolationKey.FRAUD, _evidence("own_icon", score, subject.own_icon, "structure rules")
    if subject.known_look is not None:
        yield subject.known_look.key, _known("known_look", "known_look_elsewhere", subject.known_look)
    if subject.known_icon is not None and asked.secret:
        yield subject.known_icon.key, _known("known_icon", "known_icon_elsewhere", subject.known_icon)


def _known(rule: str, elsewhere: str, seen: SeenLook) -> Evidence:
    """`elsewhere`: the rule when it is not said whose look it is."""
    return _evidence(rule if seen.domain else elsewhere, KNOWN_SCORE, seen.domain, DECISIONS)


def _evidence(rule: str, score: float, snippet: str, provenance: str) -> Evidence:
    return Evidence(Layer.IMAGE, rule, score, snippet[:200], provenance=provenance)
