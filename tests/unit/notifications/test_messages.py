"""Deliveries in words, in the language of their reader."""

import pytest

from app.domain.messages import Language
from app.notifications.messages import MAX_SECTIONS, MessageWriter
from tests.support.said import said

FOUND = {
    "kind": "findings",
    "target_domain": "corp.example",
    "task_id": "t1",
    "attempt": 1,
    "total": 30,
    "findings": [
        {"domain": "bets.example", "category": "gambling", "risk_level": "critical", "raised_from": "high"},
        {
            "domain": "drugs.example",
            "category": "drugs",
            "risk_level": "high",
            "found_on": "https://corp.example/?token=secret",
        },
    ],
}
CHANGE = {"section": "content", "change": "changed", "name": "p.example", "url": "https://p.example/"} | {
    "aspect": "judgement",
    "before": "",
    "after": "gambling",
}
ENDS = [
    {"kind": "scan_completed", "finding_counts": {"total": 3, "high": 2, "low": 1}, "reasons": ["robots"]},
    {"kind": "scan_inconclusive", "finding_counts": {}, "reasons": ["start_page"]},
    {"kind": "scan_failed", "error": {"code": "x", "message": "kept", "text_key": "error.internal", "params": {}}},
    {"kind": "scan_failed", "error": {"code": "x", "message": "kept"}},
    {
        "kind": "site_changed",
        "total": 2,
        "changes": [CHANGE | {"aspect": "registrar", "before": "Names", "after": "Domains"}],
    },
    {"kind": "site_changed", "total": 1, "changes": [CHANGE]},
    {"kind": "site_overdue", "days": 7},
]


def write(*items, language="en", total=None, url="https://scan.example"):
    return MessageWriter(url).write({"items": list(items), "total": total or len(items)}, language)


def test_findings_are_named_with_their_risk_category_and_page():
    message = write(FOUND)
    (section,) = message.sections
    assert message.title == section.heading == said("notice.findings", target="corp.example", count=30)
    raised, placed, more = section.lines
    assert raised == said(
        "notice.finding_raised",
        risk="critical",
        before="high",
        category=said("violation.gambling"),
        domain="bets.example",
    )
    assert "drugs.example" in placed
    assert "https://corp.example/" in placed
    assert "secret" not in placed
    assert more == said("notice.more_findings", count=28)
    assert section.url == "https://scan.example/scans/t1"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("item", ENDS, ids=lambda item: item["kind"])
def test_every_kind_reads_in_every_language(item, language):
    message = write({"target_domain": "corp.example", **item}, language=language)
    (section,) = message.sections
    assert "corp.example" in section.heading
    assert all(line and "{" not in line for line in section.lines)


def test_the_end_of_a_scan_says_how_many_findings_are_open_and_how_many_were_dismissed():
    counts = {"total": 3, "high": 2, "low": 1}
    ended = {"kind": "scan_completed", "target_domain": "corp.example", "finding_counts": counts, "dismissed": 4}
    (section,) = write(ended).sections
    assert section.heading == said("notice.scan_completed", target="corp.example", count=3)
    assert section.lines[1:] == (said("notice.dismissed", count=4),)


def test_a_change_of_a_third_party_is_told_as_in_the_difference_of_the_scans():
    (section,) = write({"target_domain": "corp.example", **ENDS[5]}).sections
    assert section.lines == (
        said(
            "difference.content.judgement",
            name="p.example",
            after=said("violation.gambling"),
            before=said("difference.nothing"),
        ),
    )


def test_the_error_of_a_scan_is_told_in_the_readers_language_if_it_can_be():
    assert write({"target_domain": "x", **ENDS[2]}, language="zh-CN").sections[0].lines == (
        said("error.internal", "zh-CN"),
    )
    assert write({"target_domain": "x", **ENDS[3]}).sections[0].lines == ("kept",)


def test_a_digest_says_how_many_there_are_and_how_many_it_leaves_out():
    message = write(*[{"target_domain": "x", **ENDS[6]}] * 100, total=500)
    assert message.title == said("notice.digest", count=500)
    assert len(message.sections) == MAX_SECTIONS
    assert message.more == said("notice.more", count=500 - MAX_SECTIONS)


def test_without_the_pages_address_there_are_no_links():
    assert write(FOUND, url=None).sections[0].url is None


@pytest.mark.parametrize("language", Language)
def test_a_test_message_says_that_it_is_one(language):
    assert MessageWriter().test(language).title == said("notice.test", language)
