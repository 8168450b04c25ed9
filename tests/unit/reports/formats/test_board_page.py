"""The first page of a report: the verdict, the numbers, the worst picture, what to do, what is unknown, what is new."""

from dataclasses import replace

import pytest

from app.domain.coverage import Seen
from app.domain.differences import Change
from app.domain.scan_facts import FrontierUrl, UrlState
from app.domain.third_parties import Outcome
from app.domain.verdict import LIMITING_WARNINGS
from app.inventory.comparer import FindingChanges
from app.reports.formats.blocks import (
    Beside,
    Heading,
    Items,
    Masthead,
    PageBreak,
    Picture,
    Statement,
    Text,
    Tiles,
    Tone,
)
from app.reports.formats.document import ReportDocument
from app.reports.formats.extent import HTML_EXTENT
from tests.unit.reports.formats.test_finding_screenshots import screenshot

LANGUAGES = ("en", "zh-CN")
SHOT = "5" * 64


def page(report):
    """Return the blocks of the first page, those in columns as well."""
    blocks = list(ReportDocument(report, HTML_EXTENT))
    first = blocks[: next(place for place, block in enumerate(blocks) if isinstance(block, PageBreak))]
    return [one for block in first for one in ((*block.left, *block.right) if isinstance(block, Beside) else (block,))]


def below(blocks, title):
    """Return the blocks below a heading."""
    start = next(place for place, block in enumerate(blocks) if block == Heading(title, 2))
    return [block for block in blocks[start + 1 :] if isinstance(block, Text | Items)][:2]


@pytest.mark.parametrize("counts", [None, {"total": 10, "critical": 5, "high": 1, "medium": 4}])
def test_the_numbers_by_risk_are_those_of_the_run_without_what_was_dismissed(make_report, counts):
    report = make_report(**({} if counts is None else {"finding_counts": counts}))
    blocks = page(report)
    (tiles,) = [block.tiles for block in blocks if isinstance(block, Tiles)]
    assert [tile.number for tile in tiles] == (["2", "0", "1", "0"] if counts is None else ["5", "0", "4", "0"])
    assert Text(report.texts("report.not_counted", count=1)) in blocks


def test_where_nothing_was_dismissed_nothing_is_said_of_it(make_report):
    report = make_report()
    report.open_counts = report.row.finding_counts
    said = [getattr(block.text, "key", "") for block in page(report) if isinstance(block, Text)]
    assert "report.not_counted" not in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "corp.test has 3 findings that require action, on 3 domains; the highest risk is critical."),
        ({"verdict": None, "status": "running"}, "was not completed"),
        ({"verdict": None, "status": "cancelled"}, "So far it has 3 findings that require action, on 3 domains."),
    ],
)
def test_one_sentence_says_the_whole(make_report, changes, said):
    (first,) = [block for block in page(make_report(**changes)) if isinstance(block, Statement)]
    assert said in first.text
    assert first.tone is Tone.WARNING


def conclusion(report):
    (first,) = [block for block in page(report) if isinstance(block, Statement)]
    return str(first.text)


def test_what_was_dismissed_requires_no_action_and_gives_no_level(make_report):
    report = make_report()
    worst, *rest = report.findings
    valid = next(item for item in rest if item["state"] != "dismissed" and item["risk"]["level"] != "critical")
    report.findings = [{**worst, "state": "dismissed"}, valid, {**valid, "finding_id": rest[-1]["finding_id"]}]
    level = valid["risk"]["level_name"]
    params = {"findings": report.texts("report.findings_counted", count=2), "domains": "1 domain", "level": level}
    assert worst["risk"]["level"] == "critical"
    assert conclusion(report) == report.texts("report.conclusion_violations", target="corp.test", **params)


