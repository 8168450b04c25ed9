"""References in XML documents (XHTML, SVG, RSS, Atom) that HTML does not have."""

import re
from collections.abc import Iterator
from typing import Final

from app.engines.extract.entities import unescape_html

MAX_PLACES: Final = 20_000  # of one document
_ADDRESS: Final = re.compile(
    r"<((?:[\w\-]{1,30}:)?(?:link|guid|comments|url|docs|uri|icon|logo|loc|id))(?:\s[^<>]{0,500})?>"
    r"\s*+(?:<!\[CDATA\[)?+\s*+(https?://[^<>\s\]]{1,8192})",
    re.IGNORECASE,
)
_SHEET: Final = re.compile(r"<\?xml-stylesheet\s[^<>]{0,500}?href\s*+=\s*+[\"']([^\"'<>]{1,8192})", re.IGNORECASE)
# Text that holds markup once more, escaped.
_ESCAPED: Final = re.compile(
    r"<(?:description|summary|content|content:encoded|body)(?:\s[^<>]{0,500})?>([^<]++)<", re.IGNORECASE
)


def find_addresses(text: str) -> Iterator[tuple[str, str]]:
    """Yield (URL, element) of elements whose text is an address, as feeds have them."""
    for count, match in enumerate(_ADDRESS.finditer(text)):
        if count >= MAX_PLACES:
            return
        yield unescape_html(match[2]), match[1].lower()


def find_sheets(text: str) -> Iterator[str]:
    """Yield the style sheets that the document names before its root."""
    yield from (unescape_html(match[1]) for match in _SHEET.finditer(text[:10_000]))


def find_markup(text: str) -> Iterator[str]:
    """Yield the markup that stands escaped in a feed's texts."""
    for count, match in enumerate(_ESCAPED.finditer(text)):
        if count >= MAX_PLACES:
            return
        if "&lt;" in match[1]:
            yield unescape_html(match[1])
