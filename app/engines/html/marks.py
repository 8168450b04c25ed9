"""Short texts that stand in the source of few pages, and without which there is nothing to look for.

A module that looks for something says at import which marks it may have (`marks`). A page is searched for all of them
in one go, when the first of them is asked for: that costs as much as three searches for one.
"""

from functools import lru_cache
from typing import Final

from ahocorasick_rs import BytesAhoCorasick

Marks = frozenset[bytes]
_known: Final[set[bytes]] = set()


def marks(*texts: bytes) -> Marks:
    """Make marks known, in lower case; only those may be asked for."""
    found = frozenset(text.lower() for text in texts)
    _known.update(found)
    return found


def find_marks(source: bytes) -> Marks:
    """Return the marks that stand in a source, which is in lower case."""
    order, automaton = _automaton(len(_known))
    return frozenset({order[index] for index, _, _ in automaton.find_matches_as_indexes(source, overlapping=True)})


@lru_cache(maxsize=1)
def _automaton(_: int) -> tuple[list[bytes], BytesAhoCorasick]:
    """Return all known marks, and what finds them; made anew when there are more of them."""
    order = sorted(_known)
    return order, BytesAhoCorasick(order)
