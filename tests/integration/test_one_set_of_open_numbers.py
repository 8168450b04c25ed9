"""One scan, one set of numbers, whatever was dismissed: who shows findings by risk leaves out what people dismissed."""

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
from tests.support.scanned import TARGET, scanned_once

ORDER = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a11"
REASON = "a partner"
DISMISSED = 2
COLUMNS = 7  # of the third parties in the appendix


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """A scan of an order, of which the worst finding and the last one were dismissed."""
    with scanned_once(tmp_path_factory) as scanned:
        with closing(sqlite3.connect(scanned.data_dir / "compliance.db")) as db, db:
            owner = db.execute("SELECT user_id FROM scan_tasks").fetchone()
            db.execute(
                "INSERT INTO scan_orders (id, user_id, title, config, size, created_at)"
                " SELECT ?, user_id, NULL, '{}', 1, created_at FROM scan_tasks WHERE user_id = ?",
                (ORDER, *owner),
            )
            db.execute(
                "INSERT INTO order_tasks (order_id, position, task_id) VALUES (?, 0, ?)", (ORDER, scanned.task_id)
            )
        listed = scanned.all_items("/findings")
        for one in (listed[0], listed[-1]):
            body = {"state": "dismissed", "reason": REASON, "version": 0}
            path = f"/api/v1/tasks/{scanned.task_id}/findings/{one['finding_id']}/decision"
            assert scanned.http.put(path, json=body).status_code == 200
        yield scanned


@pytest.fixture(scope="module")
def findings(scanned):
    """The list of findings, by the id of each."""
    return {one["finding_id"]: one for one in scanned.all_items("/findings")}


@pytest.fixture(scope="module")
def dismissed(findings):
    return {name for name, one in findings.items() if one["state"] == "dismissed"}


@pytest.fixture(scope="module")
def standing(findings, dismissed):
    return [one for name, one in findings.items() if name not in dismissed]


@pytest.fixture(scope="module")
def counts(standing):
    """The numbers of what stands, counted in the list of findings."""
    found = Counter(one["risk"]["level"] for one in standing)
    found += Counter(total=len(standing), needs_review=sum(one["needs_review"] for one in standing))
    return {name: found[name] for name in COUNTED}


def test_the_scan_and_the_lists_of_scans_count_what_stands_beside_what_was_found(scanned, counts, dismissed):
    assert len(dismissed) == DISMISSED
    (listed,) = scanned.http.get("/api/v1/tasks").json()["items"]
    for task in (scanned.get("").json(), scanned.get("?attempt=1").json(), listed):
        assert task["open_counts"] == counts
        assert task["finding_counts"]["total"] == counts["total"] + DISMISSED
    (attempt,) = scanned.get("/attempts").json()["items"]
    assert attempt["finding_counts"] == listed["finding_counts"]  # as they were found


def test_the_overview_and_the_site_count_the_same(scanned, counts):
    overview = scanned.http.get("/api/v1/overview").json()
    (site,) = overview["sites"]
    assert overview["finding_counts"] == site["finding_counts"] == overview["trend"][-1]["finding_counts"] == counts
    added = scanned.http.post("/api/v1/sites", json={"target_domain": TARGET})
    assert added.status_code == 201, added.text
    managed = added.json()
    assert managed["finding_counts"] == counts
    (scan,) = scanned.http.get(f"/api/v1/sites/{managed['id']}/scans").json()["items"]
    assert scan["open_counts"] == counts


def test_the_list_of_findings_says_what_stands_whatever_it_is_filtered_by(scanned, counts, standing):
    for tail in ("", "?decision=open", "?decision=dismissed", "?risk_level=low"):
        page = scanned.get(f"/findings{tail}").json()
        assert page["open_counts"] == counts
        assert (page["open_domains"], page["dismissed"]) == (len({one["domain"] for one in standing}), DISMISSED)
    levels = {level: counts[level] for level in WORST_FIRST if counts[level]}
    page = scanned.get("/findings?decision=open").json()
    assert page["by_level"] == page["counts"]["risk_level"] == levels


def test_an_order_counts_the_same(scanned, counts):
    order = scanned.http.get(f"/api/v1/orders/{ORDER}").json()
    (only,) = order["properties"]
    assert {name: order["open_counts"][name] for name in COUNTED} == only["open_counts"] == counts
    assert only["finding_counts"]["total"] == counts["total"] + DISMISSED


