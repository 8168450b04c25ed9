"""Where lines of a text end: between words, between Chinese characters, and within URLs that are longer than a line.

No line begins with a closing mark or ends with an opening one. A closing mark of full width may hang over the margin:
its right half is empty. Pure.
"""

from collections.abc import Callable, Iterator
from typing import Final

Measure = Callable[[str], float]  # the width of a text in one line

_CLOSING: Final = frozenset("!%),.:;?]}¢°’”‰′″℃、。々〉》」』】〕〗〞︰︱！＂％＇），．：；？］｜｝～…—·")
_OPENING: Final = frozenset("$([{£¥‘“〈《「『【〔〖〝（［｛￡￥")
_HANGING: Final = frozenset("、。，．：；！？）〉》」』】")
_BREAKABLE: Final = frozenset("/?&=_-.,;:|")  # in a word that is longer than a line, after these
_FIRST_WIDE: Final = "⺀"  # of the Chinese, Japanese and Korean characters


def break_lines(text: str, width: float, measure: Measure) -> list[str]:
    """Return the lines; those that end at a blank keep it. At least one line; none is empty unless the text says so."""
    return [line for paragraph in text.split("\n") for line in _fill(paragraph, width, measure)]


def _fill(text: str, width: float, measure: Measure) -> list[str]:
    lines, line = [], ""
    for unit in _units(text):
        if line and _width(line + unit, measure) > width:
            lines.append(line)
            line = ""
        if not line and _width(unit, measure) > width:
            *full, unit = _cut(unit, width, measure)  # noqa: PLW2901 - the rest is what goes on
            lines += full
        line += unit
    return [*lines, line]


def _width(line: str, measure: Measure) -> float:
    """Return the width that counts: blanks at the end are not seen, and one mark may hang over the margin."""
    seen = line.rstrip(" ")
    return measure(seen[:-1] if len(seen) > 1 and seen[-1] in _HANGING else seen)


def _units(text: str) -> Iterator[str]:
    """Yield the pieces that stay together, each with the blanks behind it."""
    start = 0
    for place in range(1, len(text)):
        if _may_break(text[place - 1], text[place]):
            yield text[start:place]
            start = place
    if start < len(text):
        yield text[start:]


def _may_break(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " ":
        return True
    if after in _CLOSING or before in _OPENING:
        return False
    return before >= _FIRST_WIDE or after >= _FIRST_WIDE


def _cut(word: str, width: float, measure: Measure) -> Iterator[str]:
    """Yield the pieces of a word that is longer than a line, each of which fits: at a mark of a URL, if one is near."""
    rest = word
    while _width(rest, measure) > width and len(rest) > 1:
        end = _fitting(rest, width, measure)
        mark = max((place + 1 for place in range(end // 2, end) if rest[place] in _BREAKABLE), default=end)
        yield rest[:mark]
        rest = rest[mark:]
    yield rest


def _fitting(text: str, width: float, measure: Measure) -> int:
    """Return how many characters fit; at least one."""
    end, used = 0, 0.0
    while end < len(text) and (used := used + measure(text[end])) <= width:
        end += 1
    return max(1, end)
