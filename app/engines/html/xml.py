"""XML documents (XHTML, SVG, RSS, Atom) for a parser of HTML: the same elements, written as it understands them."""

import re
from typing import Final

_TYPES: Final = re.compile(r"\A\s*+[\w.+\-]{1,60}/(?:[\w.\-]{1,60}\+)?xml\b", re.IGNORECASE)
_SELF_CLOSED: Final = re.compile(r"<([a-zA-Z][\w:.\-]*+)((?:[^<>\"'/]++|\"[^\"]*+\"|'[^']*+'|/(?!>))*+)/>")
_VOID: Final = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    }
)  # fmt: skip


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
