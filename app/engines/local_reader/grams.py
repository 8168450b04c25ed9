"""What of a page the local classifier looks at: which groups of one to four characters stand in its beginning. Pure.

Which ones stand there counts, not how often: a page repeats what it wants to be found by without end.
"""

import re
import unicodedata
from typing import Final

MAX_TITLE: Final = 200  # characters
MAX_TEXT: Final = 1_000  # of the text: a page costs a millisecond, and what it is about stands at its beginning
LONGEST: Final = 4  # characters of a group
LEAST_CHARS: Final = 20  # of which something can be said
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]")
_DIGIT: Final = re.compile(r"\d")
_BETWEEN: Final = re.compile(r"[\W_]+")
# NFKC makes of one character up to eighteen; the plain text is cut once more.
_MOST: Final = MAX_TITLE + MAX_TEXT + 1
_SLICES: Final = tuple(tuple(slice(at, at + length) for at in range(_MOST)) for length in range(1, LONGEST + 1))


def plain_text(title: str, text: str) -> str:
    """Return title and beginning of the text as one line: small letters, every digit a 0, one blank between words."""
    said = f"{title[:MAX_TITLE]} {text[:MAX_TEXT]}"
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", said)).lower()
    return _BETWEEN.sub(" ", _DIGIT.sub("0", plain)).strip()[:_MOST]


def grams_of(plain: str) -> set[str]:
    """Return the groups of one to `LONGEST` characters that stand in a plain text."""
    found: set[str] = set()
    for length, slices in enumerate(_SLICES, start=1):
        found.update(map(plain.__getitem__, slices[: max(0, len(plain) - length + 1)]))
    return found
