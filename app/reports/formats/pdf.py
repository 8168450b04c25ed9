"""A document as tagged PDF, with the font that it needs inside. Blocking: made whole, in bounded size (`PDF_EXTENT`).

Pictures come as bytes alone. reportlab keeps the fonts of a document in one place: one document at a time in a process.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import Any, Final

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, SimpleDocTemplate

from app.core.json_chunks import split
from app.reports.formats.blocks import Beside, Block, Facts, Heading, Picture, Quote, Statement, Table, Text, Tiles
from app.reports.formats.pdf_blocks import Renderer
from app.reports.formats.pdf_flowables import KeptTogether
from app.reports.formats.pdf_tags import Element, TaggedCanvas
from app.reports.formats.pdf_text import FONT, SOFT, known, register_font

HEADER: Final = b"%PDF-1.7\n"
MARGIN: Final = 16 * mm  # on the left and on the right
MARGIN_ABOVE: Final = 13 * mm  # and below
WIDTH: Final = A4[0] - 2 * MARGIN
ROOM_BELOW_HEADING: Final = 30 * mm
ROOM_FOR_TEXT: Final = 8 * mm  # more, for each sentence between them
MAX_TEXTS: Final = 2  # sentences that stay with a heading and what follows them
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
    """Render the blocks; what is short stays on one page with its headings: half a table passes for all of it.

    So do the facts of one finding, with the sentences above them, as long as they take less than half a page.
    """
    kept: list[list[Flowable]] = []  # headings and sentences with the first block, then one list for each further block
    before: list[Block] = []  # the blocks in them
    for block in blocks:
        if kept and not _goes_on(before, block):
            yield KeptTogether(kept)
            kept, before = [], []
        if _is_introduction(before):
            kept = [[*(kept[0] if kept else ()), *renderer.render(block, WIDTH)]]
        else:
            kept.append(renderer.render(block, WIDTH))
        before.append(block)
        if not _is_short(block):
            room = ROOM_BELOW_HEADING + ROOM_FOR_TEXT * sum(isinstance(one, Text) for one in before)
            yield from ([CondPageBreak(room)] if len(before) > 1 else [])
            yield from (flowable for part in kept for flowable in part)
            kept, before = [], []
    if kept:
        yield KeptTogether(kept)


def _is_introduction(blocks: Sequence[Block]) -> bool:
    return all(isinstance(block, Heading | Text) for block in blocks)


def _goes_on(before: Sequence[Block], block: Block) -> bool:
    """Whether the block stays with these, which are not empty."""
    if not isinstance(before[0], Heading):
        return False
    if isinstance(before[-1], Heading):
        return True
    if isinstance(block, Heading):
        return False
    if _is_introduction(before):
        return not isinstance(block, Text) or sum(isinstance(one, Text) for one in before) < MAX_TEXTS
    return isinstance(before[-1], Facts | Beside | Quote) and isinstance(block, Facts | Quote) and _is_short(block)


def _is_short(block: Block) -> bool:
    rows = block.rows if isinstance(block, Table | Facts) else ()
    whole = Heading | Picture | Text | Quote | Statement | Tiles | Beside
    return isinstance(block, whole) or 0 < len(rows) <= SHORT_ROWS
