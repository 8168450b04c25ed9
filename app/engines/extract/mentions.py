"""Places of a page's source where URLs are only mentioned: event handlers, data attributes, comments.

They are searched in the source text, not in the tree: a few regular expressions see all attributes of all elements, and
conditional comments, at a tenth of the price.
"""

import re
from collections.abc import Iterator
from typing import Final

from app.engines.extract.entities import unescape_html
from app.engines.extract.script_urls import find_script_urls

_COMMENT: Final = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_CONDITIONAL: Final = re.compile(r"\A\s*+\[if\b", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(
    r"\s(data-[\w.:\-]{1,100}|on[a-z]{3,30})\s*=\s*(?:\"([^\"<>]{4,100000})\"|'([^'<>]{4,100000})'|([^\s\"'<>=`]{4,4000}))",
    re.IGNORECASE,
)
_MAX_PLACES: Final = 5_000
_AROUND: Final = 100  # characters on each side in a snippet
_Found = tuple[str, str, str]  # URL as written, kind, snippet


def find_mentions(source: str) -> Iterator[_Found]:
    """Yield the URLs in comments, event handlers and data attributes: (URL as written, kind, snippet)."""
    if "<!--" in source:
        yield from _in_comments(source)
    if "data-" in source or " on" in source:
        yield from _in_attributes(source)


def _in_comments(source: str) -> Iterator[_Found]:
    for count, match in enumerate(_COMMENT.finditer(source)):
        if count >= _MAX_PLACES:
            return
        kind = "comment:conditional" if _CONDITIONAL.match(match[1]) else "comment"
        yield from mentions_in(match[1], kind)


def _in_attributes(source: str) -> Iterator[_Found]:
    for count, match in enumerate(_ATTRIBUTE.finditer(source)):
        if count >= _MAX_PLACES:
            return
        value = match[2] or match[3] or match[4]
        if "/" not in value and "\\" not in value and "atob" not in value and "&" not in value:
            continue
        name = match[1].lower()
        kind = "data" if name.startswith("data-") else "handler"
        # In quotes, because a data attribute's whole value may be `//host/...`.
        yield from mentions_in(f'"{unescape_html(value)}"', f"{kind}:{name}")


def mentions_in(text: str, kind: str) -> Iterator[_Found]:
    """Yield the URLs that a text mentions, with the characters around them."""
    for url, how, position in find_script_urls(text):
        around = text[max(0, position - _AROUND) : position + _AROUND]
        yield url, f"{kind}:atob" if how == "atob" else kind, around
