"""`noscript` in the head: lifted out before parsing.

A browser that runs scripts takes the content as plain text. Our parser runs none, and by the standard it then moves
what may not stand in a head, such as a tracking pixel, into the body, where it would look active.
"""

import re
from typing import Final

# Without scripts, styles and comments inside: their text may hold anything, also half a tag.
_BLOCK: Final = re.compile(
    r"<noscript\b[^<>]*>((?:(?!<!--|</?script|</?style|</?noscript).)*)</noscript\s*>", re.IGNORECASE | re.DOTALL
)
_BODY: Final = re.compile(r"<body\b", re.IGNORECASE)


def lift(source: str) -> tuple[str, list[str]]:
    """(The source without the blocks that stand before `<body>`, the markup inside these blocks)."""
    if "noscript" not in source and "NOSCRIPT" not in source:
        return source, []
    body = _BODY.search(source)
    end = body.start() if body else len(source)
    head = source[:end]
    blocks = _BLOCK.findall(head)
    return (_BLOCK.sub("", head) + source[end:], blocks) if blocks else (source, [])
