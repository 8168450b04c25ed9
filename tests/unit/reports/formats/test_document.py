"""The sections of a report, and what each conclusion says."""

from dataclasses import replace

import pytest

from app.domain.recommendations import GUIDE_STEPS
from app.domain.rule_data import RULE_DATA
from app.reports.formats.blocks import Cell, Facts, Heading, Items, Table, Text, Tone
from app.reports.formats.document import ReportDocument
from app.reports.formats.extent import HTML_EXTENT

LANGUAGES = ("en", "zh-CN")
LEVELS = ("critical", "high", "medium", "low")


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
            case Heading() | Text():
                yield block.text


def document(report, **extent):
    return list(ReportDocument(report, replace(HTML_EXTENT, **extent)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_it_is_about_and_who_made_it_when(make_report, language):
    said = "\n".join(texts_of(document(make_report(language))))
    for part in ("corp.test", "2026-01-01 10:00:00 UTC", "2026-01-01 11:02:03 UTC", "2026-01-02 03:04:05 UTC", "mei"):
        assert part in said
    assert "scanner 1.0" in said
    assert "one host was silent" in said


def test_the_cover_says_how_old_the_rules_were_and_how_much_was_looked_at(make_report, store):
    assert "Rule data" not in texts_of(document(make_report()))  # a scan of before
    store.put_checkpoint(RULE_DATA, {"houses": "2026-01-03", "lexicon": "2026-01-02"})
    store.flush()
    cover = next(block for block in document(make_report()) if isinstance(block, Facts))
    rows = dict(cover.rows)
    assert rows["Rule data"] == "word list 2026-01-02; gambling brands 2026-01-03"
    assert rows["URLs crawled"] == "0 of 0 known"
    assert "500" in rows["Limits of this scan"]


@pytest.mark.parametrize("counts", [None, {"total": 9, "critical": 5, "medium": 4}])
def test_the_numbers_by_risk_are_those_that_the_run_has_stored(make_report, counts):
    report = make_report(**({} if counts is None else {"finding_counts": counts}))
    facts = {name: text for block in document(report) if isinstance(block, Facts) for name, text in block.rows}
    shown = [facts[report.texts("report.findings_of", level=report.texts(level))] for level in LEVELS]
    assert shown == (["2", "1", "1", "0"] if counts is None else ["5", "0", "4", "0"])


def test_the_sections_stand_in_the_order_in_which_they_are_read(make_report):
    report = make_report()
    headings = [block.text for block in document(report) if isinstance(block, Heading) and block.level == 2]
    keys = ("summary", "overview", "guides", "sign_off", "third_parties", "coverage", "not_examined", "method")
    wanted = [report.texts(f"report.{key}") for key in keys]
    assert [text for text in headings if text in wanted] == wanted
    assert headings.index("Findings of critical risk") < headings.index("Findings of medium risk")


def test_what_the_user_has_called_own_is_said(make_report):
    config = {"max_pages": 500, "max_depth": None, "time_limit_s": 60, "own_domains": ["sister.test"]}
    assert "sister.test" in texts_of(document(make_report(config=config)))


@pytest.mark.parametrize(
    ("changes", "said", "tone"),
    [
        ({}, "corp.test has 4 findings that require action, on 4 domains. The highest risk is critical.", Tone.WARNING),
        ({"verdict": None, "status": "running"}, "was not completed", Tone.WARNING),
        ({"verdict": None, "status": "cancelled"}, "So far it has 4 findings", Tone.WARNING),
    ],
)
def test_one_sentence_says_the_whole(make_report, changes, said, tone):
    first = next(block for block in document(make_report(**changes)) if isinstance(block, Text))
    assert said in first.text
    assert first.tone is tone


@pytest.mark.parametrize(
    ("verdict", "key", "tone"),
    [
        ({"result": "clean", "reasons": []}, "conclusion_clean", Tone.GOOD),
        ({"result": "inconclusive", "reasons": ["start_page"]}, "conclusion_inconclusive", Tone.WARNING),
        # All were dismissed since.
        ({"result": "violations", "reasons": []}, "conclusion_inconclusive", Tone.WARNING),
        (None, "unfinished", Tone.WARNING),
    ],
)
def test_a_scan_without_findings_is_called_clean_only_when_it_is(make_report, verdict, key, tone):
    report = make_report(verdict=verdict)
    report.findings = []
    first = next(block for block in document(report) if isinstance(block, Text))
    assert first.text.key == f"report.{key}"
    assert first.text.params["target"] == "corp.test"
    assert first.tone is tone
    assert report.texts("report.overview") not in list(texts_of(document(report)))


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
    overview = next(block for block in blocks if isinstance(block, Table))
    links = [row[2].anchor for row in overview.rows]
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
    said = list(texts_of(document(report)))
    assert report.texts("guide.hacked_page") in said
    assert report.texts("guide.partnership") in said
    assert report.texts("guide.foreign_code") not in said
