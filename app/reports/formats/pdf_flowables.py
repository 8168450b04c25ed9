"""Flowables of a PDF that reportlab has not: marked as content or artifact, and cut where a reader expects it."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, Final, cast

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import A4
from reportlab.platypus import Flowable, Image, KeepTogether, TableStyle
from reportlab.platypus import Table as PdfTable
from reportlab.platypus.doctemplate import NullActionFlowable

from app.reports.formats.blocks import Heading
from app.reports.formats.pdf_tags import Element
from app.reports.formats.pdf_text import LINE, known

MOST_OF_A_PAGE: Final = A4[1] * 0.8
MOST_KEPT: Final = A4[1] * 0.42  # what is higher is cut: it would leave half a page empty


class Bookmark(Flowable):
    """Nothing to see: a place that links lead to, and a line of the outline."""

    def __init__(self, heading: Heading, key: str) -> None:
        super().__init__()
        self._heading = heading
        self._key = key

    def wrap(self, *_available: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        self.mark(self.canv, 0)

    def mark(self, canvas: Any, height: float) -> None:
        heading = self._heading
        canvas.bookmarkHorizontal(self._key, 0, height)
        if heading.level in (2, 3):
            canvas.addOutlineEntry(known(heading.text)[:100], self._key, heading.level - 2, closed=True)


class MarkedHeading(Flowable):
    """A heading, with its place above it."""

    def __init__(self, shown: Flowable, place: Bookmark) -> None:
        super().__init__()
        self._shown = shown
        self._place = place
        self.spaceBefore, self.spaceAfter = shown.spaceBefore, shown.spaceAfter

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = self._shown.wrapOn(self.canv, width, height)
        return self.width, self.height

    def draw(self) -> None:
        self._place.mark(self.canv, self.height)
        self._shown.drawOn(self.canv, 0, 0)


class TaggedImage(Image):
    """A page is white as the paper is: a line says where it ends."""

    canv: Any  # a `TaggedCanvas`, while it is drawn

    def __init__(self, data: bytes, width: float, height: float, element: Element, *, framed: bool = True) -> None:
        super().__init__(BytesIO(data), width, height, hAlign="LEFT", mask="auto")
        self._element = element
        self._framed = framed

    def draw(self) -> None:
        left, low = self.canv.absolutePosition(0, 0)
        box = (left, low, left + self.drawWidth, low + self.drawHeight)
        self._element.attributes = {"BBox": f"[{' '.join(f'{edge:.1f}' for edge in box)}]"}
        with self.canv.tagged(self._element):
            super().draw()
        if self._framed:
            with self.canv.artifact():
                self.canv.setStrokeColor(LINE)
                self.canv.setLineWidth(0.5)
                self.canv.rect(0, 0, self.drawWidth, self.drawHeight)


class KeptTogether(KeepTogether):
    """Parts that stay on one page; where they are too high for that, each part stays on one."""

    _H: float  # height of all, which `wrap` finds

    def __init__(self, parts: Sequence[Sequence[Flowable]]) -> None:
        super().__init__([flowable for part in parts for flowable in part])
        self._parts = parts

    def split(self, width: float, height: float) -> list[Flowable]:
        self.wrap(width, height)
        if len(self._parts) > 1 and self._H > MOST_KEPT:
            return [NullActionFlowable(), *(KeptTogether([part]) for part in self._parts)]  # the first is never split
        parts: list[Flowable] = super().split(width, height)
        return parts


class Grid(PdfTable):
    """A table whose rows stay whole, unless one is higher than a page."""

    def split(self, width: float, height: float) -> list[Flowable]:
        self.splitInRow = 0
        parts: list[Flowable] = super().split(width, height)
        if not parts and height > MOST_OF_A_PAGE:
            self.splitInRow = 1
            parts = super().split(width, height)
        return parts


def boxed(paragraph: Flowable, width: float, colour: Color) -> Flowable:
    return grid([[paragraph]], [width], [("BACKGROUND", (0, 0), (-1, -1), colour), *padding(5, 3)], after=4)


def padding(across: float, along: float) -> Iterator[tuple[Any, ...]]:
    for side in ("LEFT", "RIGHT"):
        yield (f"{side}PADDING", (0, 0), (-1, -1), across)
    for side in ("TOP", "BOTTOM"):
        yield (f"{side}PADDING", (0, 0), (-1, -1), along)


def grid(
    rows: Sequence[Sequence[Any]],
    widths: Sequence[float],
    style: Sequence[tuple[Any, ...]],
    *,
    repeated: int = 0,
    before: float = 0,
    after: float = 0,
) -> Flowable:
    """Return a table of reportlab, whose lines and backgrounds are no content."""
    return Grid(
        [list(row) for row in rows],
        list(widths),
        style=TableStyle(list(style)),
        repeatRows=repeated,
        spaceBefore=before,
        spaceAfter=after,
        hAlign="LEFT",
        renderCB=cast("Any", _mark_decoration),  # its events differ in their details
    )


def _mark_decoration(table: Any, event: str, *_details: Any) -> None:
    """Mark backgrounds and lines as artifacts (`reportlab.platypus.tables.Table.draw` says when they are drawn)."""
    if event in ("startBG", "startLines"):
        table.canv.begin_artifact()
    elif event in ("endBG", "endLines"):
        table.canv.end_artifact()
