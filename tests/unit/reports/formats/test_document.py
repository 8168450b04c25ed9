"""The sections of a report, and what each conclusion says."""

import weakref
from dataclasses import replace

import pytest

from app.domain.recommendations import GUIDE_STEPS
from app.reports.formats.blocks import (
    Beside,
    Cell,
    Facts,
    Heading,
    Items,
    Masthead,
    PageBreak,
    Statement,
    Table,
    Text,
    Tiles,
    Tone,
)
from app.reports.formats.document import ReportDocument
from app.reports.formats.extent import HTML_EXTENT

LANGUAGES = ("en", "zh-CN")


def texts_of(blocks):
    """Every text of a document."""
    for block in blocks:
        match block:
            case Facts(rows):
                yield from (text for row in rows for text in row)
            case Items(texts):
                yield from texts
            case Table(columns, rows):
                yield from (column.title for column in columns)
                yield from (cell.text if isinstance(cell, Cell) else cell for row in rows for cell in row)
            case Heading() | Text() | Statement():
                yield block.text
            case Masthead():
                yield from (block.organisation, block.text)
            case Tiles(tiles):
                yield from (text for tile in tiles for text in (tile.number, tile.text))
            case Beside(left, right):
                yield from texts_of((*left, *right))


def document(report, **extent):
    return list(ReportDocument(report, replace(HTML_EXTENT, **extent)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_it_is_about_and_who_made_it_when(make_report, language):
    said = "\n".join(texts_of(document(make_report(language))))
    for part in ("corp.test", "2026-01-01 10:00:00 UTC", "2026-01-01 11:02:03 UTC", "2026-01-02 03:04:05 UTC", "mei"):
        assert part in said
    assert "scanner 1.0" in said
    assert "one host was silent" in said


def test_the_sections_stand_in_the_order_in_which_they_are_read(make_report):
    report = make_report()
    blocks = document(report)
    after = next(place for place, block in enumerate(blocks) if isinstance(block, PageBreak))  # the first page
    headings = [block.text for block in blocks[after:] if isinstance(block, Heading) and block.level == 2]
    wanted = [report.texts(f"report.{key}") for key in ("overview", "guides", "details", "sign_off")]
    assert headings[:4] == wanted
    assert [text.split(":")[0] for text in headings[4:]] == [f"Appendix {letter}" for letter in "ABCDE"]


def test_what_the_user_has_called_own_is_said(make_report):
    config = {"max_pages": 500, "max_depth": None, "time_limit_s": 60, "own_domains": ["sister.test"]}
    assert "sister.test" in texts_of(document(make_report(config=config)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_left_out_is_counted(make_report, language):
    report = make_report(language)
    notes = [
        block.text
        for block in document(report, findings_in_full=1, findings_listed=3, third_parties=2, hosts=0)
        if isinstance(block, Text) and block.tone is Tone.NOTE
    ]
    assert report.texts("report.not_in_full", count=3) in notes
    assert notes.count(report.texts("report.left_out", count=1)) == 3  # a finding, a third party, one not examined


def test_the_overview_leads_to_what_is_described_in_full_alone(make_report):
    blocks = document(make_report(), findings_in_full=2)
    overview, dismissed = [block for block in blocks if isinstance(block, Table)][:2]
    assert [row[0] for row in overview.rows] == ["1", "2", "3"]
    assert [row[0] for row in dismissed.rows] == ["4"]
    links = [row[2].anchor for row in (*overview.rows, *dismissed.rows)]
    assert links == ["finding-fraud.corp.test", "finding-adult.shop.test", "", ""]
    assert {block.anchor for block in blocks if isinstance(block, Heading)} >= set(filter(None, links))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_guide_has_its_texts(make_report, language):
    texts = make_report(language).texts
    for guide, steps in GUIDE_STEPS.items():
        assert all(f"guide.{guide}.{step}" in texts for step in steps)
        assert f"guide.{guide}" in texts


def test_the_guides_are_those_of_what_was_found(make_report):
    report = make_report()
    said = "\n".join(texts_of(document(report)))
    assert report.texts("guide.hacked_page.files") in said
    assert report.texts("guide.partnership.contact") not in said  # of a finding that was dismissed
    assert report.texts("guide.foreign_code.origin") not in said


def test_no_advice_is_given_twice(make_report):
    said = [text for block in document(make_report()) if isinstance(block, Items) for text in block.texts]
    guides = [text for text in said if getattr(text, "key", "").startswith("guide.")]
    assert len(guides) == len(set(guides)) > 5


def test_what_was_dismissed_needs_no_action(make_report):
    report = make_report()
    dismissed = [{**item, "state": "dismissed"} for item in report.findings]
    documents = {item["finding_id"]: {**report.finding(item["finding_id"]), "state": "dismissed"} for item in dismissed}
    report.findings, report.finding = dismissed, documents.__getitem__
    blocks = document(report)
    assert next(block for block in blocks if isinstance(block, Statement)).text.key == "report.conclusion_dismissed"
    assert report.texts("report.guides") not in list(texts_of(blocks))
    assert report.texts("report.actions") not in list(texts_of(blocks))


class Reference(dict):
    """One that can be watched."""


def test_references_that_no_section_shows_are_not_held_for_all_findings(make_report):
    report = make_report()
    read, held = report.finding, []

    def finding(finding_id):
        found = read(finding_id)
        if found["references"]:  # the first is shown in full
            more = [Reference(reference_id=number, page_url=f"https://www.corp.test/{number}") for number in range(49)]
            held.extend(map(weakref.ref, more))
            found["references"] += more
        return found

    report.finding = finding
    blocks = iter(ReportDocument(report, HTML_EXTENT))
    next(blocks)  # by now all findings in full are read
    assert len(held) >= 2 * 49
    assert not [one for one in held if one() is not None]
