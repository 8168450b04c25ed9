"""Exit codes and the one line that stands for an error."""

import pytest

from app.cli import exit_codes


@pytest.mark.parametrize(
    ("status", "violations", "result", "code"),
    [
        ("completed", 0, "clean", 0),
        ("completed", 3, "violations", 1),
        ("completed", 0, "inconclusive", 3),
        ("completed", 0, None, 3),  # of a version that gave no verdict
        ("completed", 1, None, 1),
        ("failed", 0, None, 2),
        ("failed", 3, None, 2),
        ("cancelled", 3, None, 130),
    ],
)
def test_the_code_follows_from_the_report(status, violations, result, code):
    verdict = None if result is None else {"result": result, "reasons": []}
    report = {"task": {"status": status}, "violations": [{}] * violations, "verdict": verdict}
    assert exit_codes.of_report(report) == code


@pytest.mark.parametrize(
    ("counted", "reasons", "code"), [(1, [], 1), (1, ["low_coverage"], 1), (0, ["robots"], 0), (0, ["low_coverage"], 3)]
)
def test_when_no_finding_counts_a_scan_that_saw_too_little_is_not_clean(counted, reasons, code):
    verdict = {"result": "violations", "reasons": reasons}
    report = {"task": {"status": "completed"}, "violations": [{}] * 3, "verdict": verdict}
    assert exit_codes.of_report(report, counted) == code
