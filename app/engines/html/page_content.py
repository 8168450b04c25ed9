"""What a captured page says: its text, and the parts of its markup that the rules of the analysis look at."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from app.engines.html.document import HtmlDocument
from app.engines.html.marks import marks
from app.engines.html.redirects import meta_refreshes

MAX_HTML_CHARS: Final = 400_000  # parsing costs about 1.8 ms per 200 kB; fields alone are found anywhere: kits pad
MAX_ITEMS: Final = 200  # of a kind per page: hostile pages repeat elements without end
MAX_LINK_TEXTS: Final = 60
MAX_TEXT_CHARS: Final = 300  # of one collected text
MAX_LABEL_CHARS: Final = 30  # longer ones are sentences
MAX_LABELS: Final = 60  # fields whose label is looked for: elements within each other have the same text again
MAX_BEFORE: Final = 20  # elements without text between a label and its field
MAX_INSIDE: Final = 30  # elements and texts of a label: no page can make reading it take long
MAX_WRITTEN: Final = 2_000  # characters of a label as it is written, with all white space
MAX_STEPS: Final = 60  # paragraphs
MAX_STEPS_CHARS: Final = 4_000

_EXECUTABLE: Final = re.compile(
    r"\.(?:exe|apk|msi|scr|bat|cmd|vbs|hta|ps1|dmg|pkg|jar|xapk|mobileconfig)(?:$|[?#])|"
    r"(?:setup|install|update|loader|player|crack|keygen)[\w.\-]{0,30}\.(?:zip|rar|7z)(?:$|[?#])",
    re.IGNORECASE,
)
_NAMED_EXECUTABLE: Final = re.compile(  # as what the attribute `download` has a file kept
    r"\.(?:exe|apk|msi|msix|appx|scr|bat|cmd|js|jse|vbs|wsf|hta|ps1|lnk|iso|img|vhd|dmg|pkg|jar|mobileconfig)$",
    re.IGNORECASE,
)
_SCRIPT_DOWNLOAD: Final = re.compile(
    r"""(?:location(?:\.href)?\s*=|location\.(?:assign|replace)\(|window\.open\()\s*["'`]"""
    r"""([^"'`\s]{1,300}\.(?:exe|apk|msi|scr|bat|hta|dmg|mobileconfig))(?=["'`?#])""",
    re.IGNORECASE,
)
_EXFILTRATION: Final = re.compile(r"api\.telegram\.org/bot|discord(?:app)?\.com/api/webhooks/", re.IGNORECASE)
_CLIPBOARD: Final = re.compile(r"clipboard\.writetext|execcommand\(\s*[\"']copy", re.IGNORECASE)
_SHELL: Final = re.compile(
    r"powershell|mshta|cmd(?:\.exe)? /c|curl [^\"'\n]{0,200}\|\s*(?:ba)?sh|rundll32|certutil", re.IGNORECASE
)
MAX_DECLARED_CHARS: Final = 20_000  # of one block of JSON-LD
_TYPE: Final = re.compile(r'"@type"\s{0,9}:\s{0,9}\[?\s{0,9}"([A-Za-z]{2,40})"')  # no parser: pages write this wrongly
_EMBEDS: Final = "img, iframe, frame, embed, object, video, audio, canvas, script[src], svg, form"
_PICTURES: Final = "img, svg, canvas, object, embed, input[type=image], [background], [style*='url(']"
_ICONS: Final = "link[rel~=icon i][href], link[rel~=apple-touch-icon i][href]"
_CONTENT: Final = marks(b"content")
_META_NAMES: Final = frozenset({"description", "keywords", "og:title", "og:site_name", "og:description"})
_CELLS: Final = frozenset({"td", "dd", "div", "p", "span"})
_LABELS: Final = frozenset({"-text", "label", "span", "b", "strong", "em", "font", "td", "th", "dt", "div"})
_UNSEEN_TYPES: Final = frozenset({"hidden", "submit", "button", "image", "reset", "checkbox", "radio"})


@dataclass(frozen=True, slots=True)
class Field:
    """An input that a person can fill in."""

    type: str  # lower case; "textarea" for one
    hints: (
        str  # name, id, placeholder, autocomplete, label attributes and the label's text, lower case, joined by spaces
    )


@dataclass(frozen=True, slots=True)
class Download:
    """A link or a script that leads to a program."""

    url: str  # as written
    text: str  # anchor text
    automatic: bool  # starts without a click


@dataclass(frozen=True, slots=True)
class PageContent:
    """Texts are as written, with outer white space removed; every tuple holds at most `MAX_ITEMS`."""

    title: str = ""  # one line
    text: str = ""  # visible: a line per block, at most 100,000 characters
    charset: str = ""  # that the document was decoded with
    has_embeds: bool = False  # pictures, frames, scripts from outside: more may show than the text says
    shows_pictures: bool = False  # pictures, renders, backgrounds of its own
    icons: tuple[str, ...] = ()  # addresses of the page's icons as written
    headings: tuple[str, ...] = ()  # h1 and h2 in document order
    meta: tuple[str, ...] = ()  # description, keywords, og:*
    alts: tuple[str, ...] = ()  # of images
    fields: tuple[Field, ...] = ()
    actions: tuple[str, ...] = ()  # form targets as written
    sources: tuple[str, ...] = ()  # of scripts and frames as written
    # What it says of itself, lower case: "type:hotel" (schema.org), "og:video.other", "generator:...", "meta:NAME".
    declared: tuple[str, ...] = ()
    downloads: tuple[Download, ...] = ()
    exfiltration: str = ""  # where a script sends what was typed in
    link_texts: tuple[str, ...] = ()  # of the first links, in document order
    copies_command: bool = False  # a script puts a command of a shell into the clipboard
    steps: str = ""  # text of such a page with what it hides at first, one line


EMPTY: Final = PageContent()


def read_content(document: HtmlDocument) -> PageContent:
    """Reads a document; broken or empty markup gives an empty content, never an error."""
    head = document if len(document.markup) <= MAX_HTML_CHARS else HtmlDocument(document.markup[:MAX_HTML_CHARS])
    exfiltration = _EXFILTRATION.search(document.markup)
    copies_command = bool(_CLIPBOARD.search(document.markup)) and bool(_SHELL.search(document.markup))
    return PageContent(
        title=document.title,
        text=document.visible_text,
        charset=document.charset,
        has_embeds=any(tree.css_first(_EMBEDS) is not None for tree in document.trees),
        shows_pictures=any(tree.css_first(_PICTURES) is not None for tree in document.trees)
        or any("url(" in node.text() for node in head.select("style")),
        icons=_texts(_attribute(node, "href") for node in head.select(_ICONS)),
        headings=_texts(map(_text, head.select("h1, h2"))),
        meta=descriptions(head),
        alts=_texts(_attribute(node, "alt") for node in head.select("img[alt]")),
        fields=_fields(document),
        actions=_texts(_attribute(node, "action") for node in head.select("form[action]")),
        sources=_texts(_attribute(node, "src") for node in head.select("script[src], iframe[src], frame[src]")),
        declared=_declared(head),
        downloads=_downloads(head),
        exfiltration=exfiltration[0][:MAX_TEXT_CHARS] if exfiltration else "",
        link_texts=_texts(map(_text, islice(head.select("a[href]"), MAX_LINK_TEXTS))),
        copies_command=copies_command,
        steps=_steps(head) if copies_command else "",
    )


def read_words(document: HtmlDocument) -> PageContent:
    """Read alone what the text classifier reads of a page: a third of the cost."""
    head = document if len(document.markup) <= MAX_HTML_CHARS else HtmlDocument(document.markup[:MAX_HTML_CHARS])
    return PageContent(
        title=document.title,
        text=document.visible_text,
        meta=descriptions(head),
        alts=_texts(_attribute(node, "alt") for node in head.select("img[alt]")),
        fields=_fields(document),
        actions=_texts(_attribute(node, "action") for node in head.select("form[action]")),
        link_texts=_texts(map(_text, islice(head.select("a[href]"), MAX_LINK_TEXTS))),
    )


def descriptions(document: HtmlDocument) -> tuple[str, ...]:
    """Return description, keywords and their kin, as written."""
    return _texts(map(_meta, document.select("meta[content]", attributes=_CONTENT)))


def _texts(found: Iterable[str]) -> tuple[str, ...]:
    """Those that say something, of the first `MAX_ITEMS`."""
    return tuple(filter(None, islice(found, MAX_ITEMS)))


def _text(node: LexborNode) -> str:
    return node.text().strip()[:MAX_TEXT_CHARS]


def _attribute(node: LexborNode, name: str) -> str:
    return (node.attributes.get(name) or "").strip()[:MAX_TEXT_CHARS]


def _meta(node: LexborNode) -> str:
    name = (_attribute(node, "name") or _attribute(node, "property")).lower()
    return _attribute(node, "content") if name in _META_NAMES else ""


def _declared(document: HtmlDocument) -> tuple[str, ...]:
    """In the order of how much it tells: types of schema.org, then the tags of the head."""
    scripts = islice(document.select("script[type='application/ld+json']"), MAX_ITEMS)
    written = (name for node in scripts for name in _TYPE.findall(node.text()[:MAX_DECLARED_CHARS]))
    marked = (_attribute(node, "itemtype").rpartition("/")[2] for node in document.select("[itemtype]"))
    types = [f"type:{name.lower()}" for name in islice((*written, *marked), MAX_ITEMS) if name.isalpha()]
    tags = filter(None, map(_declaration, islice(document.select("meta"), MAX_ITEMS)))
    return tuple(dict.fromkeys((*types, *tags)))[:MAX_ITEMS]


def _declaration(node: LexborNode) -> str:
    name = (_attribute(node, "property") or _attribute(node, "name")).lower()
    said = _attribute(node, "content").lower()
    match name:
        case "og:type":
            return f"og:{said}"
        case "generator":
            return f"generator:{said}"
        case _:
            return f"meta:{name}" if said else ""


def _fields(document: HtmlDocument) -> tuple[Field, ...]:
    nodes = islice(document.select("input, textarea"), MAX_ITEMS)
    found = (_field(node, labelled=number < MAX_LABELS) for number, node in enumerate(nodes))
    return tuple(item for item in found if item.type not in _UNSEEN_TYPES)


def _field(node: LexborNode, *, labelled: bool) -> Field:
    kind = "textarea" if node.tag == "textarea" else _attribute(node, "type").lower() or "text"
    names = ("name", "id", "placeholder", "autocomplete", "aria-label", "title")
    hints = " ".join(filter(None, (*(_attribute(node, name) for name in names), _label(node) if labelled else "")))
    return Field(type=kind, hints=hints.lower())


def _label(node: LexborNode) -> str:
    """Return the text of a field's own label, or what stands right before it, also in the cell to its left. Scripts of
    forms name their fields a1 and a2; people read what stands beside them.
    """
    before = node.prev
    for _ in range(MAX_BEFORE):
        if before is None or _short_text(before) != "":
            break
        before = before.prev
    parent = node.parent
    if before is None and parent is not None and parent.tag in _CELLS:
        before = parent.prev
        while before is not None and before.tag == "-text":
            before = before.prev
    text = None if before is None or before.tag not in _LABELS else _short_text(before)
    return text if text is not None and len(text) <= MAX_LABEL_CHARS else ""


def _short_text(node: LexborNode) -> str | None:
    """Return the text of a node, one line; None: so much is in it that it is no label."""
    inner = [node] if node.tag == "-text" else list(islice(node.traverse(include_text=True), MAX_INSIDE + 1))
    text = "".join(item.text() for item in inner if item.tag == "-text")
    return None if len(inner) > MAX_INSIDE or len(text) > MAX_WRITTEN else " ".join(text.split())


def _steps(document: HtmlDocument) -> str:
    """Such pages show their steps after a click on the box that says who is human."""
    texts = (node.text(separator=" ") for node in islice(document.select("p, li, div[hidden]"), MAX_STEPS))
    return " ".join(" ".join(texts).split())[:MAX_STEPS_CHARS]


def _downloads(document: HtmlDocument) -> tuple[Download, ...]:
    clicked = [
        Download(url=href, text=_text(node), automatic=False)
        for node in document.select("a[href]")
        if _EXECUTABLE.search(href := _attribute(node, "href"))
        or _NAMED_EXECUTABLE.search(_attribute(node, "download"))
    ]
    refreshed = [
        Download(url=content, text="", automatic=True)
        for value in meta_refreshes(document)
        if _EXECUTABLE.search(content := value.strip()[:MAX_TEXT_CHARS].rstrip("\"'"))
    ]
    scripted = [Download(url=match[1], text="", automatic=True) for match in _SCRIPT_DOWNLOAD.finditer(document.markup)]
    return tuple((refreshed + scripted + clicked)[:MAX_ITEMS])
