"""The tables of a report."""

from datetime import date, datetime

import pytest

from app.core.spreadsheet import Percentage
from app.domain.scan_facts import ThirdParty
from app.reports.formats.tables import ReportTables
from tests.unit.findings.evidence.conftest import link

ORIGIN = ("origin_page", "origin_dom_path", "origin_link_text")


def as_dicts(sheet):
    return [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_finding_has_a_row_with_what_a_reader_needs(make_report, language):
    report = make_report(language)
    found = as_dicts(ReportTables(report).findings())
    names = ("domain", "chain", "why", "what_to_do", "score", "page")
    named = {report.texts(f"report.{name}"): name for name in (*names, *ORIGIN)}
    rows = [{name: row[title] for title, name in named.items()} for row in found]
    casino = next(row for row in rows if row["domain"] == "casino.test")
    assert casino["chain"] == "https://www.corp.test/partners → http://partner.test/ → https://casino.test/"
    assert casino["page"] == casino["origin_page"] == "https://www.corp.test/partners"
    assert (casino["origin_dom_path"], casino["origin_link_text"]) == ("html > body > a:nth-child(1)", "Partner")
    assert casino["why"].splitlines()[0].endswith(": +25")
    assert casino["what_to_do"].startswith("1. ")
    assert [row["score"] for row in rows] == [100, 75, 45, 50]  # the last one was dismissed


def test_a_way_through_our_own_address_begins_on_the_page_that_links_to_it(make_report):
    report = make_report()
    found = report.finding("gambling.casino.test")
    page = {"page_url": "https://www.corp.test/map", "page_title": "Map"}
    report.finding = lambda _id: {**found, "chains": [{**found["chains"][0], "linked_from": page}]}
    row = as_dicts(ReportTables(report).findings())[0]
    assert [row[report.texts(f"report.{name}")] for name in ORIGIN] == ["https://www.corp.test/map", None, None]


def test_a_row_has_the_page_and_the_hiding_of_the_finding_whatever_its_references_say(make_report):
    report = make_report()
    found = {
        **report.finding("gambling.casino.test"),
        "page_url": "https://www.corp.test/x",
        "hidden_text": "off screen",
    }
    report.finding = lambda _id: found
    row = as_dicts(ReportTables(report).findings())[0]
    assert [row[report.texts(f"report.{name}")] for name in ("page", "hidden")] == [found["page_url"], "off screen"]


def test_what_repair_work_is_shared_out_by_comes_first(make_report):
    report = make_report()
    sheet = ReportTables(report).findings()
    names = ("risk", "page", "leads_to", "kind", "why", "assignee", "due_on", "state")
    assert sheet.columns[:8] == [report.texts(f"report.{name}") for name in names]
    assert sheet.is_filtered
    rows = as_dicts(sheet)
    assert [row["Violating URL"] for row in rows if row["Domain"] == "shop.test"] == ["http://shop.test/"]
    assert [row["State"] for row in rows] == ["undecided", "undecided", "undecided", "dismissed"]
    assert isinstance(rows[0]["Found (UTC)"], datetime)
    assert isinstance(rows[0]["Confidence"], Percentage)


def test_a_due_date_is_a_date(make_report):
    report = make_report()
    found = report.finding("gambling.casino.test")
    report.finding = lambda _id: {**found, "assignment": {"assignee": None, "due_on": "2026-02-03", "comment": None}}
    assert as_dicts(ReportTables(report).findings())[0]["Due date"] == date(2026, 2, 3)


def test_pages_have_the_number_of_their_findings_and_the_worst_risk_without_what_was_dismissed(make_report):
    rows = list(ReportTables(make_report()).pages().rows)
    assert rows == [
        ["https://www.corp.test/", 2, "critical"],
        ["http://bbs.corp.test/thread-1", 1, "critical"],
        ["https://www.corp.test/partners", 1, "medium"],
    ]


def test_third_parties_come_with_their_highest_risk_that_was_not_dismissed_the_worst_first(make_report):
    found = as_dicts(ReportTables(make_report()).third_parties())
    assert [(row["Domain"], row["Risk"]) for row in found] == [
        ("shop.test", "critical"),
        ("partner.test", "medium"),
        ("casino.test", "Dismissed"),
    ]


def test_a_third_party_without_a_finding_comes_last_and_says_that_it_has_none(make_report):
    report = make_report()
    report.found_domains = {"partner.test"}
    found = as_dicts(ReportTables(report).third_parties())
    none = report.texts("report.no_risk")
    assert [(row["Domain"], row["Risk"]) for row in found] == [
        ("partner.test", "medium"),
        ("casino.test", none),
        ("shop.test", none),
    ]


def test_every_reference_has_a_row(make_report, reader):
    report = make_report()
    found = as_dicts(ReportTables(report).references())
    assert len(found) == reader.references()[1] == 4
    assert found[0][report.texts("report.referenced_url")] == "http://partner.test/"


def test_a_reference_has_the_risk_and_the_finding_of_its_third_party_and_no_other_has(make_report, reader, store):
    store.put_third_party(ThirdParty("cdn.test", ("cdn.test",)))
    store.add_references([link("https://www.corp.test/", "http://cdn.test/a.js")])
    store.flush()
    report = make_report()
    found = as_dicts(ReportTables(report).references())
    shown = {row[report.texts("report.referenced_url")]: (row["Risk"], row["Finding"]) for row in found}
    assert shown == {
        "http://partner.test/": ("medium", "Gambling: partner.test"),
        "https://casino.test/": ("Dismissed", "Gambling: casino.test"),
        "http://shop.test/a": ("critical", "Adult content: shop.test"),
        "http://shop.test/b": ("critical", "Adult content: shop.test"),
        "http://cdn.test/a.js": (None, None),
    }


def test_what_was_not_seen_is_a_table(make_report):
    assert as_dicts(ReportTables(make_report()).not_seen()) == []
