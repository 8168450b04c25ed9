"""Flowables: where they are cut, and what places they have."""

from io import BytesIO

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Spacer

from app.reports.formats.blocks import Column, Heading, Table
from app.reports.formats.pdf_flowables import Bookmark, MarkedHeading, TaggedImage, boxed
from app.reports.formats.pdf_tags import Element
from app.reports.formats.pdf_text import PlainText, TextStyle
from tests.unit.reports.formats.test_finding_screenshots import screenshot
from tests.unit.reports.formats.test_pdf_blocks import WIDTH, renderer

__all__ = ["renderer"]


def test_rows_of_a_table_stay_whole_unless_one_is_higher_than_a_page(renderer):
    (table,) = renderer.render(Table([Column("a", 1)], [["word " * 60]] * 3), WIDTH)
    _, whole = table.wrap(WIDTH, 10_000)
    parts = table.split(WIDTH, whole * 0.6)
    assert [len(part._cellvalues) for part in parts] == [2, 3]  # each with the header
    (table,) = renderer.render(Table([Column("a", 1)], [["x\n" * 390]]), WIDTH)
    table.wrap(WIDTH, 10_000)
    assert table.split(WIDTH, 300) == []
    assert len(table.split(WIDTH, 750)) == 2


def test_a_heading_is_as_high_as_what_it_shows(renderer):
    text = PlainText("a heading", TextStyle(14), Element("H2"))
    text.spaceBefore, text.spaceAfter = 9, 3
    heading = MarkedHeading(text, Bookmark(Heading("a heading", 2), "a"))
    assert heading.wrapOn(Canvas(BytesIO()), WIDTH, 100)[1] == text.wrap(WIDTH, 100)[1]
    assert (heading.spaceBefore, heading.spaceAfter) == (9, 3)


def test_a_box_is_as_wide_as_it_is_told_and_a_picture_as_large(renderer):
    assert boxed(Spacer(10, 10), 200, None).wrap(WIDTH, 100)[0] == 200
    picture = TaggedImage(screenshot((64, 40)), 32, 20, Element("Figure"))
    assert picture.wrap(WIDTH, 100) == (32, 20)
