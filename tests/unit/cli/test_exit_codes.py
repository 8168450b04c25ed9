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
