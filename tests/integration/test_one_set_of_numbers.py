"""One scan, one set of numbers: whoever shows how many findings there are, and how bad, says the same."""

import csv
import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from io import BytesIO, StringIO

import openpyxl
import pypdfium2
import pytest
from rich.console import Console

from app.cli.display.report import print_report
from app.cli.display.result import ScanResult
from app.domain.findings import COUNTED
from app.domain.messages import MessageCatalog
from app.domain.violations import WORST_FIRST
from tests.support.said import said
from tests.support.scanned import scanned_once


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    with scanned_once(tmp_path_factory) as scanned:
        yield scanned


@pytest.fixture(scope="module")
def findings(scanned):
    """The list of findings, by the id of each."""
    return {one["finding_id"]: one for one in scanned.all_items("/findings")}


@pytest.fixture(scope="module")
def levels(findings):
    return {name: one["risk"]["level"] for name, one in findings.items()}


@pytest.fixture(scope="module")
def counts(findings, levels):
    waiting = sum(one["needs_review"] for one in findings.values())
    found = Counter(levels.values()) | Counter(total=len(levels), needs_review=waiting)
    return {name: found[name] for name in COUNTED}


def test_the_scan_its_status_and_its_attempt_count_the_same(scanned, counts):
    assert scanned.get("").json()["finding_counts"] == counts
    assert scanned.http.get(f"/api/v1/monitor/tasks/{scanned.task_id}/status").json()["findings"] == counts
    (attempt,) = scanned.get("/attempts").json()["items"]
    assert attempt["finding_counts"] == counts


def test_the_list_counts_what_it_lists(scanned, counts):
    page = scanned.get("/findings?page_size=1").json()
    assert (page["total"], page["by_level"]) == (
        counts["total"],
        {name: number for name, number in counts.items() if number and name not in ("total", "needs_review")},
    )
    for level, number in page["by_level"].items():
        assert scanned.get(f"/findings?risk_level={level}&page_size=1").json()["total"] == number
    waiting = scanned.get("/findings?needs_review=true&page_size=1").json()["total"]
    assert waiting == counts["needs_review"]


def test_each_violation_has_the_level_of_its_finding(scanned, levels):
    listed = scanned.all_items("/violations")
    assert {one["finding_id"] for one in listed} == set(levels)
    assert {one["violation_id"]: one["risk_level"] for one in listed} == {
        one["violation_id"]: levels[one["finding_id"]] for one in listed
    }
    task = scanned.get("").json()
    assert (task["violation_counts"]["total"], task["statistics"]["total_violations"]) == (len(listed), len(listed))
    by_level = Counter(one["risk_level"] for one in listed)
    assert {name: number for name, number in task["violation_counts"].items() if name in by_level} == dict(by_level)


def test_the_detail_the_third_party_and_the_search_say_the_level_of_the_list(scanned, findings, levels):
    worst: dict[str, int] = {}
    for name, one in findings.items():
        assert scanned.get(f"/findings/{name}").json()["risk"] == one["risk"]
        worst[one["domain"]] = max(worst.get(one["domain"], 0), one["risk"]["score"])
    parties = {one["domain"]: one["risk_level"] for one in scanned.all_items("/third-parties") if one["risk_level"]}
    by_score = {
        one["domain"]: one["risk"]["level"] for one in findings.values() if worst[one["domain"]] == one["risk"]["score"]
    }
    assert parties == {domain: level for domain, level in by_score.items() if domain in parties}
    for name in ("lucky-slots", "flash-update-center"):
        (found,) = scanned.http.get(f"/api/v1/search?q={name}").json()["findings"]
        assert found["risk_level"] == levels[found["finding_id"]]


def test_overview_and_review_count_the_same(scanned, findings, counts):
    overview = scanned.http.get("/api/v1/overview").json()
    (site,) = overview["sites"]
    assert overview["finding_counts"] == site["finding_counts"] == overview["trend"][-1]["finding_counts"] == counts
    queue = scanned.http.get("/api/v1/review?limit=100").json()["items"]
    assert {one["finding"]["finding_id"] for one in queue} == {
        name for name, one in findings.items() if one["needs_review"]
    }


