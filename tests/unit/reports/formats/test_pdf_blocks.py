"""What blocks become in a PDF."""

import pytest
from reportlab.platypus import CondPageBreak

from app.reports.formats.blocks import (
    Beside,
    Column,
    Facts,
    Heading,
    Items,
    Masthead,
    PageBreak,
    Picture,
    Table,
    Text,
    Tile,
    Tiles,
)
from app.reports.formats.pdf_blocks import BOARD_PICTURE_HEIGHT, PICTURE_HEIGHT, Renderer
from app.reports.formats.pdf_tags import Element
from app.reports.formats.pdf_text import register_font
from tests.unit.reports.formats.test_finding_screenshots import screenshot

WIDTH = 500


@pytest.fixture
def renderer():
    register_font()
    return Renderer(Element("Document"))


def height(flowables):
    return sum(flowable.wrap(WIDTH, 10_000)[1] for flowable in flowables)


def test_the_first_page_is_set_larger(renderer):
    text = Text("a sentence of some length " * 20)
    first = height(renderer.render(text, WIDTH))
    (page_break,) = renderer.render(PageBreak(), WIDTH)
    assert isinstance(page_break, CondPageBreak)
    assert height(renderer.render(text, WIDTH)) < first


def test_a_picture_is_larger_on_the_first_page_and_never_blown_up(renderer):
    tall, small = (Picture(screenshot((20, 40)), "c", *size) for size in ((700, 1_400), (20, 10)))
    picture, _ = renderer.render(tall, WIDTH)
    assert picture.drawHeight == pytest.approx(BOARD_PICTURE_HEIGHT)
    renderer.render(PageBreak(), WIDTH)
    picture, _ = renderer.render(tall, WIDTH)
    assert picture.drawHeight == pytest.approx(PICTURE_HEIGHT)
    picture, _ = renderer.render(small, WIDTH)
    assert picture.drawWidth < 20


def test_two_columns_are_read_one_after_the_other(renderer):
    block = Beside([Heading("left", 2), Text("first")], [Text("second")], 0.6)
    (shown,) = renderer.render(block, WIDTH)
    assert shown.wrap(WIDTH, 1_000)[0] == pytest.approx(WIDTH)
    assert [kid.kind for kid in renderer._root.kids] == ["H2", "P", "P"]


@pytest.mark.parametrize(
    "block",
    [
        Table([Column("a", 3), Column("b", 1)], [["1", "2"]]),
        Facts([("name", "value " * 200)]),
        Items(["word " * 200]),
        Tiles([Tile("1", "a"), Tile("2", "b")]),
        Masthead("An organisation", None, "2026"),
    ],
    ids=lambda block: type(block).__name__,
)
def test_blocks_are_as_wide_as_the_page(renderer, block):
    (shown,) = renderer.render(block, WIDTH)
    assert shown.wrap(WIDTH, 10_000)[0] == pytest.approx(WIDTH)


def test_no_items_are_nothing(renderer):
    assert renderer.render(Items([]), WIDTH) == []
