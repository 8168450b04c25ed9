"""Kinds of references and their places in documents, and what people read instead ("own:link_block@robot" is for
programs).
"""

from typing import Final

from app.domain.messages import MessageCatalog
from app.domain.tampering import sign_of, visitor_of, without_visitor

# First parts of the kinds of references, as `engines.documents` names them.
DOCUMENT_KINDS: Final = frozenset(
    {"pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp", "odf", "doc", "xls", "ppt", "ole", "rtf"}
)
_PLACES: Final = frozenset({"page", "slide", "sheet"})
# What may stand before a kind, as `engines.extract` and `engines.pipeline` name it: in which part of the page it is.
PARTS: Final = ("drawn", "rendered", "shown", "srcdoc", "template", "noscript", "noframes", "noembed", "feed")
# Kinds that are a word and a name behind it; a name without a text of its own is the page's own and shown as it is.
LOADED: Final = "loaded"  # with what a rendered page requested
SORTS: Final = frozenset({"css", "script", "meta", "header", "comment", "data", "handler", "xml", LOADED})
_ATOB: Final = ":atob"
_DOCUMENT: Final = "document"
REDIRECT: Final = "redirect"  # with the kind of a hop


def redirect_kind(hop: str) -> str:
    """Return the kind of a reference that is a redirect of this kind (`http`, `meta`, ...)."""
    return f"{REDIRECT}:{hop}"


def hop_of(kind: str) -> str:
    """Return the kind of redirect of a reference's kind; other kinds stay as they are."""
    return kind.removeprefix(f"{REDIRECT}:")


def loaded_kind(name: str) -> str:
    """Return the kind of a reference to what a rendered page requested (`script`, `image`, ...)."""
    return f"{LOADED}:{name}"


def kind_text(kind: str, texts: MessageCatalog) -> str:
    """Return what people read instead of `Reference.kind`. Element and attribute (`a[href]`) stay as they are."""
    sign, visitor = sign_of(kind), visitor_of(kind)
    said: str = _plain(without_visitor(kind), texts) if sign is None else texts(f"kind.own.{sign.value}")
    return said if visitor is None else texts("shown_to", said=said, visitor=texts(f"visitor.{visitor.value}"))


def _plain(kind: str, texts: MessageCatalog) -> str:
    notes = []
    while (part := next((part for part in PARTS if kind.startswith(f"{part}:")), None)) is not None:
        notes.append(texts(f"kind.part.{part}"))
        kind = kind.removeprefix(f"{part}:")
    if kind.endswith(_ATOB):
        kind = kind.removesuffix(_ATOB)
        notes.append(texts("kind.base64"))
    return texts.join_clauses(text for text in (_named(kind, texts), *notes) if text)


def _named(kind: str, texts: MessageCatalog) -> str:
    sort, _, name = kind.partition(":")
    if sort in DOCUMENT_KINDS:
        return texts(f"kind.{_DOCUMENT}", format=sort.upper(), name=_name(_DOCUMENT, name, texts))
    if sort == REDIRECT and f"hop.{name}" in texts:  # the page has elements of that name, too
        return texts(f"hop.{name}")
    if sort not in SORTS:
        return kind
    whole = f"kind.{sort}.{name}" if name else f"kind.{sort}"
    key = whole if whole in texts else f"kind.{sort}.named"
    return texts(key, name=name)  # always with the name, which is the page's own: it may be "named"


def _name(sort: str, name: str, texts: MessageCatalog) -> str:
    key = f"kind.{sort}.{name}"
    return texts(key) if key in texts else name


def place_text(kind: str, place: str, texts: MessageCatalog) -> str:
    """Return the place of a reference: "page 3" in the reader's language; in a page its DOM path as it is."""
    sort, found, name = place.partition(":")
    if kind.partition(":")[0] not in DOCUMENT_KINDS or not found or sort not in _PLACES:
        return place
    return texts(f"place.{sort}", name=name)
