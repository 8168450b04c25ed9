"""What each block of a document becomes in a PDF: flowables of reportlab, and elements of its structure."""

from dataclasses import replace
from typing import Final, assert_never

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable

from app.reports.formats.blocks import (
    Beside,
    Block,
    Cell,
    Column,
    Facts,
    Heading,
    Items,
    Logo,
    Masthead,
    PageBreak,
    Picture,
    Quote,
    Statement,
    Table,
    Text,
    Tiles,
    Tone,
)
from app.reports.formats.pdf_flowables import Bookmark, MarkedHeading, TaggedImage, boxed, grid, padding
from app.reports.formats.pdf_tags import Element
from app.reports.formats.pdf_text import INK, LINE, LINK, RISKS, SOFT, WASH, Badge, PlainText, TextStyle, known

MAX_TEXT: Final = 4_000  # characters of a paragraph; a cell has to fit on a page
MAX_CELL: Final = 800
PICTURE_HEIGHT: Final = 25 * mm
BOARD_PICTURE_HEIGHT: Final = 75 * mm  # on the first page
PIXEL: Final = 0.26 * mm  # at most, as on a screen: a small picture is not blown up
LABEL_WIDTH: Final = 27 * mm  # of the names of facts
BADGE_WIDTH: Final = 26 * mm
LOGO_WIDTH: Final = 45 * mm
LOGO_HEIGHT: Final = 16 * mm
GAP: Final = 6 * mm  # between columns
HALF_A_PAGE: Final = A4[1] / 2
_TONES: Final = {Tone.WARNING: HexColor("#fff4e5"), Tone.GOOD: HexColor("#e9f7ef")}
_EDGES: Final = {Tone.WARNING: HexColor("#b45309"), Tone.GOOD: HexColor("#15803d")}
_SIZES: Final = {1: 20, 2: 14, 3: 11, 4: 9.5}
_ABOVE: Final = {1: 0, 2: 14, 3: 10, 4: 6}  # points
_STATEMENT: Final = 15  # points
_NUMBER: Final = 22  # points
FIRST_PAGE_SCALE: Final = 1.2  # until the first page break: what a board reads is set larger
_SMALL: Final = 6.5  # points: a line of 100 mm has a SHA-256


