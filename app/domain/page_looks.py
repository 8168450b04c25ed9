"""Appearance of pages as comparable numbers, and the appearance index of a deployment (ADR 0056). Pure."""

import re
from dataclasses import dataclass
from typing import Final, Self

from app.domain.violations import ViolationKey

ACROSS: Final = 16  # places of the grid on which brightness is compared
DOWN: Final = 10
STEPS: Final = 2 * ACROSS * DOWN  # from each place to the next one on its right, and to the one below
DIGITS: Final = 2 * STEPS // 4  # hexadecimal, of a look as text
ICON_DIGITS: Final = 38  # of the look of an icon: 128 bits of its shape, and a colour
ICON_LOOKS: Final = "icon_looks"  # checkpoint: looks of icons by the address of the page that was captured
_LOOK: Final = re.compile(rf"[0-9a-f]{{{DIGITS}}}")
LOOK_CHANGED: Final = 0.8  # of `PageLook.distance`: advertisements and slide shows of start pages stay below it
MAX_KNOWN: Final = 2_000  # looks that scans compare with, the newest ones


@dataclass(frozen=True, slots=True)
class PageLook:
    """Bit by bit, from place to place: whether it gets `brighter`, whether it gets `darker`. Neither: it is flat."""

    brighter: int  # STEPS bits
    darker: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `str` writes; None: it is no look, "" among others."""
        if _LOOK.fullmatch(text) is None:
            return None
        return cls(int(text[: DIGITS // 2], 16), int(text[DIGITS // 2 :], 16))

    def __str__(self) -> str:
        return f"{self.brighter:0{DIGITS // 2}x}{self.darker:0{DIGITS // 2}x}"

    @property
    def detail(self) -> int:
        """Return the number of steps that are not flat: 0..STEPS."""
        return (self.brighter | self.darker).bit_count()

    @property
    def turns(self) -> int:
        """Return the number of steps that differ from the previous one: a gradient has few, however steep."""
        brighter, darker = self.brighter ^ self.brighter >> 1, self.darker ^ self.darker >> 1
        return (brighter | darker).bit_count()

    def distance(self, other: "PageLook") -> float:
        """Return the share of steps that only one of them has, of those that either has: 0.0 (the same) .. 1.0.

        Flat steps do not count: on what is empty in both, two pages are not alike.
        """
        either = (self.brighter | other.brighter).bit_count() + (self.darker | other.darker).bit_count()
        one = (self.brighter ^ other.brighter).bit_count() + (self.darker ^ other.darker).bit_count()
        return one / either if either else 1.0


@dataclass(frozen=True, slots=True)
class KnownLook:
    """How a page looked that people have confirmed to be a violation; at least one of both is known."""

    look: PageLook | None
    key: ViolationKey  # what was confirmed
    domain: str  # on which
    is_own: bool  # whether who ordered the scan has scanned it; others are not told the domain
    icon: str = ""  # the look of its icon, as ICON_DIGITS hexadecimal digits


def is_look_changed(before: str, after: str) -> bool:
    """Return whether two screenshots differ almost completely; False if one of them is missing."""
    one, other = PageLook.parse(before), PageLook.parse(after)
    return one is not None and other is not None and one.distance(other) >= LOOK_CHANGED
