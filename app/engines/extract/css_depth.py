"""Style sheets made harmless for a parser that is recursive in their blocks. Nothing is lost but the depth."""

import re
from typing import Final

MAX_BRACKETS: Final = 40  # levels of blocks and functions in CSS; real sheets have six
_MAX_DIGITS: Final = 20  # of a number; Python refuses to make an int of 4,300

_BRACKET: Final = re.compile(r"[(\[{}\])]")
_DIGITS: Final = re.compile(r"[0-9]{100,}+")


def limit_css_depth(text: str) -> str:
    """Make numbers short and blocks shallow, for tinycss2: brackets beyond the limit become blanks."""
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