class Renderer:
    """Appends to the structure in the order of calls: blocks are rendered in the order in which they are read."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._places = 0
        self._scale = FIRST_PAGE_SCALE

    def render(self, block: Block, width: float) -> list[Flowable]:
        """Return the flowables of a block. None that cannot be split is higher than a page."""
        match block:
            case Heading():
                return self._heading(block, width)
            case Masthead():
                return [self._masthead(block, width)]
            case Statement():
                return [self._statement(block, width)]
            case Tiles():
                return [self._tiles(block, width)]
            case Text():
                return [self._text(block, width)]
            case Items():
                return self._items(block, width)
            case Facts():
                return [self._facts(block, width)]
            case Quote():
                text = self._paragraph(block.text, TextStyle(7), self._root.add("P"))
                return [boxed(text, width, WASH)]
            case Picture():
                return self._picture(block, width)
            case Table():
                return [self._table(block, width)]
            case Beside():
                return [self._beside(block, width)]
            case PageBreak():
                self._scale = 1
                return [CondPageBreak(HALF_A_PAGE)]
            case _:
                assert_never(block)

    def _paragraph(
        self, text: str, style: TextStyle, element: Element, *, limit: int = MAX_TEXT, anchor: str = ""
    ) -> PlainText:
        shown = text if len(text) <= limit else f"{text[:limit]}…"
        scaled = replace(style, size=style.size * self._scale)
        return PlainText(known(shown), scaled, element, anchor=anchor)

    def _cell(self, text: str, style: TextStyle, element: Element, *, anchor: str = "") -> PlainText:
        return self._paragraph(text, style, element, limit=MAX_CELL, anchor=anchor)

    def _heading(self, block: Heading, width: float) -> list[Flowable]:
        element = self._root.add(f"H{block.level}")
        self._places += 1
        place = Bookmark(block, block.anchor or f"place-{self._places}")
        colour = INK if block.level < 4 else SOFT  # noqa: PLR2004 - the smallest
        text = self._paragraph(block.text, TextStyle(_SIZES[block.level], colour, bold=True), element)
        shown: Flowable = text
        if block.badge:
            shown = self._with_badge(block, text, element, width)
        shown.spaceBefore, shown.spaceAfter = _ABOVE[block.level], 3
        return [shown, place] if block.level == 1 else [MarkedHeading(shown, place)]

    def _with_badge(self, block: Heading, text: PlainText, element: Element, width: float) -> Flowable:
        badge = Badge(known(block.badge), block.risk, element)
        edge = RISKS.get(block.risk, SOFT)
        style = [
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("ALIGN", (1, 0), (1, 0), "RIGHT"),
            ("BACKGROUND", (0, 0), (-1, -1), WASH),
            ("LINEBEFORE", (0, 0), (0, -1), 3, edge),
            *padding(6, 3),
        ]
        return grid([[text, badge]], [width - BADGE_WIDTH, BADGE_WIDTH], style)

    def _masthead(self, block: Masthead, width: float) -> Flowable:
        left: list[Flowable] = [] if block.logo is None else [self._logo(block.logo, block.organisation)]
        if block.organisation:
            left.append(self._cell(block.organisation, TextStyle(11, bold=True), self._root.add("P")))
        text = self._cell(block.text, TextStyle(8.5, SOFT, right=True), self._root.add("P"))
        style = [("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LINEBELOW", (0, 0), (-1, 0), 0.5, LINE), *padding(0, 4)]
        return grid([[left or "", text]], [width * 0.6, width * 0.4], style, after=10)

    def _logo(self, logo: Logo, name: str) -> Flowable:
        scale = min(LOGO_WIDTH / logo.width, LOGO_HEIGHT / logo.height)
        element = self._root.add("Figure", alt=name or "Logo")
        return TaggedImage(logo.data, logo.width * scale, logo.height * scale, element, framed=False)

    def _statement(self, block: Statement, width: float) -> Flowable:
        text = self._paragraph(block.text, TextStyle(_STATEMENT, bold=True), self._root.add("P"))
        edge, colour = _EDGES.get(block.tone, SOFT), _TONES.get(block.tone, WASH)
        style = [("BACKGROUND", (0, 0), (-1, -1), colour), ("LINEBEFORE", (0, 0), (0, -1), 4, edge), *padding(10, 8)]
        return grid([[text]], [width], style, before=6, after=10)

    def _tiles(self, block: Tiles, width: float) -> Flowable:
        cells, style = [], [("VALIGN", (0, 0), (-1, -1), "MIDDLE"), *padding(8, 4)]
        for place, tile in enumerate(block.tiles):
            element, colour = self._root.add("P"), RISKS.get(tile.risk, SOFT)
            number = self._cell(tile.number, TextStyle(_NUMBER, colour, bold=True), element)
            cells.append([number, self._cell(tile.text, TextStyle(8.5, SOFT), element)])
            style += [("LINEABOVE", (place, 0), (place, 0), 3, colour), ("BACKGROUND", (place, 0), (place, 0), WASH)]
        share = width / len(cells)
        return grid([cells], [share] * len(cells), style, after=10)

    def _text(self, block: Text, width: float) -> Flowable:
        style = TextStyle(7.5, SOFT) if block.tone is Tone.NOTE else TextStyle(9)
        paragraph = self._paragraph(block.text, style, self._root.add("P"))
        paragraph.spaceAfter = 4
        return boxed(paragraph, width, _TONES[block.tone]) if block.tone in _TONES else paragraph

    def _items(self, block: Items, width: float) -> list[Flowable]:
        if not block.texts:
            return []
        numbering = {"ListNumbering": "/Decimal" if block.numbered else "/Disc"}
        items, rows, mark_width = self._root.add("L", attributes=numbering, owner="List"), [], 5 * mm * self._scale
        for number, text in enumerate(block.texts, 1):
            item = items.add("LI")
            mark = self._cell(f"{number}." if block.numbered else "•", TextStyle(9, SOFT), item.add("Lbl"))
            rows.append([mark, self._paragraph(text, TextStyle(9), item.add("LBody"))])
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(0, 1)]
        return [grid(rows, [mark_width, width - mark_width], style, after=4)]

    def _facts(self, block: Facts, width: float) -> Flowable:
        facts, rows = self._root.add("L", attributes={"ListNumbering": "/None"}, owner="List"), []
        for name, value in block.rows:
            item = facts.add("LI")
            label = self._cell(name, TextStyle(8, SOFT), item.add("Lbl"))
            rows.append([label, self._cell(value, TextStyle(8), item.add("LBody"))])
        lines = ("LINEBELOW", (0, 0), (-1, -2), 0.25, LINE)
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), lines, *padding(0, 1), ("RIGHTPADDING", (0, 0), (0, -1), 6)]
        return grid(rows, [LABEL_WIDTH, width - LABEL_WIDTH], style, after=4)

    def _picture(self, block: Picture, width: float) -> list[Flowable]:
        height = PICTURE_HEIGHT if self._scale == 1 else BOARD_PICTURE_HEIGHT
        scale = min(width / block.width, height / block.height, PIXEL)
        element = self._root.add("Figure", alt=block.caption)
        picture = TaggedImage(block.jpeg, block.width * scale, block.height * scale, element)
        caption = self._cell(block.caption, TextStyle(7, SOFT), self._root.add("P"))
        caption.spaceAfter = 5
        return [picture, caption]

    def _beside(self, block: Beside, width: float) -> Flowable:
        left = (width - GAP) * block.share
        right = width - GAP - left
        cells = [
            [flowable for item in blocks for flowable in self.render(item, share)]
            for blocks, share in ((block.left, left), (block.right, right))
        ]
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), *padding(0, 0)]
        return grid([[cells[0], "", cells[1]]], [left, GAP, right], style, after=4 * self._scale**4)

    def _table(self, block: Table, width: float) -> Flowable:
        whole = sum(column.weight for column in block.columns)
        widths = [width * column.weight / whole for column in block.columns]
        table = self._root.add("Table")
        head = table.add("TR")
        rows: list[list[Flowable]] = [[self._head(column, head) for column in block.columns]]
        for row in block.rows:
            line = table.add("TR")
            rows.append([self._row_cell(cell, line, column) for cell, column in zip(row, block.columns, strict=True)])
        style = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), WASH),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
            *padding(3, 1.6),
        ]
        return grid(rows, widths, style, repeated=1, after=6)

    def _head(self, column: Column, row: Element) -> PlainText:
        element = row.add("TH", attributes={"Scope": "/Column"}, owner="Table")
        return self._cell(column.title, TextStyle(8, SOFT, right=column.is_number), element)

    def _row_cell(self, cell: Cell | str, row: Element, column: Column) -> Flowable:
        element = row.add("TD")
        if isinstance(cell, str):
            return self._cell(cell, TextStyle(_SMALL if column.is_small else 8, right=column.is_number), element)
        if cell.risk:
            return Badge(known(cell.text), cell.risk, element, size=7)
        if cell.anchor:
            return self._cell(cell.text, TextStyle(8, LINK), element.add("Link"), anchor=cell.anchor)
        return self._cell(cell.text, TextStyle(8), element)
