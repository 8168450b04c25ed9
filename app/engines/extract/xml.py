"""XML documents (XHTML, SVG, RSS, Atom) for a parser of HTML: the same elements, written as it understands them."""

import re
from collections.abc import Iterator
from typing import Final

from app.engines.extract.entities import unescape

MAX_PLACES: Final = 20_000  # of one document
_TYPES: Final = re.compile(r"\A\s*+[\w.+\-]{1,60}/(?:[\w.\-]{1,60}\+)?xml\b", re.IGNORECASE)
_SELF_CLOSED: Final = re.compile(r"<([a-zA-Z][\w:.\-]*+)((?:[^<>\"'/]++|\"[^\"]*+\"|'[^']*+'|/(?!>))*+)/>")
_VOID: Final = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    }
)  # fmt: skip
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


def is_xml(content_type: str, text: str) -> bool:
    """By the declared type, or by how the document begins."""
    return _TYPES.match(content_type) is not None or text[:200].lstrip("\ufeff \t\r\n").startswith("<?xml")


def as_html(text: str) -> str:
    """Without CDATA sections, whose content is markup in feeds and a script's text in pages; nothing closes itself."""
    if "<![CDATA[" in text:
        start, *sections = text.split("<![CDATA[")
        text = start + "".join(section.replace("]]>", "", 1) for section in sections)
    return _SELF_CLOSED.sub(_open_and_close, text) if "/>" in text else text


def _open_and_close(match: re.Match[str]) -> str:
    return match[0] if match[1].lower() in _VOID else f"<{match[1]}{match[2]}></{match[1]}>"


def find_addresses(text: str) -> Iterator[tuple[str, str]]:
    """(URL, element) of elements whose text is an address, as feeds have them."""
    for count, match in enumerate(_ADDRESS.finditer(text)):
        if count >= MAX_PLACES:
            return
        yield unescape(match[2]), match[1].lower()


def find_sheets(text: str) -> Iterator[str]:
    """Style sheets that the document names before its root."""
    yield from (unescape(match[1]) for match in _SHEET.finditer(text[:10_000]))


def find_markup(text: str) -> Iterator[str]:
    """Markup that stands escaped in a feed's texts."""
    for count, match in enumerate(_ESCAPED.finditer(text)):
        if count >= MAX_PLACES:
            return
        if "&lt;" in match[1]:
            yield unescape(match[1])
