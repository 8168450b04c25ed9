"""Where in a document that is no page a reference stands, for people."""

from typing import Final

from app.domain.messages import MessageCatalog

# First parts of the kinds of references, as `engines.documents` names them.
DOCUMENT_KINDS: Final = frozenset(
    {"pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp", "odf", "doc", "xls", "ppt", "ole", "rtf"}
)
_PLACES: Final = frozenset({"page", "slide", "sheet"})


def place_text(kind: str, place: str, texts: MessageCatalog) -> str:
    """Return the place of a reference: "page 3" in the reader's language; in a page its DOM path as it is."""
    sort, found, name = place.partition(":")
    if kind.partition(":")[0] not in DOCUMENT_KINDS or not found or sort not in _PLACES:
        return place
    return texts(f"place.{sort}", name=name)
