"""A document as PDF, with the font that it needs inside. Blocking: made whole, in bounded size (`PDF_EXTENT`).

Texts are escaped for reportlab, which would read mark-up in them and fetch what it names; pictures come as bytes alone.
It keeps the fonts of a document in one place: one document at a time in a process.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, Final, assert_never

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    Image,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Table as PdfTable

from app.core.json_chunks import split
from app.reports.formats.blocks import (
    Block,
    Cell,
    Column,
    Facts,
    Heading,
    Items,
    PageBreak,
    Picture,
    Quote,
    Table,
    Text,
    Tone,
)

HEADER: Final = b"%PDF-1.4\n"
FONT: Final = "ReportSans"
FONT_FILE: Final = Path(__file__).with_name("fonts") / "report-sans.ttf"
MISSING: Final = "\N{WHITE SQUARE}"  # for a character that the font does not have
MAX_TEXT: Final = 4_000  # characters of a paragraph; a cell has to fit on a page
MAX_CELL: Final = 800
MARGIN: Final = 16 * mm
WIDTH: Final = A4[0] - 2 * MARGIN
PICTURE_WIDTH: Final = 120 * mm
PICTURE_HEIGHT: Final = 150 * mm
LABEL_WIDTH: Final = 36 * mm
ROOM_BELOW_HEADING: Final = 30 * mm
SHORT_ROWS: Final = 12  # of a table that is kept on one page
_INK, _SOFT, _LINE, _WASH = (HexColor(code) for code in ("#1c2430", "#5a6675", "#d7dde5", "#f4f6f9"))
_RISKS: Final = {
    "critical": HexColor("#7f1d1d"),
    "high": HexColor("#c2410c"),
    "medium": HexColor("#a16207"),
    "low": HexColor("#0369a1"),
}
_TONES: Final = {Tone.WARNING: HexColor("#fff4e5"), Tone.GOOD: HexColor("#e9f7ef")}
_SIZES: Final = {1: 20, 2: 15, 3: 12, 4: 10}


def pdf_pieces(blocks: Iterable[Block], *, title: str, author: str) -> Iterator[bytes]:
    """Yield the file: its first line at once, all else when it is made."""
    yield HEADER
    _register_font()
    written = BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author=author,
    )
    footer = partial(_footer, title=title)
    document.build(list(_flowables(blocks)), onFirstPage=footer, onLaterPages=footer)
    content = written.getvalue()
    assert content.startswith(HEADER)
    yield from split(content[len(HEADER) :])


@cache
def _register_font() -> Any:
    """Return the characters that the font has."""
    font = TTFont(FONT, BytesIO(FONT_FILE.read_bytes()))
    pdfmetrics.registerFont(font)
    return font.face.charToGlyph


def _footer(canvas: Any, document: Any, *, title: str) -> None:
    canvas.saveState()
    canvas.setFont(FONT, 8)
    canvas.setFillColor(_SOFT)
    canvas.drawString(MARGIN, MARGIN / 2, _known(title)[:100])
    canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, str(document.page))
    canvas.restoreState()


def _flowables(blocks: Iterable[Block]) -> Iterator[Flowable]:
    """Render the blocks; what is short stays on one page with its headings: half a table passes for all of it."""
    headings: list[Flowable] = []
    for block in blocks:
        if isinstance(block, Heading):
            headings += _render(block)
        elif _is_short(block):
            yield KeepTogether([*headings, *_render(block)])
            headings = []
        else:
            yield from ([CondPageBreak(ROOM_BELOW_HEADING)] if headings else [])
            yield from (*headings, *_render(block))
            headings = []
    yield from headings


def _is_short(block: Block) -> bool:
    rows = block.rows if isinstance(block, Table | Facts) else ()
    return isinstance(block, Picture | Text) or 0 < len(rows) <= SHORT_ROWS


def _render(block: Block) -> list[Flowable]:
    match block:
        case Heading():
            return _heading(block)
        case Text():
            return [_text(block), Spacer(1, 4)]
        case Items():
            return _items(block)
        case Facts():
            return [_facts(block), Spacer(1, 4)]
        case Quote():
            return [_boxed(_paragraph(block.text, _style(8), breaks=True), _WASH), Spacer(1, 4)]
        case Picture():
            return _picture(block)
        case Table():
            return [_table(block), Spacer(1, 4)]
        case PageBreak():
            return [NewPage()]
        case _:
            assert_never(block)


@cache
def _style(size: float, colour: Color = _INK, *, right: bool = False) -> ParagraphStyle:
    """`CJK` breaks lines between Chinese characters, and in addresses that have no blank."""
    return ParagraphStyle(
        f"s{size}",
        fontName=FONT,
        fontSize=size,
        leading=size * 1.5,
        textColor=colour,
        wordWrap="CJK",
        alignment=2 if right else 0,
    )


def _known(text: str) -> str:
    """Return the text in characters that the font has."""
    glyphs = _register_font()
    return "".join(char if ord(char) in glyphs or char == "\n" else MISSING for char in text)


def _markup(text: str, limit: int, *, breaks: bool = False) -> str:
    shown = text if len(text) <= limit else f"{text[:limit]}…"
    marked = escape(_known(shown), quote=False)
    return marked.replace("\n", "<br/>") if breaks else marked


def _paragraph(text: str, style: ParagraphStyle, *, limit: int = MAX_TEXT, breaks: bool = False) -> Paragraph:
    return Paragraph(_markup(text, limit, breaks=breaks), style)


class _Place(Flowable):
    """Nothing to see: a place that links lead to, and a line of the outline."""

    def __init__(self, heading: Heading) -> None:
        super().__init__()
        self._heading = heading

    def wrap(self, *_available: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        heading = self._heading
        key = heading.anchor or f"place-{id(heading)}"
        self.canv.bookmarkPage(key)
        if heading.level in (2, 3):
            self.canv.addOutlineEntry(heading.text[:100], key, heading.level - 2, closed=True)


def _heading(block: Heading) -> list[Flowable]:
    style = _style(_SIZES[block.level], _RISKS.get(block.risk, _INK if block.level < 4 else _SOFT))  # noqa: PLR2004 - the smallest
    return [Spacer(1, _SIZES[block.level] * 0.7), _Place(block), _paragraph(block.text, style), Spacer(1, 3)]


def _text(block: Text) -> Flowable:
    paragraph = _paragraph(block.text, _style(9, _SOFT) if block.tone is Tone.NOTE else _style(10))
    return _boxed(paragraph, _TONES[block.tone]) if block.tone in _TONES else paragraph


def _items(block: Items) -> list[Flowable]:
    marks = (f"{number}." if block.numbered else "•" for number in range(1, len(block.texts) + 1))
    rows = [
        [_paragraph(mark, _style(9)), _paragraph(text, _style(9))]
        for mark, text in zip(marks, block.texts, strict=True)
    ]
    style = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1)])
    return [PdfTable(rows, [8 * mm, WIDTH - 8 * mm], style=style, splitInRow=1)] if rows else []


def _facts(block: Facts) -> Flowable:
    rows = [
        [_paragraph(name, _style(8, _SOFT), limit=MAX_CELL), _paragraph(value, _style(9), limit=MAX_CELL)]
        for name, value in block.rows
    ]
    style = TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BOX", (0, 0), (-1, -1), 0.5, _LINE),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ]
    )
    return PdfTable(rows, [LABEL_WIDTH, WIDTH - LABEL_WIDTH], style=style, splitInRow=1)


def _boxed(paragraph: Paragraph, colour: Color) -> Flowable:
    return PdfTable([[paragraph]], [WIDTH], style=TableStyle([("BACKGROUND", (0, 0), (-1, -1), colour)]), splitInRow=1)


class _FramedImage(Image):
    """A page is white as the paper is: a line says where it ends."""

    def draw(self) -> None:
        super().draw()
        self.canv.setStrokeColor(_LINE)
        self.canv.setLineWidth(0.5)
        self.canv.rect(0, 0, self.drawWidth, self.drawHeight)


def _picture(block: Picture) -> list[Flowable]:
    scale = min(PICTURE_WIDTH / block.width, PICTURE_HEIGHT / block.height)
    picture = _FramedImage(BytesIO(block.jpeg), block.width * scale, block.height * scale, hAlign="LEFT")
    return [picture, _paragraph(block.caption, _style(8, _SOFT)), Spacer(1, 6)]


def _table(block: Table) -> Flowable:
    whole = sum(column.weight for column in block.columns)
    widths = [WIDTH * column.weight / whole for column in block.columns]
    head = [_paragraph(column.title, _style(8, _SOFT, right=column.is_number)) for column in block.columns]
    rows = [_row(row, block.columns) for row in block.rows]
    style = TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, 0), _WASH),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            *_coloured(block.rows),
        ]
    )
    return PdfTable([head, *rows], widths, style=style, repeatRows=1, splitInRow=1)


def _row(row: Sequence[Cell | str], columns: Sequence[Column]) -> list[Flowable]:
    return [_cell(cell, right=column.is_number) for cell, column in zip(row, columns, strict=True)]


def _cell(cell: Cell | str, *, right: bool) -> Flowable:
    if isinstance(cell, str):
        return _paragraph(cell, _style(8, right=right), limit=MAX_CELL)
    text = _markup(cell.text, MAX_CELL)
    if cell.risk:
        return Paragraph(text, _style(8, white))
    if cell.anchor:
        text = f'<a href="#{escape(cell.anchor)}" color="#1d4ed8">{text}</a>'
    return Paragraph(text, _style(8))


def _coloured(rows: Sequence[Sequence[Cell | str]]) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(rows, 1):
        for place, cell in enumerate(row):
            if isinstance(cell, Cell) and cell.risk in _RISKS:
                yield ("BACKGROUND", (place, number), (place, number), _RISKS[cell.risk])
