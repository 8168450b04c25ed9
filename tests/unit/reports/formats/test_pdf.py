"""The PDF, read back by another library."""

import pypdfium2
import pytest
from PIL import Image

from app.domain.third_parties import Outcome
from app.domain.violations import RiskLevel
from app.reports.formats.blocks import (
    Beside,
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
from app.reports.formats.document import ReportDocument
from app.reports.formats.extent import PDF_EXTENT
from app.reports.formats.pdf import HEADER, pdf_pieces
from app.reports.formats.pdf_text import MISSING
from tests.unit.reports.formats.test_finding_screenshots import screenshot

CAPTURE = {
    "captured_at": "2026-01-01T10:00:00Z",
    "error": None,
    "html": {"sha256": "a" * 64},
    "source": None,
    "text": {"sha256": "b" * 64},
    "certificate": None,
    "status": 200,
    "addresses": ["192.0.2.1"],
}
FOOTER = 30  # points from the foot
HOSTILE = "</para><img src='file:///etc/passwd'/><a href=\"http://evil.test\">&lt;b>"


def read(*blocks):
    data = b"".join(pdf_pieces(blocks, title="T", author="A", language="en"))
    document = pypdfium2.PdfDocument(data)
    return [document[number].get_textpage().get_text_range() for number in range(len(document))], document, data


def text_of(*blocks):
    pages, _, _ = read(*blocks)
    return "".join(pages).replace("\r\n", "").replace("\ufffe", "")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_whole_report_can_be_read_in_its_language(make_report, language):
    report = make_report(language)
    pages, document, data = read(*ReportDocument(report, PDF_EXTENT))
    assert data.startswith(HEADER)
    assert data.count(b"%PDF-") == 1
    assert report.texts("report.not_examined") in pages[0]
    assert "casino.test" in "".join(pages)
    assert len(list(document.get_toc())) > 5


def seventeen(report, contents):
    """Make a report of seventeen findings, each with pictures of its own, of the four that there are."""
    for number in range(17):
        contents[f"{number:064}"] = screenshot((800, 500 + number))
    few, full = report.findings, {item["finding_id"]: report.finding(item["finding_id"]) for item in report.findings}
    many = {f"gambling.{number}.test": few[number % 4] for number in range(17)}
    report.findings = [{**item, "finding_id": name, "state": "open"} for name, item in many.items()]

    def finding(name):
        number = int(name.split(".")[1])
        shot = {"sha256": f"{number:064}"}
        capture = {
            **CAPTURE,
            "url": f"https://{number}.test/",
            "final_url": f"https://{number}.test/",
            "screenshot": shot,
        }
        return {**full[many[name]["finding_id"]], "finding_id": name, "state": "open", "captures": [capture]}

    report.finding = finding
    return report


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_seventeen_findings_take_few_pages_none_of_which_is_half_empty(make_report, contents, language):
    report = seventeen(make_report(language), contents)
    _, document, _ = read(*ReportDocument(report, PDF_EXTENT))
    assert 6 <= len(document) <= 15
    for number in range(len(document) - 1):
        page = document[number]
        texts = page.get_textpage()
        bottoms = [texts.get_rect(place)[1] for place in range(texts.count_rects())]
        assert min(low for low in bottoms if low > FOOTER) < page.get_height() / 2, number + 1


def test_a_heading_is_never_the_last_on_its_page(make_report, contents):
    report = seventeen(make_report(), contents)
    blocks = list(ReportDocument(report, PDF_EXTENT))
    titles = {str(block.text) for block in blocks if isinstance(block, Heading)}
    pages, *_ = read(*blocks)
    for page in pages:
        lines = [line for line in page.splitlines() if line.strip()]
        title = str(report.texts("report.title", target="corp.test"))
        body = [line for line in lines if line != title and not line.isdigit()]
        assert body[-1] not in titles


def test_no_word_of_ours_is_torn_apart_in_the_table_of_third_parties(make_report):
    report = make_report("en")
    document = ReportDocument(report, PDF_EXTENT)
    title = report.texts("report.hidden_references")
    columns = next(b.columns for b in document if isinstance(b, Table) and title in [c.title for c in b.columns])
    words = [report.texts(outcome.value) for outcome in Outcome]
    words += [report.texts(level.value) for level in RiskLevel] + [report.texts("category.unknown")]
    category, risk, outcome = (columns[number].title for number in (1, 2, 3))
    rows = [["", w, w if len(w) <= len("critical") else "", w, "1", "1", "a-domain.test"] for w in words]
    pages, *_ = read(PageBreak(), Table(columns, rows))
    shown = "".join(pages).split()
    for text in [title, category, risk, outcome, *words]:
        assert set(text.split()) <= set(shown), text


@pytest.mark.parametrize(
    "block",
    [
        Heading(HOSTILE, 1),
        Text(HOSTILE, Tone.WARNING),
        Items([HOSTILE]),
        Facts([(HOSTILE, HOSTILE)]),
        Quote(HOSTILE),
        Table([Column("c", 1)], [[HOSTILE]]),
        Table([Column("c", 1)], [[Cell(HOSTILE, "high")]]),
    ],
    ids=lambda block: type(block).__name__,
)
def test_what_a_stranger_wrote_is_text_and_no_link(block):
    assert "file:///etc/passwd" in text_of(block)
    _, _, data = read(block)
    assert b"/URI" not in data


def test_a_character_that_the_font_lacks_is_a_square():
    assert f"a{MISSING}{MISSING}中" in text_of(Text("a\u0639\U0001f600中"))


def test_long_texts_stay_on_their_page_and_long_tables_go_on():
    address = "https://a.test/" + "x" * 3_000
    table = Table([Column("n", 1, is_number=True), Column("a", 1)], [[str(n), address] for n in range(50)])
    pages, _, _ = read(table, Facts([("a", address)]), Quote(address * 3), PageBreak(), Text("end"))
    assert len(pages) > 5
    assert pages[-1].endswith("end")


def test_a_picture_is_shown():
    _, document, data = read(Picture(screenshot((64, 40)), "caption", 64, 40))
    assert b"/Image" in data
    assert isinstance(document[0].render().to_pil(), Image.Image)


@pytest.mark.parametrize("lines", range(30, 60))
def test_a_short_table_is_never_torn_apart_nor_without_its_heading(lines):
    """Wherever on the page it would begin."""
    table = Table([Column("Reason", 1), Column("Points", 1, is_number=True)], [[f"why {n}", "+5"] for n in range(5)])
    pages, _, _ = read(*[Text(f"line {n}") for n in range(lines)], Heading("Why this risk", 4), table)
    (page,) = [page for page in pages if "why" in page.lower()]
    assert "Why this risk" in page
    assert all(f"why {n}" in page for n in range(5))


@pytest.mark.parametrize("lines", range(28, 58, 2))
def test_a_finding_is_not_torn_apart_nor_are_its_sentences_the_last_on_a_page(lines):
    """Wherever on the page it would begin."""
    finding = [
        Heading("1. Gambling: casino.test", 3, "a", "high", "high 60"),
        Text("what it is"),
        Text("review it", Tone.WARNING),
        Beside([Facts([(f"name {n}", "value") for n in range(6)]), Quote("<a>")], [Text("no picture")], 0.6),
        Facts([("Found", "today"), ("Action", "remove it")]),
    ]
    pages, *_ = read(Heading("Findings", 2), *[Text(f"line {n}") for n in range(lines)], *finding)
    (page,) = [page for page in pages if "casino.test" in page]
    assert "review it" in page
    assert "remove it" in page


def test_a_finding_that_takes_most_of_a_page_begins_where_there_is_room():
    facts = Facts([(f"name {n}", "value\n" * 5) for n in range(6)])
    finding = [Heading("1. Gambling: casino.test", 3), Text("what it is"), facts, Facts([("Action", "remove\n" * 40)])]
    pages, *_ = read(Heading("Findings", 2), *[Text(f"line {n}") for n in range(5)], *finding)
    assert "casino.test" in pages[0]
    assert "Action" in pages[1]
