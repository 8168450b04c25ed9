"""Office Open XML (docx, xlsx, pptx): what its relations, fields and texts lead to.

A link is a relation of a part; where it is used in the part says what its text is, or which cell it stands in.
"""

import posixpath
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from app.domain.scan_facts import Relation
from app.engines.documents.cpu_budget import CpuBudget
from app.engines.documents.links import DocumentLinks
from app.engines.documents.xml_events import Attributes, read_xml
from app.engines.documents.zip_parts import ZipParts

_MAIN: Final = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_OVERVIEW: Final = {"xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
_TYPES: Final = {"hyperlink": ("link", Relation.LINK), "image": ("image", Relation.EMBED)}
# Templates, frames, linked objects and tables of other hosts: loaded when the document is opened.
_LOADED: Final = ("external", Relation.EMBED)
_USES: Final = frozenset({"hyperlink", "hlinkClick", "hlinkHover", "hlinkMouseOver"})
_BLOCKS: Final = frozenset({"p", "si", "c"})  # a paragraph, a shared text, a cell
_FIELD: Final = re.compile(r'HYPERLINK\s{0,20}\(?\s{0,20}"{1,2}([^"]{1,2048})"', re.IGNORECASE)
_MAX_BLOCK: Final = 100_000  # characters of one paragraph that are looked at
_MAX_NESTED: Final = 10  # links within links, which none should have
_RELS: Final = ".rels"


def is_open_xml(parts: ZipParts) -> bool:
    """Tell whether the archive is one of these."""
    return "[Content_Types].xml" in parts.names and any(name.startswith(tuple(_MAIN)) for name in parts.names)


def read_open_xml(parts: ZipParts, links: DocumentLinks, budget: CpuBudget) -> None:
    """Add what the document leads to."""
    main = next(name for name in parts.names if name.startswith(tuple(_MAIN)))
    links.kind = _MAIN[f"{main.partition('/')[0]}/"]
    places = _places(parts, links.kind, budget)
    for name in _parts(parts, links.kind):
        if budget.is_spent:
            links.is_partial = True
            return
        relations = _relations(parts, name, budget)
        reader = _Part(links, place=places.get(name, ""), relations=relations)
        if _may_lead(body := parts.read(name), relations):
            links.is_partial |= not read_xml(body, reader, budget)
        reader.finish()
    links.title = _title(parts, budget)


def _parts(parts: ZipParts, kind: str) -> list[str]:
    """Return the parts with text or relations: the document's own first."""
    folder = next(folder for folder, name in _MAIN.items() if name == kind)
    named = dict.fromkeys(parts.matching(folder, ".xml"))
    owners = {_owner(name) for name in parts.matching("", _RELS)}
    others = sorted(name for name in owners if name not in named)
    return [*named, *others]


def _owner(rels: str) -> str:
    """word/_rels/document.xml.rels belongs to word/document.xml."""
    folder, _, name = rels.rpartition("/")
    return posixpath.join(folder.removesuffix("_rels").rstrip("/"), name.removesuffix(_RELS))


def _may_lead(body: bytes, relations: "dict[str, _Link]") -> bool:
    """Most parts (styles, themes, settings) name nothing but schemas."""
    if not body.startswith((b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff")):
        return False
    return bool(relations) or any(word in body for word in (b"HYPERLINK", b"hyperlink", b"://", b"www."))


@dataclass(slots=True)
class _Link:
    """A relation that leads out of the document."""

    target: str
    where: str
    relation: Relation
    is_used: bool = False


class _RelationReader:
    def __init__(self) -> None:
        self.external: dict[str, _Link] = {}
        self.internal: dict[str, str] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship":
            return
        key, target = attributes.get("Id", ""), attributes.get("Target", "")
        if attributes.get("TargetMode", "").lower() == "external":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.external[key] = _Link(target, *_TYPES.get(kind, _LOADED))
        else:
            self.internal[key] = target

    def text(self, data: str) -> None: ...

    def end(self, name: str) -> None: ...


def _read_relations(parts: ZipParts, name: str, budget: CpuBudget) -> _RelationReader:
    folder, _, file = name.rpartition("/")
    reader = _RelationReader()
    read_xml(parts.read(posixpath.join(folder, "_rels", f"{file}{_RELS}")), reader, budget)
    return reader


def _relations(parts: ZipParts, name: str, budget: CpuBudget) -> dict[str, _Link]:
    return _read_relations(parts, name, budget).external


class _Overview:
    """The sheets or slides in their order."""

    def __init__(self) -> None:
        self.items: list[tuple[str, str]] = []  # (name of a sheet, id of the relation)

    def start(self, name: str, attributes: Attributes) -> None:
        # A slide has an id of its own beside that of its relation, with the same local name: the relation's comes last.
        if name in ("sheet", "sldId"):
            self.items.append((attributes.get("name", ""), attributes.get("id", "")))

    def text(self, data: str) -> None: ...

    def end(self, name: str) -> None: ...


def _places(parts: ZipParts, kind: str, budget: CpuBudget) -> dict[str, str]:
    """Return by part which sheet or slide it is."""
    overview = _OVERVIEW.get(kind)
    if overview is None:
        return {}
    reader = _Overview()
    read_xml(parts.read(overview), reader, budget)
    targets = _read_relations(parts, overview, budget).internal
    found = {}
    for number, (name, relation) in enumerate(reader.items, 1):
        target = targets.get(relation, "")
        part = target.lstrip("/") if target.startswith("/") else posixpath.join(posixpath.dirname(overview), target)
        found[part] = f"sheet:{name}" if kind == "xlsx" else f"slide:{number}"
    return found


@dataclass(slots=True)
class _Part:
    """Reads one part: uses of its relations, fields, running text."""

    links: DocumentLinks
    place: str
    relations: dict[str, _Link]
    _open: list[tuple[str, _Link | None, list[str]]] = field(default_factory=list)  # links that text stands in
    _block: list[str] = field(default_factory=list)
    _code: list[str] = field(default_factory=list)  # of a field, which may come in pieces
    _names: list[str] = field(default_factory=list)
    _cell: str = ""

    def start(self, name: str, attributes: Attributes) -> None:
        self._names.append(name)
        if name == "c":
            self._cell = attributes.get("r", "")
        if name in _USES:
            self._use(name, attributes)
        if name == "fldSimple":
            self._fields(attributes.get("instr", ""))

    def _use(self, name: str, attributes: Attributes) -> None:
        link = self.relations.get(attributes.get("id", ""))
        if link is None:
            return
        link.is_used = True
        place = f"{self.place}!{attributes['ref']}" if self.place and "ref" in attributes else self.place
        if name == "hyperlink" and "ref" not in attributes and len(self._open) < _MAX_NESTED:
            self._open.append((place, link, []))
        else:
            self._add(link, place, attributes.get("display", "") or attributes.get("tooltip", ""))

    def _add(self, link: _Link, place: str, text: str) -> None:
        self.links.add(link.target, link.where, relation=link.relation, place=place, text=text)

    def text(self, data: str) -> None:
        inside = self._names[-1] if self._names else ""
        if inside in ("instrText", "f"):
            self._code.append(data)
        elif inside in ("t", "v", "a"):
            self._block.append(data)
            for _, _, pieces in self._open:
                pieces.append(data)

    def end(self, name: str) -> None:
        if self._names:
            self._names.pop()
        if name == "hyperlink" and self._open:
            place, link, pieces = self._open.pop()
            if link is not None:
                self._add(link, place, "".join(pieces))
        if name in _BLOCKS:
            self._end_block()

    def _end_block(self) -> None:
        cell = f"!{self._cell}" if self._cell and self.place else ""
        self.links.mention("".join(self._block)[:_MAX_BLOCK], place=f"{self.place}{cell}")
        self._fields("".join(self._code), f"{self.place}{cell}")
        self._block.clear()
        self._code.clear()

    def _fields(self, code: str, place: str = "") -> None:
        for match in _FIELD.finditer(code[:_MAX_BLOCK]):
            self.links.add(match[1], "field", place=place or self.place, snippet=match[0])

    def finish(self) -> None:
        """Add what is left: relations that no place of the part was seen to use."""
        self._end_block()
        for link in self.relations.values():
            if not link.is_used:
                self._add(link, self.place, "")


class _Title:
    def __init__(self) -> None:
        self.pieces: defaultdict[str, list[str]] = defaultdict(list)
        self._name = ""

    def start(self, name: str, attributes: Attributes) -> None:  # noqa: ARG002 - the handler's signature
        self._name = name

    def text(self, data: str) -> None:
        self.pieces[self._name].append(data)

    def end(self, name: str) -> None:  # noqa: ARG002 - the handler's signature
        self._name = ""


def _title(parts: ZipParts, budget: CpuBudget) -> str:
    reader = _Title()
    read_xml(parts.read("docProps/core.xml"), reader, budget)
    return "".join(reader.pieces["title"])
