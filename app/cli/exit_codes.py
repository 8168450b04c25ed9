"""Exit codes. Scripts rely on them (docs/cli.md)."""

from collections.abc import Mapping
from typing import Any, Final

from app.domain.verdict import saw_enough

CLEAN: Final = 0
VIOLATIONS: Final = 1
MISUSED: Final = 2  # or failed, or crashed: there is no verdict
INCONCLUSIVE: Final = 3  # complete, and too little was seen to call it clean
STOPPED: Final = 130  # cancelled; 128 + SIGINT, as shells count


def of_report(report: Mapping[str, Any], counted: int | None = None) -> int:
    """Return the exit code for the report of a task that has ended.

    `counted`: findings that count (`scan_gate`); None: every violation does.
    """
    match report["task"]["status"]:
        case "completed":
            return _of_complete(report, len(report["violations"]) if counted is None else counted)
        case "cancelled":
            return STOPPED
        case _:
            return MISUSED


def _of_complete(report: Mapping[str, Any], counted: int) -> int:
    """Return the code of a completed scan; one of a version without verdicts counts as inconclusive."""
    if counted:
        return VIOLATIONS
    return CLEAN if saw_enough(report["verdict"]) else INCONCLUSIVE
