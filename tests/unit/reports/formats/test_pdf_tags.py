"""The structure of a PDF, read back by another library."""

from io import BytesIO

import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from app.reports.formats.blocks import (
    Cell,
    Column,
    Facts,
    Heading,
    Items,
    Logo,
    Masthead,
    Picture,
    Quote,
    Statement,
    Table,
    Text,
    Tile,
    Tiles,
    Tone,
)
from app.reports.formats.pdf import pdf_pieces
from tests.unit.reports.formats.test_finding_screenshots import screenshot

TABLE = Table([Column("c", 1), Column("n", 1)], [[Cell("here", anchor="a"), Cell("high", "high")]] * 120)
BLOCKS = [
    Masthead("梅氏集团", Logo(screenshot((40, 20)), "image/jpeg", 40, 20), "2026"),
    Heading("Title", 1),
    Statement("All is well.", Tone.GOOD),
    Tiles([Tile("3", "high", "high")]),
    Heading("Part", 2, "a"),
    Heading("Finding", 3, "b", "high", "high 60"),
    Text("said"),
    Items(["one", "two"], numbered=True),
    Facts([("name", "value")]),
    Quote("<p>"),
    Picture(screenshot((64, 40)), "what it shows", 64, 40),
    TABLE,
]


@pytest.fixture(scope="module")
def reader():
    data = b"".join(pdf_pieces(BLOCKS, title="T & U", author="A", language="zh-CN"))
    return PdfReader(BytesIO(data))


def elements(element):
    """Every element of the structure, in the order of reading."""
    yield element
    for kid in (one.get_object() for one in element.get("/K", [])):
        if kid.get("/Type") == "/StructElem":
            yield from elements(kid)


def kinds(reader):
    root = reader.trailer["/Root"]["/StructTreeRoot"]["/K"].get_object()
    return [str(element["/S"])[1:] for element in elements(root)]


def test_it_says_what_it_is(reader):
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "zh-CN"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "T &amp; U" in metadata
    assert reader.pdf_header == "%PDF-1.7"


def test_every_block_has_its_kind_of_element_in_the_order_of_reading(reader):
    found = kinds(reader)
    assert found[:8] == ["Document", "Figure", "P", "P", "H1", "P", "P", "H2"]
    assert found[8] == "H3"
    assert found.count("LI") == 3  # two items and a fact
    assert found.count("Table") == 1
    assert found.count("TH") == 2
    assert found.count("TD") == 240
    assert found.count("Link") == 120


def test_pictures_say_what_they_show(reader):
    root = reader.trailer["/Root"]["/StructTreeRoot"]["/K"].get_object()
    said = [element["/Alt"] for element in elements(root) if element["/S"] == "/Figure"]
    assert said == ["梅氏集团", "what it shows"]


def test_every_mark_on_a_page_leads_to_an_element_and_back(reader):
    tree = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    parents = dict(zip(tree[::2], tree[1::2], strict=True))
    for page in reader.pages:
        marks = [int(operands[1]["/MCID"]) for operands in marked(reader, page)]
        assert marks == list(range(len(marks)))
        assert len(parents[page["/StructParents"]]) == len(marks)
        assert page["/Tabs"] == "/S"
        for link in (one.get_object() for one in page.get("/Annots", [])):
            assert parents[link["/StructParent"]].get_object()["/S"] == "/Link"
            assert link["/Contents"] == "here"


def marked(reader, page):
    operations = ContentStream(page.get_contents(), reader).operations
    return [operands for operands, operator in operations if operator == b"BDC"]


def test_whatever_is_drawn_is_content_or_an_artifact(reader):
    """The header of a table that is drawn again on each page is read once."""
    for page in reader.pages:
        depth = 0
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator in (b"BDC", b"BMC"):
                depth += 1
            elif operator == b"EMC":
                depth -= 1
            elif operator in (b"Tj", b"TJ", b"f", b"F", b"f*", b"S", b"s", b"B", b"Do"):
                assert depth == 1, (operator, operands)
        assert depth == 0


def test_headings_are_bookmarks(reader):
    part, below = reader.outline
    assert part["/Title"] == "Part"
    assert [one["/Title"] for one in below] == ["Finding"]
