"""The exit code of several scans, and what is said of each of them."""

import pytest

from app.cli.scan_order import exit_code_of, print_order
from app.domain.messages import MessageCatalog


def order(*verdicts, result="violations", **statuses):
    properties = [
        {"verdict": None if known is None else {"result": known, "reasons": list(reasons)}}
        for known, *reasons in verdicts
    ]
    return {"result": result, "status_counts": statuses or {"completed": len(verdicts)}, "properties": properties}


@pytest.mark.parametrize(
    ("report", "counted", "code"),
    [
        (order(("violations",), ("clean",)), 1, 1),
        (order(("violations", "robots"), ("clean",)), 0, 0),
        (order(("violations", "low_coverage"), ("clean",)), 0, 3),
        (order(("violations",), ("inconclusive",)), 0, 3),
        (order(("violations",), (None,), completed=1, failed=1), 0, 2),
        (order(("violations",), (None,), completed=1, failed=1), 2, 1),
        (order(("violations",), (None,), completed=1, cancelled=1), 2, 130),
        (order(("violations",)), None, 1),
    ],
)
def test_what_counts_comes_first_then_what_failed_then_what_saw_too_little(report, counted, code):
    assert exit_code_of(report, asked=False, counted=counted) == code


def test_open_findings_are_counted_by_risk_and_dismissed_ones_apart(capsys):
    scan = {
        "target_domain": "site.example",
        "status": "completed",
        "result": "violations",
        "finding_counts": {"total": 3, "critical": 1, "high": 2},
        "open_counts": {"total": 1, "critical": 0, "high": 1},
    }
    bare = {**scan, "status": "pending", "result": None, "finding_counts": {}, "open_counts": {"total": 0}}
    found = {"kinds": ["gambling"], "targets": ["site.example"]}
    domains = [
        {**found, "domain": "bets.example", "risk_level": "high"},
        {**found, "domain": "partner.example", "risk_level": None},
    ]
    print_order({"properties": [scan, bare], "domains": domains}, MessageCatalog("en"), as_json=False)
    first, second, _, _, *of_domains = capsys.readouterr().out.splitlines()
    assert first == "site.example: violations, high 1, 2 dismissed"
    assert "dismissed" not in second
    assert [line.split()[0] for line in of_domains] == ["high:", "dismissed:"]
