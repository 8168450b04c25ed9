"""Formats are told by their bytes, and a reader's process bears what a document does to it."""

from io import BytesIO

import pytest
from reportlab.pdfgen.canvas import Canvas

from app.engines.documents.document import read_document
from app.engines.parsing.page_parser import PageParser
from app.engines.parsing.pool import ParserPool
from tests.support.office_files import docx, open_document, pptx, xlsx

URL = "https://www.a.test/x"
BODIES = {
    "docx": docx("<w:p/>"),
    "xlsx": xlsx(a=("", ())),
    "pptx": pptx(("", ())),
    "odt": open_document("text", ""),
    "ods": open_document("spreadsheet", ""),
    "odp": open_document("presentation-template", ""),
    "rtf": b"{\\rtf1}",
}


@pytest.mark.parametrize(("kind", "body"), BODIES.items(), ids=BODIES)
def test_formats_are_told_by_their_bytes(kind, body):
    found = read_document(body, url=URL, is_own=lambda host: False)
    assert (found.kind, found.problem, found.is_partial) == (kind, "", False)


def test_anything_else_is_no_document():
    assert read_document(b"<html>", url=URL, is_own=lambda host: False).problem == "unknown"


async def test_in_a_process_one_document_after_the_other_is_read():
    written = BytesIO()
    canvas = Canvas(written)
    canvas.linkURL("http://x.test/", (0, 0, 10, 10))
    canvas.drawString(0, 0, "x")
    canvas.save()
    nested = b"%PDF-1.4\n1 0 obj\n" + b"<</A" * 50_000
    async with ParserPool(target="a.test", processes=1) as pool:
        parser = PageParser(pool)
        broken = await parser.links(nested, url=URL)
        found = await parser.links(written.getvalue(), url=URL)
    assert broken.problem == "broken"
    assert [one.url for one in found.references] == ["http://x.test/"]
