"""The structure of a PDF, read back by another library."""

import re
from io import BytesIO
from itertools import pairwise

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
from app.reports.formats.document import ReportDocument
from app.reports.formats.extent import PDF_EXTENT
from app.reports.formats.pdf import pdf_pieces
from tests.unit.reports.formats.test_finding_screenshots import screenshot
from tests.unit.reports.formats.test_pdf import seventeen

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
def document():
    data = b"".join(pdf_pieces(BLOCKS, title="T & U", author="A", language="zh-CN"))
    return PdfReader(BytesIO(data))


def elements(element):
    """Every element of the structure, in the order of reading."""
    yield element
    for kid in (one.get_object() for one in element.get("/K", [])):
        if kid.get("/Type") == "/StructElem":
            yield from elements(kid)


def kinds(document):
    root = document.trailer["/Root"]["/StructTreeRoot"]["/K"].get_object()
    return [str(element["/S"])[1:] for element in elements(root)]


def test_it_says_what_it_is(document):
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "zh-CN"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "T &amp; U" in metadata
    assert document.pdf_header == "%PDF-1.7"


def test_every_block_has_its_kind_of_element_in_the_order_of_reading(document):
    found = kinds(document)
    assert found[:8] == ["Document", "Figure", "P", "P", "H1", "P", "P", "H2"]
    assert found[8] == "H3"
    assert found.count("LI") == 3  # two items and a fact
    assert found.count("Table") == 1
    assert found.count("TH") == 2
    assert found.count("TD") == 240
    assert found.count("Link") == 120


def test_pictures_say_what_they_show(document):
    root = document.trailer["/Root"]["/StructTreeRoot"]["/K"].get_object()
    said = [element["/Alt"] for element in elements(root) if element["/S"] == "/Figure"]
    assert said == ["梅氏集团", "what it shows"]


def test_every_mark_on_a_page_leads_to_an_element_and_back(document):
    tree = document.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    parents = dict(zip(tree[::2], tree[1::2], strict=True))
    for page in document.pages:
        marks = [int(operands[1]["/MCID"]) for operands in marked(document, page)]
        assert marks == list(range(len(marks)))
        assert len(parents[page["/StructParents"]]) == len(marks)
        assert page["/Tabs"] == "/S"
        for link in (one.get_object() for one in page.get("/Annots", [])):
            assert parents[link["/StructParent"]].get_object()["/S"] == "/Link"
            assert link["/Contents"] == "here"


def marked(document, page):
    operations = ContentStream(page.get_contents(), document).operations
    return [operands for operands, operator in operations if operator == b"BDC"]


def test_whatever_is_drawn_is_content_or_an_artifact(document):
    """The header of a table that is drawn again on each page is read once."""
    for page in document.pages:
        depth = 0
        for operands, operator in ContentStream(page.get_contents(), document).operations:
            if operator in (b"BDC", b"BMC"):
                depth += 1
            elif operator == b"EMC":
                depth -= 1
            elif operator in (b"Tj", b"TJ", b"f", b"F", b"f*", b"S", b"s", b"B", b"Do"):
                assert depth == 1, (operator, operands)
        assert depth == 0


def test_headings_are_bookmarks(document):
    part, below = document.outline
    assert part["/Title"] == "Part"
    assert [one["/Title"] for one in below] == ["Finding"]


# What ISO 14289-1 (PDF/UA-1) asks of a file and a program can see, on a whole report: no validator of the standard can
# be installed with the packages, so that this names its points (Matterhorn Protocol 1.1).
KIDS = {"Table": {"TR"}, "TR": {"TH", "TD"}, "L": {"LI"}, "LI": {"Lbl", "LBody"}}
PARENTS = {"TR": "Table", "TH": "TR", "TD": "TR", "LI": "L", "Lbl": "LI", "LBody": "LI"}


@pytest.fixture(scope="module", params=["en", "zh-CN"])
def language(request):
    return request.param


@pytest.fixture
def whole(make_report, contents, language):
    report = seventeen(make_report(language), contents)
    data = b"".join(pdf_pieces(ReportDocument(report, PDF_EXTENT), title="T", author="A", language=language))
    return PdfReader(BytesIO(data))


def kind(element):
    return str(element["/S"])[1:]


def kids_of(element):
    return [kid for kid in (one.get_object() for one in element.get("/K", [])) if kid.get("/Type") == "/StructElem"]


def attribute(element, name):
    given = element.get("/A", {})
    return given.get_object().get(name) if given else None


def test_a_whole_report_has_all_that_a_program_can_check_of_pdf_ua(whole, language):
    root = whole.trailer["/Root"]
    found = list(elements(root["/StructTreeRoot"]["/K"].get_object()))
    levels = [int(kind(one)[1]) for one in found if re.fullmatch("H[1-6]", kind(one))]
    assert levels[0] == 1  # 14-002
    assert all(after <= before + 1 for before, after in pairwise(levels))  # 14-003: none is left out
    assert levels.count(1) == 1
    for element in found:
        names = {kind(kid) for kid in kids_of(element)}
        if kind(element) in KIDS:  # 09-004, 09-005
            assert names, kind(element)
            assert names <= KIDS[kind(element)]
        assert all(PARENTS.get(name, kind(element)) == kind(element) for name in names)
        if kind(element) == "Figure":  # 13-004
            assert element["/Alt"].strip()
            assert len(attribute(element, "/BBox")) == 4
        if kind(element) == "TH":  # 15-003
            assert attribute(element, "/Scope") == "/Column"
    for table in (one for one in found if kind(one) == "Table"):
        head, *rows = kids_of(table)
        assert {kind(cell) for cell in kids_of(head)} == {"TH"}
        assert {len(kids_of(row)) for row in (head, *rows)} == {len(kids_of(head))}  # regular
    assert root["/Lang"] == language  # 11-006
    assert whole.metadata.title == "T"
    assert len(list(outline_of(whole.outline))) == sum(level in (2, 3) for level in levels)


def outline_of(lines):
    for line in lines:
        yield from outline_of(line) if isinstance(line, list) else [line]


def test_every_font_of_a_whole_report_is_embedded_and_says_its_characters(whole):
    """31-001 to 31-030, without which a reader of the screen has nothing to say."""
    fonts = {str(ref): ref.get_object() for page in whole.pages for ref in page["/Resources"]["/Font"].values()}
    drawn = {name for page in whole.pages for name in used_fonts(whole, page)}
    for font in (one for one in fonts.values() if one["/BaseFont"] in drawn):
        described = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(described["/FontDescriptor"].get_object()), font
        assert "/ToUnicode" in font


def used_fonts(reader, page):
    resources = page["/Resources"]["/Font"]
    current = None
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        if operator == b"Tf":
            current = resources[operands[0]].get_object()["/BaseFont"]
        elif operator in (b"Tj", b"TJ"):
            yield current


def test_a_whole_report_forbids_no_program_to_read_it_and_does_nothing_by_itself(whole):
    """26-001 and 26-002, 16, 29-001: encryption, scripts, and what changes the page."""
    assert not whole.is_encrypted
    assert not {"/OpenAction", "/AA", "/AcroForm"} & set(whole.trailer["/Root"])
    for page in whole.pages:
        kinds_of_notes = {note.get_object()["/Subtype"] for note in page.get("/Annots", [])}
        assert kinds_of_notes <= {"/Link"}
