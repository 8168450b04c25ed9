"""PDF: links, actions, scripts and texts, with the page that has them."""

import logging
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any, Final

from app.domain.scan_facts import Relation
from app.engines.documents.cpu_budget import CpuBudget
from app.engines.documents.links import DocumentLinks
from app.engines.documents.zip_parts import Encrypted

MAX_PAGES: Final = 3_000
MAX_ANNOTATIONS: Final = 2_000  # of one page
MAX_TEXT_PAGES: Final = 200
MAX_CONTENT: Final = 1024 * 1024  # decoded bytes of a page from which on its text is not read: drawings, maps
MAX_ACTIONS: Final = 20  # one after the other
MAX_OUTLINE: Final = 2_000
MAX_NAMES: Final = 200
MAX_SCRIPT: Final = 200_000
# A link as it lies in the bytes of a file whose structure cannot be read.
_LOOSE: Final = re.compile(rb"/URI\s{0,10}\(((?:[^()\\]|\\.){1,2048})\)", re.DOTALL)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_WITH_FILE: Final = {"/Launch": "external", "/GoToR": "link", "/SubmitForm": "form", "/ImportData": "external"}


class Broken(Exception):
    """Raised when the structure of the file cannot be read."""


def read_pdf(body: bytes, links: DocumentLinks, budget: CpuBudget, *, with_texts: bool) -> None:
    """Add what the document leads to.

    Raises:
        Encrypted: it needs a password.
    """
    links.kind = "pdf"
    try:
        reader = _Reader(body, links, budget)
    except Broken:
        links.problem, links.is_partial = "broken", True
        _read_loosely(body, links)
        return
    reader.read(with_texts=with_texts)


def _read_loosely(body: bytes, links: DocumentLinks) -> None:
    for match in islice(_LOOSE.finditer(body), MAX_ANNOTATIONS):
        links.add(_ESCAPED.sub(rb"\1", match[1]).decode("utf-8", "replace"), "link")


class _Reader:
    def __init__(self, body: bytes, links: DocumentLinks, budget: CpuBudget) -> None:
        # A tenth of a second of imports, which scans without such documents do not pay.
        from pypdf import PdfReader
        from pypdf.errors import DependencyError, PyPdfError

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong with a stranger's file is his business
        # What broken files make the library raise; memory is reported as that of any page.
        self._errors = (
            PyPdfError,
            DependencyError,
            NotImplementedError,  # of filters that there are not
            RecursionError,
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
            OSError,
            ArithmeticError,
        )
        self._links = links
        self._budget = budget
        try:
            self._pdf = PdfReader(BytesIO(body), strict=False)
            if self._pdf.is_encrypted and not self._pdf.decrypt(""):
                raise Encrypted
            self._root = _value(self._pdf.trailer["/Root"])
            self._pages = self._pdf.pages
            self._count = min(len(self._pages), MAX_PAGES)
        except self._errors as error:
            raise Broken from error
        links.is_partial |= len(self._pages) > MAX_PAGES

    def read(self, *, with_texts: bool) -> None:
        """Links of all pages first: texts take a hundred times as long."""
        for step in (self._read_title, self._read_events, self._read_outline, self._read_scripts):
            self._guarded(step)
        for number in range(self._count):
            if self._budget.is_spent:
                self._links.is_partial = True
                return
            self._guarded(self._read_annotations, number)
        self._links.is_partial |= not with_texts or self._count > MAX_TEXT_PAGES
        for number in range(min(self._count, MAX_TEXT_PAGES) if with_texts else 0):
            if self._budget.is_spent:
                self._links.is_partial = True
                return
            self._guarded(self._read_text, number)

    def _guarded(self, step: Any, *arguments: int) -> None:
        """One broken page or entry is no reason to leave out the others."""
        try:
            step(*arguments)
        except self._errors:
            self._links.is_partial = True

    def _read_title(self) -> None:
        self._links.title = str((_value(self._pdf.trailer.get("/Info")) or {}).get("/Title") or "")

    def _read_events(self) -> None:
        self._action(self._root.get("/OpenAction"), "")
        self._actions(self._root.get("/AA"), "")

    def _read_scripts(self) -> None:
        names = _value((_value(self._root.get("/Names")) or {}).get("/JavaScript")) or {}
        for script in islice(_list(names.get("/Names")), MAX_NAMES):
            self._action(script, "")

    def _read_outline(self) -> None:
        """Bookmarks may lead out as well."""
        waiting = [(_value(self._root.get("/Outlines")) or {}).get("/First")]
        for _ in range(MAX_OUTLINE):
            if not waiting:
                return
            item = _value(waiting.pop())
            if not hasattr(item, "get"):
                continue
            self._action(item.get("/A"), "", text=str(item.get("/Title") or ""))
            waiting += [step for step in (item.get("/Next"), item.get("/First")) if step is not None]

    def _read_annotations(self, number: int) -> None:
        page, place = self._pages[number], f"page:{number + 1}"
        self._actions(page.get("/AA"), place)
        for annotation in islice(_list(page.get("/Annots")), MAX_ANNOTATIONS):
            found = _value(annotation)
            if hasattr(found, "get"):
                text = str(_value(found.get("/Contents")) or "")
                self._action(found.get("/A"), place, text=text)
                self._action(found.get("/PA"), place, text=text)
                self._actions(found.get("/AA"), place)

    def _read_text(self, number: int) -> None:
        page = self._pages[number]
        content = page.get_contents()
        if content is None:
            return
        if len(content.get_data()) > MAX_CONTENT:
            self._links.is_partial = True
            return
        self._links.mention(page.extract_text(), place=f"page:{number + 1}")

    def _actions(self, actions: Any, place: str) -> None:
        """Add those that events set off."""
        found = _value(actions)
        if hasattr(found, "values"):
            for action in islice(found.values(), MAX_NAMES):
                self._action(action, place)

    def _action(self, action: Any, place: str, text: str = "") -> None:
        waiting = [action]
        for _ in range(MAX_ACTIONS):
            if not waiting:
                return
            found = _value(waiting.pop())
            if not hasattr(found, "get"):
                continue
            self._one_action(found, place, text)
            waiting += _list(found.get("/Next"))

    def _one_action(self, action: Any, place: str, text: str) -> None:
        kind = str(_value(action.get("/S")))
        if kind == "/URI":
            self._links.add(_text(action.get("/URI")), "link", place=place, text=text)
        elif kind == "/JavaScript":
            self._links.mention(_text(action.get("/JS"))[:MAX_SCRIPT], "script", place=place)
        elif kind in _WITH_FILE:
            relation = Relation.LINK if kind == "/GoToR" else Relation.EMBED
            target = _file(action.get("/F"))
            if target.lower().startswith(("http:", "https:")):
                self._links.add(target, _WITH_FILE[kind], relation=relation, place=place, text=text)


def _value(found: Any) -> Any:
    """Return what an indirect object stands for."""
    return found.get_object() if hasattr(found, "get_object") else found


def _list(found: Any) -> Iterator[Any]:
    """Yield the members of an array; anything else is one."""
    value = _value(found)
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value


def _text(found: Any) -> str:
    """Return a string, or the content of a stream."""
    value = _value(found)
    if hasattr(value, "get_data"):
        value = value.get_data()[:MAX_SCRIPT]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _file(found: Any) -> str:
    """Return the address of a file specification."""
    value = _value(found)
    return _text(value.get("/UF") or value.get("/F")) if hasattr(value, "get") else _text(value)
