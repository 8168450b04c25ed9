"""Captures in the appendix: each once, with what was stored of it."""

import pytest

from app.reports.formats.blocks import Table, Text, Tone
from app.reports.formats.capture_register import MAX_CAPTURES, CaptureRegister


def capture(url="https://casino.test/", **changes):
    return {
        "url": url,
        "final_url": url,
        "captured_at": "2026-01-01T10:00:00Z",
        "status": 200,
        "error": None,
        "addresses": ["192.0.2.1"],
        "certificate": None,
        **{name: {"sha256": name[0] * 64} for name in ("html", "text", "screenshot")},
        "source": None,
        **changes,
    }


def rows(register):
    (table,) = [block for block in register.blocks() if isinstance(block, Table)]
    return table.rows


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_capture_of_several_findings_is_one_row_that_names_them(make_report, language):
    report = make_report(language)
    register = CaptureRegister(report)
    register.add(1, [capture()])
    register.add(2, [capture("https://shop.test/", addresses=[])])
    register.add(3, [capture()])
    first, second = rows(register)
    assert first[0] == report.texts.join_terms(["1", "3"])
    assert first[1] == "https://casino.test/\n2026-01-01 10:00:00 UTC · 200 · 192.0.2.1"
    assert f"{report.texts('report.content.text')}: {'t' * 64}" in first[2]
    assert second[0] == "2"


def test_a_content_that_two_names_share_is_one_line(make_report):
    register = CaptureRegister(make_report())
    register.add(1, [capture(source={"sha256": "h" * 64})])
    assert rows(register)[0][2].split("\n")[0] == f"response, page: {'h' * 64}"


def test_where_it_leads_what_went_wrong_and_its_certificate_are_said(make_report):
    report = make_report()
    certificate = {"subject": "casino.test", "issuer": "CA", "not_after": None, "valid": False, "error": None}
    nothing = dict.fromkeys(("html", "text", "screenshot"))
    register = CaptureRegister(report)
    final = {"final_url": "https://b.test/", "status": 0, "error": "dns", "certificate": certificate}
    register.add(1, [capture(**final, **nothing)])
    (row,) = rows(register)
    assert "→ https://b.test/" in row[1]
    assert report.texts("fetch_error.dns") in row[1]
    assert report.texts("report.certificate_invalid") in row[1]
    assert row[2] == report.texts("report.nothing_kept")


def test_many_captures_of_one_finding_are_counted(make_report):
    report = make_report()
    register = CaptureRegister(report)
    register.add(1, [capture(f"https://casino.test/{number}") for number in range(MAX_CAPTURES + 2)])
    assert len(rows(register)) == MAX_CAPTURES
    assert Text(report.texts("report.captures_left_out", count=2), Tone.NOTE) in list(register.blocks())


def test_without_captures_it_says_so(make_report):
    report = make_report()
    assert list(CaptureRegister(report).blocks()) == [Text(report.texts("report.no_captures"))]
