"""The exit code of several scans."""

import pytest

from app.cli.scan_order import exit_code_of


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