def test_the_report_counts_the_same(scanned, counts):
    report = scanned.get("/report").json()
    assert report["task"]["open_counts"] == counts
    text = scanned.get("/report?format=html&lang=en").text
    assert tiles(text) == [counts[level] for level in WORST_FIRST]
    assert said("report.not_counted", count=DISMISSED) in text
    with closing(pypdfium2.PdfDocument(scanned.get("/report?format=pdf&lang=en").content)) as document:
        first = " ".join(document[0].get_textpage().get_text_range().split())
    for level in WORST_FIRST:
        assert f"{counts[level]} {said('report.findings_of', level=said(level))}" in first
    assert said("report.not_counted", count=DISMISSED) in first


def test_the_report_marks_what_was_dismissed_and_puts_it_at_the_end(scanned, findings, dismissed):
    last = list(findings)
    last.sort(key=lambda name: name in dismissed)
    text = scanned.get("/report?format=html&lang=en").text
    assert re.findall(r'id="finding-([^"]+)"', text) == last
    overview, rest = text.split('id="dismissed"')
    assert all(f"#finding-{name}" not in overview for name in dismissed)
    assert all(f"#finding-{name}" in rest for name in dismissed)
    rows = list(csv.DictReader(StringIO(scanned.get("/report?format=csv&lang=en").content.decode("utf-8-sig"))))
    told = [(row[said("report.finding_id")], REASON in row[said("report.decision")]) for row in rows]
    assert [item for item in told if item[0]] == [(name, name in dismissed) for name in last]
    book = openpyxl.load_workbook(BytesIO(scanned.get("/report?format=xlsx&lang=en").content), read_only=True)
    heads, *lines = book.worksheets[0].iter_rows(values_only=True)
    assert [line[heads.index(said("report.finding_id"))] for line in lines] == last
    results = json.loads(scanned.get("/report?format=sarif").content)["runs"][0]["results"]
    assert [one["partialFingerprints"]["findingId/v1"] for one in results] == last
    assert [bool(one["suppressions"]) for one in results] == [name in dismissed for name in last]


def test_a_third_party_has_the_risk_of_what_stands(scanned, findings, dismissed, standing):
    levels = {one["domain"]: one["risk"]["level"] for one in reversed(standing)}
    found = {one["domain"] for one in findings.values()}
    assert found > set(levels)
    parties = {one["domain"]: one["risk_level"] for one in scanned.all_items("/third-parties")}
    assert {domain: level for domain, level in parties.items() if level} == {
        domain: level for domain, level in levels.items() if domain in parties
    }
    told = {one["domain"]: one["risk_level"] for one in scanned.get("/report").json()["third_parties"]}
    assert told == parties
    appendix = scanned.get("/report?format=html&lang=en").text.split('id="third-parties"')[1]
    rows = [re.sub("</?bdi>", "", row).split("</td>") for row in appendix.split("<tr>")]
    cells = {row[0].partition(">")[2]: row[2] for row in rows if len(row) > COLUMNS}
    for domain in found & set(parties):
        level = parties[domain]
        assert (said(level) if level else said("decision.dismissed")) in cells[domain]


def test_the_report_of_an_order_counts_the_same(scanned, counts):
    path = f"/api/v1/orders/{ORDER}/report"
    assert scanned.http.get(path).json()["open_counts"]["total"] == counts["total"]
    text = scanned.http.get(f"{path}?format=html&lang=en").text
    assert tiles(text) == [counts[level] for level in WORST_FIRST]
    assert said("report.not_counted", count=DISMISSED) in text
    book = openpyxl.load_workbook(BytesIO(scanned.http.get(f"{path}?format=xlsx&lang=en").content), read_only=True)
    heads, line = book.worksheets[0].iter_rows(values_only=True)
    row = dict(zip(heads, line, strict=True))
    assert {level: row[said(level)] for level in WORST_FIRST} == {level: counts[level] for level in WORST_FIRST}
    assert row[said("decision.dismissed")] == DISMISSED


def test_a_terminal_counts_the_same(scanned, findings, counts):
    details = [scanned.get(f"/findings/{name}").json() for name in findings]
    console = Console(file=StringIO(), width=400)
    texts = MessageCatalog("en")
    print_report(ScanResult(scanned.get("/report").json(), details, len(details)), console, texts)
    levels = texts.join_terms(f"{said(level)} {counts[level]}" for level in WORST_FIRST if counts[level])
    dismissed = said("notice.dismissed", count=DISMISSED)
    last = " ".join(console.file.getvalue().split())  # the line is folded
    assert last.endswith(f" {counts['total']} ({texts.join_terms([levels, dismissed])})")
    assert console.file.getvalue().count(f"({said('decision_state.dismissed')})") == DISMISSED


def tiles(text):
    """The numbers by risk of a report in HTML."""
    block = text.split('<div class="tiles">')[1].split("</div>")[0]
    return [int(number) for number in re.findall(r">(\d+)<", block)]
