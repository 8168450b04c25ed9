"""A document as tagged PDF, with the font that it needs inside. Blocking: made whole, in bounded size (`PDF_EXTENT`).

Pictures come as bytes alone. reportlab keeps the fonts of a document in one place: one document at a time in a process.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from io import BytesIO
from typing import Any, Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, SimpleDocTemplate

from app.core.json_chunks import split
from app.reports.formats.blocks import Beside, Block, Facts, Heading, Picture, Statement, Table, Text, Tiles
from app.reports.formats.pdf_blocks import Renderer
from app.reports.formats.pdf_tags import Element, TaggedCanvas
from app.reports.formats.pdf_text import FONT, SOFT, known, register_font

HEADER: Final = b"%PDF-1.7\n"
MARGIN: Final = 16 * mm  # on the left and on the right
MARGIN_ABOVE: Final = 13 * mm  # and below
WIDTH: Final = A4[0] - 2 * MARGIN
ROOM_BELOW_HEADING: Final = 30 * mm
SHORT_ROWS: Final = 12  # of a table that is kept on one page
FOOTER_SIZE: Final = 8  # points


def pdf_pieces(blocks: Iterable[Block], *, title: str, author: str, language: str) -> Iterator[bytes]:
    """Yield the file: its first line at once, all else when it is made."""
    yield HEADER
    register_font()
    written, root = BytesIO(), Element("Document")
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN_ABOVE,
        bottomMargin=MARGIN_ABOVE,
        title=title,
        author=author,
        lang=language,
    )
    footer = partial(_footer, title=title)
    maker = TaggedCanvas.maker(root, title)
    flowables = list(_flowables(blocks, Renderer(root)))
    document.build(flowables, onFirstPage=footer, onLaterPages=footer, canvasmaker=maker)
    content = written.getvalue()
    assert content.startswith(HEADER)
    yield from split(content[len(HEADER) :])


def _footer(canvas: TaggedCanvas, document: Any, *, title: str) -> None:
    with canvas.artifact():
        canvas.saveState()
        canvas.setFont(FONT, FOOTER_SIZE)
        canvas.setFillColor(SOFT)
        canvas.drawString(MARGIN, MARGIN_ABOVE / 2, known(title)[:100])
        canvas.drawRightString(A4[0] - MARGIN, MARGIN_ABOVE / 2, str(document.page))
        canvas.restoreState()


def _flowables(blocks: Iterable[Block], renderer: Renderer) -> Iterator[Flowable]:
    """Render the blocks; what is short stays on one page with its headings: half a table passes for all of it."""
    headings: list[Flowable] = []
    has_text = False  # among the headings: a sentence that stays with what it introduces
    for block in blocks:
        if isinstance(block, Heading):
            if has_text:
                yield KeepTogether(headings)
                headings, has_text = [], False
            headings += renderer.render(block, WIDTH)
        elif isinstance(block, Text) and headings and not has_text:
            headings += renderer.render(block, WIDTH)
            has_text = True
        elif _is_short(block):
            yield KeepTogether([*headings, *renderer.render(block, WIDTH)])
            headings, has_text = [], False
        else:
            yield from ([CondPageBreak(ROOM_BELOW_HEADING)] if headings else [])
            yield from (*headings, *renderer.render(block, WIDTH))
            headings, has_text = [], False
    if headings:
        yield KeepTogether(headings)


def _is_short(block: Block) -> bool:
    rows = block.rows if isinstance(block, Table | Facts) else ()
    return isinstance(block, Picture | Text | Statement | Tiles | Beside) or 0 < len(rows) <= SHORT_ROWS