def test_a_list_of_scans_is_filtered_by_the_worst_level(scanned, levels):
    worst = next(level for level in WORST_FIRST if level in levels.values())
    for level in WORST_FIRST:
        total = scanned.http.get(f"/api/v1/tasks?risk={level}").json()["total"]
        assert total == (level == worst)


def test_the_tables_have_the_findings_of_the_list(scanned, levels):
    rows = list(csv.DictReader(StringIO(scanned.get("/report?format=csv&lang=en").content.decode("utf-8-sig"))))
    columns = said("report.finding_id"), said("report.risk")
    told = {row[columns[0]]: row[columns[1]] for row in rows if row[columns[0]]}
    assert told == {name: said(level) for name, level in levels.items()}
    book = openpyxl.load_workbook(BytesIO(scanned.get("/report?format=xlsx&lang=en").content), read_only=True)
    heads, *lines = book.worksheets[0].iter_rows(values_only=True)
    cells = [dict(zip(heads, line, strict=True)) for line in lines]
    assert {row[columns[0]]: row[columns[1]] for row in cells} == told
    assert len(cells) == len(levels)


def test_the_report_says_the_same_levels(scanned, levels):
    report = scanned.get("/report").json()
    assert report["task"]["finding_counts"]["total"] == len(levels)
    assert {one["finding_id"]: one["risk_level"] for one in report["violations"]} == levels
    text = scanned.get("/report?format=html&lang=en").text
    assert all(f'id="finding-{name}"' in text for name in levels)


def test_the_pdf_says_the_same_numbers(scanned, levels, counts):
    with closing(pypdfium2.PdfDocument(scanned.get("/report?format=pdf&lang=en").content)) as document:
        first, *others = (" ".join(page.get_textpage().get_text_range().split()) for page in document)
    for level in WORST_FIRST:
        assert f"{counts[level]} {said('report.findings_of', level=said(level))}" in first
    titles = re.compile(r"(\d+)\. [A-Z][a-z ]+: [a-z0-9.-]+\.test")
    numbered = {int(number) for text in others for number in titles.findall(text)}
    assert numbered >= {*range(1, len(levels) + 1)}


def test_a_terminal_says_the_same_levels(scanned, findings, levels):
    details = [scanned.get(f"/findings/{name}").json() for name in findings]
    console = Console(file=StringIO(), width=200)
    print_report(ScanResult(scanned.get("/report").json(), details, len(details)), console, MessageCatalog("en"))
    rows = re.findall(r"^ ?\d+  (\w+) +\S+ +([a-z0-9.-]+\.test) ", console.file.getvalue(), re.MULTILINE)
    assert rows == [(said(levels[name]), one["domain"]) for name, one in findings.items()]


def test_events_add_up_to_what_is_stored(scanned, levels, counts):
    """Who followed the scan from its first event has the levels and the counts of the list."""
    with closing(sqlite3.connect(scanned.data_dir / "compliance.db")) as db:
        told = db.execute(
            "SELECT type, json(body) FROM task_events WHERE task_id = ? AND type IN (?, ?) ORDER BY seq",
            (scanned.task_id, "violation_detected", "finding_changed"),
        ).fetchall()
    known: dict[tuple[str, str], tuple[str, str]] = {}  # of each violation its finding and the level
    last = ()
    for kind, text in told:
        body = json.loads(text)
        finding = body["finding_id"]
        if kind == "finding_changed":
            known |= {(body["domain"], one): (finding, body["risk_level"]) for one in body["kinds"]}
        else:
            known[body["violation"]["domain"], body["violation_key"]] = (finding, body["violation"]["risk_level"])
        last = (body["violation_counts"], body["finding_counts"])
    listed = scanned.all_items("/violations")
    assert known == {(one["domain"], one["violation_key"]): (one["finding_id"], one["risk_level"]) for one in listed}
    assert dict(known.values()) == levels
    assert last == (scanned.get("").json()["violation_counts"], counts)
