"""Markup made harmless for a parser that is quadratic in depth and in attributes.

Nothing is lost: what is taken apart here is still read, only not as one element or one level. Browsers stop at a depth
of 512; we must not lose what stands deeper, so such a text is cut into pieces that are parsed one by one.
"""

import re
from collections.abc import Iterator
from typing import Final

MAX_DEPTH: Final = 1_000  # a piece this deep takes 2 ms; 20,000 `<div>` take 0.35 s
MAX_ATTRIBUTES: Final = 500  # of one element; the parser compares each with all before it
_CHEAP: Final = 10_000  # open tags below which depth cannot hurt: even all nested it is 0.1 s
_SHORT: Final = 10_000  # characters that cannot hold enough attributes to hurt: 5,000 take 40 ms
_LONG_TAG: Final = 2 * MAX_ATTRIBUTES  # characters that so many attributes need at least

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Never open for long: they hold nothing, or the next one of their kind closes them.
_FLAT: Final = frozenset(
    {
        "head", "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
        "p", "li", "option", "optgroup", "td", "th", "tr", "dt", "dd", "tbody", "thead", "tfoot", "html", "body", "wbr",
    }
)  # fmt: skip
_WHOLE_TAG: Final = re.compile(r"<[a-zA-Z](?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')++")
_NAME: Final = re.compile(r"<([a-zA-Z][^\s/>]{0,50})")
# One attribute with the white space before it.
_ATTRIBUTE: Final = re.compile(
    r"(?<![\s/])[\s/]++[^\s/>=][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"']++))?+"
)


def split_nesting(text: str) -> list[str]:
    """The text in pieces whose elements nest at most `MAX_DEPTH` deep; nearly always just one."""
    if text.count("<") - text.count("</") <= _CHEAP:
        return [text]
    pieces: list[str] = []
    start = depth = 0
    for match in _TAG.finditer(text):
        if match[2].lower() in _FLAT:
            continue
        depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > MAX_DEPTH:
            pieces.append(text[start : match.start()])
            start, depth = match.start(), 1
    pieces.append(text[start:])
    return pieces


def limit_attributes(text: str) -> str:
    """The document with at most some five hundred attributes to an element: the rest goes to further ones like it."""
    if len(text) < _SHORT or max(map(len, _WHOLE_TAG.findall(text)), default=0) < _LONG_TAG:
        return text
    return "".join(_parts(text))


def _parts(text: str) -> Iterator[str]:
    done = 0
    for match in _WHOLE_TAG.finditer(text):
        if match.end() - match.start() < _LONG_TAG:
            continue
        name = _NAME.match(match[0])
        cuts = [found.start() for found in _ATTRIBUTE.finditer(match[0])][MAX_ATTRIBUTES::MAX_ATTRIBUTES]
        for cut in cuts if name else ():
            yield text[done : match.start() + cut]
            yield f"><{name[1]}"  # type: ignore[index]  # there are cuts only with a name
            done = match.start() + cut
    yield text[done:]