def test_a_single_finding_is_told_as_one(make_report):
    report = make_report()
    report.findings = report.findings[:1]
    assert "corp.test has 1 finding that requires action, on 1 domain;" in conclusion(report)
    report.findings = [{**report.findings[0], "state": "dismissed"}]
    assert conclusion(report) == "Everything found on corp.test was dismissed on review: 1 finding."


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_all_was_dismissed_it_says_so_whether_the_scan_has_ended_or_not(make_report, language):
    for changes, key in (
        ({}, "conclusion_dismissed"),
        ({"verdict": None, "status": "cancelled"}, "unfinished_dismissed"),
    ):
        report = make_report(language, **changes)
        report.findings = [{**item, "state": "dismissed"} for item in report.findings]
        said = report.texts(f"report.{key}", target="corp.test", count=4, status=report.texts("cancelled"))
        assert conclusion(report) == said


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
    blocks = page(report)
    (first,) = [block for block in blocks if isinstance(block, Statement)]
    assert first.text.key == f"report.{key}"
    assert first.text.params["target"] == "corp.test"
    assert first.tone is tone
    assert Heading(report.texts("report.actions"), 2) not in blocks


@pytest.mark.parametrize("language", LANGUAGES)
def test_three_actions_are_named_in_order(make_report, language):
    report = make_report(language)
    actions = below(page(report), report.texts("report.actions"))[0]
    assert actions.numbered
    assert len(actions.texts) == 3


def test_nothing_by_which_programs_find_a_scan_is_on_it(make_report):
    report = make_report()
    said = repr(page(report))
    assert report.row.id not in said
    assert "2026-01-02" not in said  # when the report was made
    assert "scanner 1.0" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_not_checked_is_counted_by_reason(make_report, language):
    report = make_report(language)
    report.coverage = replace(report.coverage, hosts={"www.corp.test": {Seen.JUDGED: 5, Seen.NO_ANSWER: 2}})
    checked, limits = below(page(report), report.texts("report.not_examined"))
    assert checked.text == report.texts("report.urls_checked", checked=5, known=7)
    assert limits.texts[0] == report.texts("report.urls_left", count=2, reason=report.texts("reason.no_answer"))
    assert (
        report.texts("report.parties_left", count=1, outcome=report.texts(Outcome.NOT_EXAMINED.value)) in limits.texts
    )
    assert report.texts("reason.robots") in limits.texts  # of the verdict


def test_where_nothing_was_left_out_it_says_so(make_report):
    report = make_report(verdict={"result": "clean", "reasons": []}, warnings=[{"code": "late_run", "message": "late"}])
    report.not_examined = lambda _outcome, limit: ([], 0)
    report.coverage = replace(report.coverage, hosts={"www.corp.test": {Seen.JUDGED: 5, Seen.NOT_HTML: 2}})
    assert below(page(report), report.texts("report.not_examined")) == [
        Text(report.texts("report.urls_checked", checked=5, known=5)),
        Text(report.texts("report.nothing_left")),
    ]


@pytest.mark.parametrize("code", sorted(LIMITING_WARNINGS - {"inconclusive"}))
def test_what_makes_the_results_incomplete_on_the_page_is_named_and_not_all_is_called_checked(make_report, code):
    report = make_report(
        verdict={"result": "clean", "reasons": ["robots", "time_limit"]},
        warnings=[
            {"code": code, "message": "one host was silent"},
            {"code": "late_run", "message": "late"},
            {"code": "inconclusive", "message": "the reasons of the verdict"},
            {"code": "partial", "message": "www.corp.test: 2 URLs", "reason": "robots", "host": "www.corp.test"},
            {"code": "partial", "message": "stopped after 60 s", "reason": "time_limit"},
        ],
    )
    report.not_examined = lambda _outcome, limit: ([], 0)
    report.coverage = replace(report.coverage, hosts={"www.corp.test": {Seen.JUDGED: 5}})
    (checked, limits) = below(page(report), report.texts("report.not_examined"))
    assert checked.text == report.texts("report.urls_checked", checked=5, known=5)
    names = [report.texts("reason.robots"), report.texts("reason.time_limit")]
    assert list(limits.texts) == [*names, "one host was silent"]
    report.row.verdict["reasons"] = []
    assert Text(report.texts("report.nothing_left")) not in page(report)


def test_where_nothing_is_known_it_does_not_say_that_nothing_was_left_out(make_report):
    report = make_report(verdict={"result": "clean", "reasons": []})
    report.not_examined = lambda _outcome, limit: ([], 0)
    assert Text(report.texts("report.nothing_left")) not in page(report)


