"""PDF: links with their pages, actions, texts, and what hostile files do. Files are written by reportlab and pypdf."""

import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject
from reportlab.pdfgen.canvas import Canvas

from app.domain.scan_facts import Relation
from app.engines.documents.cpu_budget import CpuBudget
from app.engines.documents.document import read_document
from tests.support.cpu_time import least_cpu_s

URL = "https://www.a.test/files/x.pdf"


def read(body, **options):
    return read_document(body, url=URL, is_own=lambda host: host == "www.a.test", **options)


def told(found):
    return [(one.kind, one.url, one.relation, one.dom_path) for one in found.references]


def printed(*pages, encrypt=None, title="Titel"):
    """Pages with (text, URL of a link or None)."""
    written = BytesIO()
    canvas = Canvas(written, encrypt=encrypt)
    canvas.setTitle(title)
    for text, link in pages:
        canvas.drawString(100, 700, text)
        if link:
            canvas.linkURL(link, (90, 690, 300, 720))
        canvas.showPage()
    canvas.save()
    return written.getvalue()


def action(kind, **values):
    found = {NameObject("/S"): NameObject(kind)}
    return DictionaryObject(found | {NameObject(f"/{name}"): value for name, value in values.items()})


def written(change):
    """A page of pypdf's, changed."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    change(writer, page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def raw(*objects, root="1 0 R"):
    """A file of objects as they stand, without a table of them: readers look for them."""
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer\n<</Root " + root.encode() + b">>\nstartxref\n0\n%%EOF\n"


def test_links_say_their_page_texts_are_mentions_and_own_pages_can_be_followed():
    found = read(
        printed(
            ("see http://mentioned.test/a here", "https://one.test/?a=(1)"),
            ("nothing", "https://www.a.test/own#x"),
            ("http://two.test/", "http://two.test/"),
        )
    )
    assert told(found) == [
        ("pdf:link", "https://one.test/?a=(1)", Relation.LINK, "page:1"),
        ("pdf:link", "http://two.test/", Relation.LINK, "page:3"),
        ("pdf:text", "http://mentioned.test/a", Relation.MENTION, "page:1"),
    ]
    assert found.links == ("https://www.a.test/own",)
    assert (found.title, found.is_partial, found.problem) == ("Titel", False, "")


def test_actions_of_the_document_its_bookmarks_forms_and_scripts():
    def change(writer, page):
        script = action("/JavaScript", JS=TextStringObject("app.launchURL('http://script.test/', true)"))
        start = action("/URI", URI=TextStringObject("http://open.test/"))
        start[NameObject("/Next")] = ArrayObject([script])
        writer.root_object[NameObject("/OpenAction")] = start
        form = action("/SubmitForm", F=TextStringObject("http://form.test/take"))
        field = {"/Subtype": NameObject("/Widget"), "/A": form, "/Contents": TextStringObject("send")}
        page[NameObject("/Annots")] = ArrayObject(
            [DictionaryObject({NameObject(name): value for name, value in field.items()})]
        )
        page[NameObject("/AA")] = DictionaryObject(
            {NameObject("/O"): action("/URI", URI=TextStringObject("www.seen.test"))}
        )
        writer.add_outline_item(title="elsewhere", page_number=None).get_object()[NameObject("/A")] = action(
            "/URI", URI=TextStringObject("http://bookmark.test/")
        )

    assert sorted(told(read(written(change)))) == [
        ("pdf:form", "http://form.test/take", Relation.EMBED, "page:1"),
        ("pdf:link", "http://bookmark.test/", Relation.LINK, ""),
        ("pdf:link", "http://open.test/", Relation.LINK, ""),
        ("pdf:link", "http://www.seen.test/", Relation.LINK, "page:1"),
        ("pdf:script", "http://script.test/", Relation.MENTION, ""),
    ]


def test_a_password_is_said_and_one_that_is_empty_opens():
    from reportlab.lib.pdfencrypt import StandardEncryption

    page = ("x", "http://x.test/")
    assert read(printed(page, encrypt=StandardEncryption("secret"))).problem == "encrypted"
    found = read(printed(page, encrypt=StandardEncryption("", ownerPassword="o", strength=128)))
    assert [one.url for one in found.references] == ["http://x.test/"]


def test_of_a_file_that_is_cut_or_broken_the_links_in_its_bytes_are_found():
    body = raw(b"<</Type/Catalog/Pages 9 0 R>>", b"<</A<</S/URI/URI(http://x.test/a\\(b\\))>>>>")
    found = read(body[: body.index(b"trailer")])
    assert told(found) == [("pdf:link", "http://x.test/a(b)", Relation.LINK, "")]
    assert (found.problem, found.is_partial) == ("broken", True)
    assert read(b"%PDF-1.4 nothing").problem == "broken"


def test_without_texts_links_alone_are_read():
    found = read(printed(("http://text.test/", "http://link.test/")), with_texts=False)
    assert [one.url for one in found.references] == ["http://link.test/"]
    assert found.is_partial


def test_spent_time_ends_the_reading_with_what_was_found():
    times = iter(range(1_000))
    body = printed(*((f"page {number}", f"http://n{number}.test/") for number in range(20)))
    found = read(body, budget=CpuBudget(5, clock=lambda: next(times)))
    assert 0 < len(found.references) < 20
    assert found.is_partial


PAGE = b"<</Type/Page/Parent 2 0 R/Annots[%s]>>"
TREE = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
ROOT = b"<</Type/Catalog/Pages 2 0 R>>"
LINK = b"<</Subtype/Link/A<</S/URI/URI(http://x.test/)>>>>"
HOSTILE = {
    "pages_in_a_circle": lambda: raw(ROOT, b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]>>"),
    "deep_arrays": lambda: raw(ROOT, TREE, PAGE % (b"[" * 50_000)),
    "deep_dictionaries": lambda: raw(b"<</A" * 20_000 + b">>" * 20_000),
    "actions_in_a_circle": lambda: raw(
        b"<</Type/Catalog/Pages 2 0 R/OpenAction 4 0 R>>",
        TREE,
        PAGE % b"",
        b"<</S/URI/URI(http://x.test/)/Next[4 0 R 4 0 R]>>",
    ),
    "bookmarks_in_a_circle": lambda: raw(
        b"<</Type/Catalog/Pages 2 0 R/Outlines<</First 4 0 R>>>>", TREE, PAGE % b"", b"<</Next 4 0 R/First 4 0 R>>"
    ),
    "a_million_annotations": lambda: raw(ROOT, TREE, PAGE % (b"4 0 R " * 90_000), LINK),
    "tables_in_a_circle": lambda: (
        b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF"
    ),
    "objects_that_lead_to_themselves": lambda: raw(ROOT, b"2 0 R"),
    "many_objects": lambda: raw(ROOT, TREE, PAGE % b"4 0 R", LINK, *([b"<<>>"] * 20_000)),
    "a_stream_that_grows": lambda: raw(
        ROOT,
        TREE,
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
        b"<</Filter[/FlateDecode/FlateDecode]/Length 99999>>stream\n"
        + zlib.compress(zlib.compress(b"\0" * 50_000_000))
        + b"\nendstream",
    ),
}


@pytest.mark.parametrize("make_body", HOSTILE.values(), ids=HOSTILE)
def test_what_is_made_to_cost_time_costs_little(make_body):
    body = make_body()

    def attempt():
        with suppress(MemoryError):  # the process reports it as it does for pages
            read(body)

    assert least_cpu_s(attempt, enough_s=4) < 4


def test_one_broken_page_leaves_the_others():
    body = raw(
        ROOT, b"<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>", PAGE % b"<</A 5 0 R>> (x) 7", PAGE % LINK, b"[/S /URI]"
    )
    assert [one.dom_path for one in read(body).references] == ["page:2"]


def test_a_broken_title_hides_nothing_else_of_the_document():
    body = raw(
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/URI/URI(http://opened.test/)>>/Outlines[1]"
        b"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS('http://js.test/')>>]>>>>>>",
        b"<</Type/Pages/Kids[]/Count 0>>",
        b"[(no dictionary)]",
        root="1 0 R/Info 3 0 R",
    )
    found = read(body)
    assert {one.url for one in found.references} == {"http://opened.test/", "http://js.test/"}
    assert found.is_partial


def test_a_page_whose_text_cannot_be_read_hides_no_link():
    body = raw(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R"
        b"/Annots[<</Type/Annot/Subtype/Link/A<</S/URI/URI(http://linked.test/)>>>>]>>",
        b"<</Length 4/Filter/NoSuchDecode>>stream\nabcd\nendstream",
    )
    found = read(body)
    assert [one.url for one in found.references] == ["http://linked.test/"]
    assert found.is_partial
