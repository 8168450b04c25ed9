"""The structure of a tagged PDF (PDF/UA-1, ISO 14289-1): what screen readers read, in the order of reading.

reportlab draws pages and knows no structure. Elements are created while the document is laid out, in the order of
reading; what is then drawn for an element is marked with its number on the page, everything else as an artifact.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

VERSION: Final = (1, 7)  # of PDF, on which PDF/UA-1 builds
_METADATA: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True, slots=True)
class Mark:
    """Marked content of a page: a piece of what shows the element."""

    page: Any  # reference to the page
    number: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """A link that belongs to the element."""

    reference: Any
    page: Any


@dataclass(eq=False, slots=True)
class Element:
    """`kind`: a standard structure type, such as H1, P, Table, TR, TD, L, LI, Figure. `alt`: of a figure."""

    kind: str
    alt: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)  # of the owner `owner`
    owner: str = "Layout"
    kids: list["Element | Mark | Annotation"] = field(default_factory=list)

    def add(self, kind: str, **details: Any) -> "Element":
        """Return a new element, the last one below this."""
        child = Element(kind, **details)
        self.kids.append(child)
        return child


class _Link(pdfdoc.LinkAnnotation):
    permitted = (*pdfdoc.LinkAnnotation.permitted, "StructParent")


class TaggedCanvas(Canvas):
    """Draws pages, and writes the structure below `root` when it saves the document."""

    # What the types of reportlab leave out.
    _doc: Any
    _code: list[str]
    _annotationrefs: list[Any]
    _absRect: Any  # noqa: N815 - reportlab's name
    _addAnnotation: Any  # noqa: N815 - reportlab's name
    _bookmarkReference: Any  # noqa: N815 - reportlab's name

    def __init__(self, filename: Any, *, root: Element, title: str, **details: Any) -> None:
        super().__init__(filename, **{**details, "pdfVersion": VERSION})
        self._root = root
        self._title = title
        self._marked: list[Element] = []  # on the page that is drawn, by their numbers
        self._parents: list[Any] = []  # for each key of the parent tree: the elements of a page, or that of a link
        self._page_key = self._new_key()
        self.setViewerPreference("DisplayDocTitle", "true")
        self.showOutline()

    @classmethod
    def maker(cls, root: Element, title: str) -> Any:
        """Return what a document template calls to make its canvas."""

        def make(filename: Any, **details: Any) -> "TaggedCanvas":
            return cls(filename, root=root, title=title, **details)

        return make

    def _new_key(self) -> int:
        self._parents.append(None)
        return len(self._parents) - 1

    @property
    def _page_reference(self) -> Any:
        return pdfdoc.PDFObjectReference(self._doc.thisPageName())

    @contextmanager
    def tagged(self, element: Element) -> Iterator[None]:
        """What is drawn within is a piece of the element."""
        number = len(self._marked)
        self._marked.append(element)
        element.kids.append(Mark(self._page_reference, number))
        self._code.append(f"/{element.kind} <</MCID {number}>> BDC")
        yield
        self._code.append("EMC")

    @contextmanager
    def artifact(self) -> Iterator[None]:
        """What is drawn within is no content: lines, backgrounds, page numbers, repeated headers."""
        self.begin_artifact()
        yield
        self.end_artifact()

    def begin_artifact(self) -> None:
        self._code.append("/Artifact BMC")

    def end_artifact(self) -> None:
        self._code.append("EMC")

    def lead(self, element: Element, anchor: str, text: str, rectangle: tuple[float, float, float, float]) -> None:
        """Make the rectangle a link to a place in the document, which belongs to the element."""
        key = self._new_key()
        self._parents[key] = element
        name = f"link-{key}"
        details: dict[str, Any] = {"Border": "[0 0 0]", "F": 4, "StructParent": key}  # 4: it is printed
        place = self._absRect(rectangle, 1)
        self._addAnnotation(_Link(place, text, self._bookmarkReference(anchor), **details), name)
        element.kids.append(Annotation(self._doc.refAnnotation(name), self._page_reference))

    def _setAnnotations(self, page: Any) -> None:  # noqa: N802 - reportlab's name
        page.Annots = self._annotationrefs
        page.__NoDefault__ = [*page.__NoDefault__, "StructParents", "Tabs"]
        page.StructParents = self._page_key
        page.Tabs = pdfdoc.PDFName("S")
        self._parents[self._page_key] = self._marked
        self._marked, self._page_key = [], self._new_key()

    def save(self) -> None:
        if self._code:
            self.showPage()
        _write(self._doc, self._root, self._parents)
        content = _METADATA.format(title=escape(self._title)).encode("utf-8", "replace")
        kinds = {"Type": pdfdoc.PDFName("Metadata"), "Subtype": pdfdoc.PDFName("XML")}
        self._doc.Catalog.Metadata = pdfdoc.PDFStream(pdfdoc.PDFDictionary(kinds), content, [])
        self._doc.Catalog.MarkInfo = pdfdoc.PDFDictionary({"Marked": "true"})
        super().save()


def _write(document: Any, root: Element, parents: list[Any]) -> None:
    """Add the structure tree to the document."""
    tree = pdfdoc.PDFDictionary({"Type": pdfdoc.PDFName("StructTreeRoot")})
    tree_reference = document.Reference(tree)
    references: dict[Element, Any] = {}
    tree["K"] = _element(document, root, tree_reference, references)
    numbers: list[Any] = []
    for key, owner in enumerate(parents):
        if owner is not None:
            numbers += [key, references[owner] if isinstance(owner, Element) else _array(references, owner)]
    tree["ParentTree"] = document.Reference(pdfdoc.PDFDictionary({"Nums": pdfdoc.PDFArray(numbers)}))
    tree["ParentTreeNextKey"] = len(parents)
    document.Catalog.StructTreeRoot = tree


def _array(references: dict[Element, Any], elements: list[Element]) -> Any:
    return pdfdoc.PDFArray([references[element] for element in elements])


def _element(document: Any, element: Element, parent: Any, references: dict[Element, Any]) -> Any:
    entry = pdfdoc.PDFDictionary({"Type": pdfdoc.PDFName("StructElem"), "S": pdfdoc.PDFName(element.kind), "P": parent})
    reference = references[element] = document.Reference(entry)
    entry["K"] = pdfdoc.PDFArray([_kid(document, kid, reference, references) for kid in element.kids])
    if element.alt:
        entry["Alt"] = pdfdoc.PDFString(element.alt)
    if element.attributes:
        owner = {"O": pdfdoc.PDFName(element.owner)}
        entry["A"] = pdfdoc.PDFDictionary({**owner, **element.attributes})
    return reference


def _kid(document: Any, kid: Element | Mark | Annotation, parent: Any, references: dict[Element, Any]) -> Any:
    match kid:
        case Element():
            return _element(document, kid, parent, references)
        case Mark():
            return pdfdoc.PDFDictionary({"Type": pdfdoc.PDFName("MCR"), "Pg": kid.page, "MCID": kid.number})
        case Annotation():
            return pdfdoc.PDFDictionary({"Type": pdfdoc.PDFName("OBJR"), "Pg": kid.page, "Obj": kid.reference})