def test_a_scan_that_was_cancelled_counts_what_still_waited(make_report, store):
    urls = [f"https://www.corp.test/{number}" for number in range(5)]
    store.add_urls(FrontierUrl(number, url, url, "www.corp.test", 0) for number, url in enumerate(urls, 1))
    store.finish_url(1, UrlState.DONE, seen=Seen.JUDGED)
    store.finish_url(2, UrlState.DONE, seen=Seen.JUDGED)
    store.flush()
    report = make_report(verdict=None, status="cancelled")
    report.not_examined = lambda _outcome, limit: ([], 0)
    blocks = page(report)
    assert Text(report.texts("report.urls_checked", checked=2, known=5)) in blocks
    assert Text(report.texts("report.nothing_left")) not in blocks


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_changed_since_the_scan_before_is_counted(make_report, language):
    counts = {Change.NEW: 2, Change.NOT_SEEN: 1}
    changes = FindingChanges(completed_at="2025-12-01T10:00:00Z", counts=counts, unchanged=2)
    report = make_report(language, differences=changes)
    intro, shown = below(page(report), report.texts("report.changes"))
    assert "2025-12-01 10:00:00 UTC" in intro.text
    assert list(shown.texts) == [
        report.texts("report.change.new", count=2),
        report.texts("report.change.not_seen", count=1),
        report.texts("report.change.same", count=2),
    ]


def test_a_scan_without_an_earlier_one_and_one_that_cannot_be_read_say_so(make_report):
    report = make_report()
    assert below(page(report), report.texts("report.changes")) == [Text(report.texts("report.no_predecessor"))]
    lost = FindingChanges(completed_at="2025-12-01T10:00:00Z", counts=None)
    report = make_report(differences=lost)
    (said,) = below(page(report), report.texts("report.changes"))
    assert said.text.key == "report.not_compared"


def test_a_reader_with_a_link_hears_of_no_other_scan(make_report):
    told = FindingChanges(completed_at="2025-12-01T10:00:00Z", counts={Change.NEW: 2}, unchanged=2)
    for differences in (told, None):
        report = make_report(differences=differences)
        report.origin = replace(report.origin, is_shared=True)
        blocks = page(report)
        assert Heading(report.texts("report.not_examined"), 2) in blocks
        assert Heading(report.texts("report.changes"), 2) not in blocks
        assert "2025-12-01" not in repr(blocks)


def test_the_picture_is_the_first_of_the_worst_findings_that_a_picture_shows(make_report, contents):
    report, finding = make_report(), make_report().finding
    contents[SHOT] = screenshot((800, 600))
    capture = {
        "url": "https://shop.test/",
        "final_url": "https://shop.test/",
        "captured_at": "2026-01-01T10:00:00Z",
        "error": None,
        "html": None,
        "source": None,
        "text": None,
        "certificate": None,
        "status": 200,
        "addresses": [],
        "screenshot": {"sha256": SHOT},
    }
    takeover = {"violation_key": "takeover", "captures": [capture]}
    report.finding = lambda one: {**finding(one), "captures": [capture], **(takeover if "corp.test" in one else {})}
    (picture,) = [block for block in page(report) if isinstance(block, Picture)]
    assert picture.caption.params["number"] == 2
    assert "https://shop.test/" in picture.caption


def test_the_organisation_and_the_time_of_the_scan_stand_above(make_report):
    (head,) = [block for block in page(make_report()) if isinstance(block, Masthead)]
    assert (head.organisation, head.logo) == ("", None)
    assert "2026-01-01 11:02:03 UTC" in head.text


def test_decisions_are_counted(make_report):
    report = make_report()
    report.findings = [{**item, "state": "confirmed"} for item in report.findings[:1]] + report.findings[1:]
    said = [
        block.text
        for block in page(report)
        if isinstance(block, Text) and report.texts("report.decisions") in block.text
    ]
    assert said == ["Decisions so far: 2 undecided, 1 confirmed, 1 dismissed"]
