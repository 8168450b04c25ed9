"""Signs that a page of the site was tampered with, and the confidence of each sign alone.

A sign is kept as a reference of the page to itself, whose kind is `own:` and the sign (`kind_of`): so it is stored with
the page, listed with the page's other references, and found again after a crash. Its score follows from its name alone.
"""

from collections.abc import Iterable
from enum import StrEnum
from math import prod
from types import MappingProxyType
from typing import Final

from app.domain.violations import ViolationKey
from app.domain.visitors import Visitor

_PREFIX: Final = "own:"
_SHOWN_TO: Final = "@"  # in the kind of a reference: what stands before it was shown to the visitor behind it
RULE_PREFIX: Final = "own."  # of the rule in a piece of evidence


class TamperSign(StrEnum):
    """Ids of the rules, without their prefix."""

    TITLE = "title"  # the title offers what the trade offers
    TITLE_FOREIGN = "title_foreign"  # of which the page below it says nothing
    TITLE_ENCODED = "title_encoded"  # in numbers of characters, which search engines read and people who look do not
    TITLE_SCRIPT = "title_script"  # in a script that the page below it is not written in
    STUFFED = "stuffed"  # a title of the trade is strewn into a text about something else
    DOORWAY = "doorway"  # somebody offers what a forbidden trade has, and leaves a handle to write to
    DOORWAY_UNSURE = "doorway_unsure"
    DEFACED = "defaced"  # somebody says in place of the page that he has broken in
    DEFACED_UNSURE = "defaced_unsure"
    DESCRIPTION = "description"  # description and keywords do
    HEAD_WORDS = "head_words"  # title and description are worded as those of the trades are
    WORDS = "words"  # the page as a whole is
    TEXT = "text"  # the page as a whole does
    TEXT_UNSURE = "text_unsure"
    HIDDEN_TEXT = "hidden_text"  # a text that nobody sees does
    LINK_BLOCK = "link_block"  # links to several foreign sites of a trade, side by side
    LINK_PAIR = "link_pair"
    HIDDEN_LINK = "hidden_link"  # one that nobody sees
    SCRIPT_WRITES = "script_writes"  # a disguised script writes links, scripts or frames of an unknown host
    SCRIPT_TAKES = "script_takes"  # a script hands over what visitors type, or runs what a foreign host sends
    SCRIPT_SWAPS = "script_swaps"  # a script puts other wallets or telephone numbers in the place of the page's own
    LURE = "lure"  # a pretence that has visitors switch off their protection, give a wallet's phrase, or buy
    SCRIPT_REDIRECTS = "script_redirects"  # a script sends elsewhere who comes from a search engine, or is its robot
    FRAME_COVERS = "frame_covers"  # a frame of an unknown site lies over the whole page
    FRAME_UNSEEN = "frame_unseen"  # a frame of no size, of an odd address
    FORWARDS = "forwards"  # an address of the site sends its visitors to a site that violates
    FORWARDS_UNSURE = "forwards_unsure"  # to one that perhaps does
    RARE_SCRIPT = "lone_code"  # a script of an unknown site that no other page uses
    MODEL = "model"  # a language model says so, and no rule
    # What one sort of visitor alone is shown (`Visitor`), when ordinary ones are not.
    SHOWN_OFFER = "shown_offer"  # lines that offer what a trade offers
    SHOWN_WORD = "shown_word"  # lines with a word of a trade
    SHOWN_REDIRECT = "shown_redirect"  # another site, where nobody else is sent
    SHOWN_COVER = "shown_cover"  # a foreign frame over the page, or a foreign script in its place
    SHOWN_LINKS = "shown_links"  # links to several foreign sites


# What pages are poisoned with. Of the other classes ordinary pages warn and teach, in their titles as well.
TRADES: Final = frozenset({ViolationKey.ADULT, ViolationKey.GAMBLING, ViolationKey.DRUGS, ViolationKey.OTHER})
# The same of passages, hidden texts and links. Titles that name a medicine are those of clinics and authorities.
PASSAGE_TRADES: Final = TRADES | {ViolationKey.MEDICAL}

SCORES: Final = MappingProxyType(
    {
        TamperSign.TITLE: 0.75,
        TamperSign.TITLE_FOREIGN: 0.45,
        TamperSign.TITLE_ENCODED: 0.45,
        TamperSign.TITLE_SCRIPT: 0.45,
        TamperSign.STUFFED: 0.65,
        TamperSign.DOORWAY: 0.82,
        TamperSign.DOORWAY_UNSURE: 0.55,
        TamperSign.DEFACED: 0.85,
        TamperSign.DEFACED_UNSURE: 0.55,
        TamperSign.DESCRIPTION: 0.6,
        TamperSign.HEAD_WORDS: 0.55,
        TamperSign.WORDS: 0.6,
        TamperSign.TEXT: 0.85,
        TamperSign.TEXT_UNSURE: 0.55,
        TamperSign.HIDDEN_TEXT: 0.85,
        TamperSign.LINK_BLOCK: 0.8,
        TamperSign.LINK_PAIR: 0.55,
        TamperSign.HIDDEN_LINK: 0.65,
        TamperSign.SCRIPT_WRITES: 0.8,
        TamperSign.SCRIPT_TAKES: 0.7,
        TamperSign.SCRIPT_SWAPS: 0.75,
        TamperSign.LURE: 0.65,
        TamperSign.SCRIPT_REDIRECTS: 0.85,
        TamperSign.FRAME_COVERS: 0.8,
        TamperSign.FRAME_UNSEEN: 0.6,
        TamperSign.FORWARDS: 0.85,
        TamperSign.FORWARDS_UNSURE: 0.55,
        TamperSign.RARE_SCRIPT: 0.55,
        TamperSign.MODEL: 0.5,
        TamperSign.SHOWN_OFFER: 0.8,
        TamperSign.SHOWN_WORD: 0.55,
        TamperSign.SHOWN_REDIRECT: 0.7,
        TamperSign.SHOWN_COVER: 0.7,
        TamperSign.SHOWN_LINKS: 0.55,
    }
)


def kind_of(sign: TamperSign, visitor: Visitor | None = None) -> str:
    """Return the reference kind of the sign. `visitor`: the only visitor who is shown it."""
    kind = f"{_PREFIX}{sign.value}"
    return kind if visitor is None else shown_to(kind, visitor)


def shown_to(kind: str, visitor: Visitor) -> str:
    """Return the kind of a reference that only this visitor was shown."""
    return f"{kind}{_SHOWN_TO}{visitor.value}"


def without_visitor(kind: str) -> str:
    """Return the kind without its visitor."""
    return kind.partition(_SHOWN_TO)[0]


def visitor_of(kind: str) -> Visitor | None:
    """Return the only visitor who was shown a reference of this kind; None: all visitors."""
    name = kind.rpartition(_SHOWN_TO)[2] if _SHOWN_TO in kind else ""
    return Visitor(name) if name in list(Visitor) else None


def sign_of(kind: str) -> TamperSign | None:
    """Return the sign that a reference of this kind keeps; None: it is an ordinary reference."""
    if not kind.startswith(_PREFIX):
        return None
    name = without_visitor(kind).removeprefix(_PREFIX)
    return TamperSign(name) if name in list(TamperSign) else None


def certainty(signs: Iterable[TamperSign]) -> float:
    """Return 0..1: 1 - product of (1 - score) over distinct signs."""
    return round(min(0.99, 1 - prod(1 - SCORES[sign] for sign in sorted(set(signs)))), 4)
