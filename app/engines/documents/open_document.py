"""OpenDocument (odt, ods, odp): what its content and its styles lead to."""

from dataclasses import dataclass, field
from typing import Final

from app.domain.scan_facts import Relation
from app.engines.documents.cpu_budget import CpuBudget
from app.engines.documents.links import DocumentLinks
from app.engines.documents.xml_events import Attributes, read_xml
from app.engines.documents.zip_parts import Encrypted, ZipParts

_BEGINNING: Final = "application/vnd.oasis.opendocument."
_KINDS: Final = {"text": "odt", "spreadsheet": "ods", "presentation": "odp"}
_PARTS: Final = ("content.xml", "styles.xml")
_LINKS: Final = frozenset({"a", "button", "form", "event-listener"})
_MAX_BLOCK: Final = 100_000
_MAX_NESTED: Final = 10  # links within links, which none should have
_NAMED: Final = 100  # bytes of the part that says the type


def is_open_document(parts: ZipParts) -> bool:
    """Tell whether the archive is one of these."""
    return _type(parts).startswith(_BEGINNING)


def _type(parts: ZipParts) -> str:
    return parts.read("mimetype")[:_NAMED].decode("ascii", "replace")


def read_open_document(parts: ZipParts, links: DocumentLinks, budget: CpuBudget) -> None:
    """Add what the document leads to.

    Raises:
        Encrypted: it needs a password.
    """
    named = _type(parts).removeprefix(_BEGINNING).strip().partition("-")[0]
    links.kind = _KINDS.get(named, "odf")
    if b"encryption-data" in parts.read("META-INF/manifest.xml"):
        raise Encrypted
    for name in _PARTS:
        links.is_partial |= not read_xml(parts.read(name) or b"<none/>", _Content(links), budget)


@dataclass(slots=True)
class _Content:
    """Reads one part."""

    links: DocumentLinks
    _page: int = 0
    _sheet: str = ""
    _block: list[str] = field(default_factory=list)
    _open: list[tuple[str, list[str]]] = field(default_factory=list)  # links that text stands in
    _deeper: int = 0  # links that are open inside of so many that their own text is not read

    @property
    def _place(self) -> str:
        if self._sheet:
            return f"sheet:{self._sheet}"
        return f"slide:{self._page}" if self._page and self.links.kind == "odp" else ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "page":
            self._page += 1
        if name == "table" and self.links.kind == "ods":
            self._sheet = attributes.get("name", "")
        if (target := attributes.get("href")) is None:
            return
        if name == "a" and len(self._open) < _MAX_NESTED:
            self._open.append((target, []))
        elif name == "a":
            self._deeper += 1
            self.links.add(target, "link", place=self._place)
        elif name in _LINKS:
            self.links.add(target, "link", place=self._place)
        elif target.startswith(("http:", "https:", "//")):
            where = "image" if name == "image" else "external"
            self.links.add(target, where, relation=Relation.EMBED, place=self._place)

    def text(self, data: str) -> None:
        self._block.append(data)
        for _, pieces in self._open:
            pieces.append(data)

    def end(self, name: str) -> None:
        if name == "a" and self._deeper:
            self._deeper -= 1
        elif name == "a" and self._open:
            target, pieces = self._open.pop()
            self.links.add(target, "link", place=self._place, text="".join(pieces))
        if name in ("p", "h"):
            self.links.mention("".join(self._block)[:_MAX_BLOCK], place=self._place)
            self._block.clear()
