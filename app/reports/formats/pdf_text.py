"""Texts of a PDF: set in one font, broken into lines by `line_breaks`, and marked with their structure element.

Texts are drawn as they are: nothing in them is mark-up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from reportlab.lib.colors import Color, HexColor, white
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable

from app.reports.formats.line_breaks import break_lines
from app.reports.formats.pdf_tags import Element

FONT: Final = "ReportSans"
FONT_FILE: Final = Path(__file__).with_name("fonts") / "report-sans.ttf"
MISSING: Final = "\N{WHITE SQUARE}"  # for a character that the font does not have
INK, SOFT, LINE, WASH, LINK = (HexColor(code) for code in ("#1c2430", "#5a6675", "#d7dde5", "#f4f6f9", "#1d4ed8"))
RISKS: Final = {
    "critical": HexColor("#7f1d1d"),
    "high": HexColor("#c2410c"),
    "medium": HexColor("#a16207"),
    "low": HexColor("#0369a1"),
}
LEADING: Final = 1.4
ASCENT: Final = 0.88  # of the font, in its size: where Chinese characters end
STROKE: Final = 0.022  # width of the line around bold letters, in their size: the font has one weight
TOGETHER: Final = 2  # lines of a text that stay on a page at least


@dataclass(frozen=True, slots=True)
class TextStyle:
    """`size`: points."""

    size: float
    colour: Color = INK
    bold: bool = False
    right: bool = False

    @property
    def leading(self) -> float:
        return self.size * LEADING


@cache
def register_font() -> Any:
    """Return the characters that the font has, as keys."""
    font = TTFont(FONT, BytesIO(FONT_FILE.read_bytes()))
    pdfmetrics.registerFont(font)
    return font.face


def known(text: str) -> str:
    """Return the text in characters that the font has."""
    glyphs = register_font().charToGlyph
    return "".join(char if ord(char) in glyphs or char == "\n" else MISSING for char in text)


def text_width(text: str, size: float) -> float:
    face = register_font()
    widths, default = face.charWidths, face.defaultWidth
    return float(sum(widths.get(ord(char), default) for char in text)) * size / 1000


class PlainText(Flowable):
    """A paragraph. It may be drawn again, as the header of a table is on each page: then it is an artifact."""

    canv: Any  # a `TaggedCanvas`, while it is drawn

    def __init__(self, text: str, style: TextStyle, element: Element, *, anchor: str = "") -> None:
        """`anchor`: the place that the whole text leads to."""
        super().__init__()
        self._text = text
        self._style = style
        self._element = element
        self._anchor = anchor
        self._lines: Sequence[str] = ()
        self._is_drawn = False

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        size = self._style.size
        self.width = width
        self._lines = break_lines(self._text, width, lambda text: text_width(text, size))
        self.height = len(self._lines) * self._style.leading
        return width, self.height

    def minWidth(self) -> float:  # noqa: N802 - reportlab's name
        return self._style.size

    def split(self, width: float, height: float) -> list[Flowable]:
        """Return two texts; none when either would have too few lines."""
        self.wrap(width, height)
        fitting = min(int(height // self._style.leading), len(self._lines) - TOGETHER)
        if fitting < TOGETHER:
            return []
        return [self._piece(self._lines[:fitting]), self._piece(self._lines[fitting:])]

    def _piece(self, lines: Sequence[str]) -> "PlainText":
        return PlainText("\n".join(lines), self._style, self._element, anchor=self._anchor)

    def draw(self) -> None:
        with self.canv.artifact() if self._is_drawn else self.canv.tagged(self._element):
            self._write()
        if self._anchor and not self._is_drawn:
            self.canv.lead(self._element, self._anchor, self._text, (0, 0, self.width, self.height))
        self._is_drawn = True

    def _write(self) -> None:
        canvas, style = self.canv, self._style
        canvas.saveState()
        text = canvas.beginText()
        text.setFont(FONT, style.size, style.leading)
        text.setFillColor(style.colour)
        if style.bold:
            canvas.setStrokeColor(style.colour)
            canvas.setLineWidth(style.size * STROKE)
            text.setTextRenderMode(2)
        top = self.height - (style.leading - style.size) / 2 - style.size * ASCENT
        for number, line in enumerate(self._lines):
            left = self.width - text_width(line.rstrip(), style.size) if style.right else 0
            text.setTextOrigin(left, top - number * style.leading)
            text.textOut(line)
        canvas.drawText(text)
        canvas.restoreState()


class Badge(PlainText):
    """A risk level: white on its colour, in one line."""

    def __init__(self, text: str, risk: str, element: Element, *, size: float = 7.5) -> None:
        super().__init__(text, TextStyle(size, white), element)
        self._colour = RISKS.get(risk, SOFT)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        pad = self._style.size * 0.6
        wrapped = super().wrap(max(1, width - 2 * pad), height)
        self.width = max(text_width(line, self._style.size) for line in self._lines) + 2 * pad
        return self.width, wrapped[1]

    def split(self, _width: float, _height: float) -> list[Flowable]:
        return []

    def draw(self) -> None:
        pad = self._style.size * 0.6
        with self.canv.artifact():
            self.canv.saveState()
            self.canv.setFillColor(self._colour)
            self.canv.roundRect(0, 0, self.width, self.height, 2, stroke=0, fill=1)
            self.canv.restoreState()
        self.canv.saveState()
        self.canv.translate(pad, 0)
        super().draw()
        self.canv.restoreState()
