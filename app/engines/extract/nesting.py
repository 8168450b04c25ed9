"""Guard against nesting bombs: the parser's time grows with the square of the depth (20,000 `<div>`: 0.35 s).

Browsers stop at a depth of 512. We must not lose what stands deeper, so such a text is cut into pieces, and each piece
is parsed as a document of its own.
"""

import re
from typing import Final

MAX_DEPTH: Final = 1_000  # a piece this deep takes 2 ms
_CHEAP: Final = 10_000  # open tags below which depth cannot hurt: even all nested it is 0.1 s
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Never open for long: they hold nothing, or the next one of their kind closes them.
_FLAT: Final = frozenset(
    {
        "head", "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
        "p", "li", "option", "optgroup", "td", "th", "tr", "dt", "dd", "tbody", "thead", "tfoot", "html", "body", "wbr",
    }
)  # fmt: skip


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
