"""Markup and styles made harmless for parsers that are quadratic, or recursive, in something that nobody needs.

Nothing is lost: what is taken apart here is still read, only not as one element or one level.
"""

import re
from collections.abc import Iterator
from typing import Final

MAX_BRACKETS: Final = 40  # levels of blocks and functions in CSS; real sheets have six
MAX_ATTRIBUTES: Final = 500  # of one element; the parser compares each with all before it
_MAX_DIGITS: Final = 20  # of a number; Python refuses to make an int of 4,300
_SHORT: Final = 10_000  # characters that cannot hold enough attributes to hurt: 5,000 take 40 ms

_BRACKET: Final = re.compile(r"[(\[{}\])]")
_DIGITS: Final = re.compile(r"[0-9]{100,}+")
_TAG: Final = re.compile(r"<[a-zA-Z](?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')++")
_NAME: Final = re.compile(r"<([a-zA-Z][^\s/>]{0,50})")
# One attribute with the white space before it.
_ATTRIBUTE: Final = re.compile(
    r"(?<![\s/])[\s/]++[^\s/>=][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"']++))?+"
)
_LONG_TAG: Final = 2 * MAX_ATTRIBUTES  # characters that so many attributes need at least


def tame_css(text: str) -> str:
    """The sheet with short numbers and shallow blocks, for tinycss2: brackets beyond the limit become blanks."""
    text = _DIGITS.sub(lambda match: match[0].lstrip("0")[:_MAX_DIGITS] or "0", text)
    pieces: list[str] = []
    depth = done = 0
    for match in _BRACKET.finditer(text):
        opens = match[0] in "([{"
        depth = depth + 1 if opens else max(0, depth - 1)
        if depth > MAX_BRACKETS or (not opens and depth == MAX_BRACKETS):
            pieces.append(text[done : match.start()])
            done = match.end()
    if not pieces:
        return text
    return " ".join((*pieces, text[done:]))


def tame_markup(text: str) -> str:
    """The document with at most some five hundred attributes to an element: the rest goes to further ones like it."""
    if len(text) < _SHORT:
        return text
    return "".join(_parts(text))


def _parts(text: str) -> Iterator[str]:
    done = 0
    for match in _TAG.finditer(text):
        if match.end() - match.start() < _LONG_TAG:
            continue
        name = _NAME.match(match[0])
        cuts = [found.start() for found in _ATTRIBUTE.finditer(match[0])][MAX_ATTRIBUTES::MAX_ATTRIBUTES]
        for cut in cuts if name else ():
            yield text[done : match.start() + cut]
            yield f"><{name[1]}"  # type: ignore[index]  # there are cuts only with a name
            done = match.start() + cut
    yield text[done:]
