"""The parts of a document that the rules look at, read once with selectolax (lexbor)."""

import re
from dataclasses import dataclass
from functools import reduce
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.engines.extract.nesting import split_nesting

MAX_HTML_CHARS: Final = 400_000  # parsing costs about 1.8 ms per 200 kB; what matters to the rules stands early
MAX_ITEMS: Final = 200  # of a kind per page: hostile pages repeat elements without end
MAX_TEXT_CHARS: Final = 300  # of one collected text

_EXECUTABLE: Final = re.compile(
    r"\.(?:exe|apk|msi|scr|bat|cmd|vbs|hta|ps1|dmg|pkg|jar|xapk|mobileconfig)(?:$|[?#])", re.IGNORECASE
)
_SCRIPT_DOWNLOAD: Final = re.compile(
    r"""(?:location(?:\.href)?\s*=|location\.(?:assign|replace)\(|window\.open\()\s*["'`]"""
    r"""([^"'`\s]{1,300}\.(?:exe|apk|msi|scr|bat|hta|dmg|mobileconfig))(?=["'`?#])""",
    re.IGNORECASE,
)
_META_NAMES: Final = frozenset({"description", "keywords", "og:title", "og:site_name", "og:description"})
_UNSEEN_TYPES: Final = frozenset({"hidden", "submit", "button", "image", "reset", "checkbox", "radio"})


@dataclass(frozen=True, slots=True)
class Field:
    """An input that a person can fill in."""

    type: str  # lower case; "textarea" for one
    hints: str  # name, id, placeholder, autocomplete and label attributes, lower case, joined by spaces


@dataclass(frozen=True, slots=True)
class Download:
    """A link or a script that leads to a program."""

    url: str  # as written
    text: str  # anchor text
    automatic: bool  # starts without a click


@dataclass(frozen=True, slots=True)
class PageView:
    """Texts are as written, with outer white space removed; every tuple holds at most `MAX_ITEMS`."""

    title: str = ""
    headings: tuple[str, ...] = ()  # h1 and h2 in document order
    meta: tuple[str, ...] = ()  # description, keywords, og:*
    alts: tuple[str, ...] = ()  # of images
    fields: tuple[Field, ...] = ()
    actions: tuple[str, ...] = ()  # form targets as written
    downloads: tuple[Download, ...] = ()


def parse_page(html: str) -> PageView:
    """Reads a document; broken or empty markup gives an empty view, never an error."""
    if not html.strip():
        return PageView()
    first, *deeper = (_read(piece) for piece in split_nesting(html[:MAX_HTML_CHARS]))
    return reduce(_join, deeper, first)


def _read(html: str) -> PageView:
    tree = LexborHTMLParser(html)
    title = tree.css_first("title")
    return PageView(
        title=_text(title) if title is not None else "",
        headings=tuple(filter(None, map(_text, tree.css("h1, h2")[:MAX_ITEMS]))),
        meta=tuple(filter(None, map(_meta, tree.css("meta[content]")[:MAX_ITEMS]))),
        alts=tuple(filter(None, (_attribute(node, "alt") for node in tree.css("img[alt]")[:MAX_ITEMS]))),
        fields=_fields(tree),
        actions=tuple(filter(None, (_attribute(node, "action") for node in tree.css("form[action]")[:MAX_ITEMS]))),
        downloads=_downloads(tree, html),
    )


def _join(one: PageView, other: PageView) -> PageView:
    """Of a document that nests too deeply to be parsed in one piece."""
    return PageView(
        one.title or other.title,
        (*one.headings, *other.headings)[:MAX_ITEMS],
        (*one.meta, *other.meta)[:MAX_ITEMS],
        (*one.alts, *other.alts)[:MAX_ITEMS],
        (*one.fields, *other.fields)[:MAX_ITEMS],
        (*one.actions, *other.actions)[:MAX_ITEMS],
        (*one.downloads, *other.downloads)[:MAX_ITEMS],
    )


def _text(node: LexborNode) -> str:
    return node.text().strip()[:MAX_TEXT_CHARS]


def _attribute(node: LexborNode, name: str) -> str:
    return (node.attributes.get(name) or "").strip()[:MAX_TEXT_CHARS]


def _meta(node: LexborNode) -> str:
    name = (_attribute(node, "name") or _attribute(node, "property")).lower()
    return _attribute(node, "content") if name in _META_NAMES else ""


def _fields(tree: LexborHTMLParser) -> tuple[Field, ...]:
    nodes = tree.css("input, textarea")[:MAX_ITEMS]
    found = (_field(node) for node in nodes)
    return tuple(item for item in found if item.type not in _UNSEEN_TYPES)


def _field(node: LexborNode) -> Field:
    kind = "textarea" if node.tag == "textarea" else _attribute(node, "type").lower() or "text"
    names = ("name", "id", "placeholder", "autocomplete", "aria-label", "title")
    hints = " ".join(filter(None, (_attribute(node, name) for name in names)))
    return Field(type=kind, hints=hints.lower())


def _downloads(tree: LexborHTMLParser, html: str) -> tuple[Download, ...]:
    clicked = [
        Download(url=href, text=_text(node), automatic=False)
        for node in tree.css("a[href]")
        if _EXECUTABLE.search(href := _attribute(node, "href"))
    ]
    refreshed = [
        Download(url=content, text="", automatic=True)
        for node in tree.css("meta[http-equiv]")
        if _attribute(node, "http-equiv").lower() == "refresh"
        and _EXECUTABLE.search(content := _attribute(node, "content").rstrip("\"'"))
    ]
    scripted = [Download(url=match[1], text="", automatic=True) for match in _SCRIPT_DOWNLOAD.finditer(html)]
    return tuple((refreshed + scripted + clicked)[:MAX_ITEMS])
