"""Exit codes. Scripts rely on them (README)."""

from typing import Final

CLEAN: Final = 0
VIOLATIONS: Final = 1
MISUSED: Final = 2  # or failed, or crashed: there is no verdict
STOPPED: Final = 130  # cancelled; 128 + SIGINT, as shells count


def of_report(status: str, violations: int) -> int:
    """For a task's terminal status and how many violations its report lists."""
    match status:
        case "completed":
            return VIOLATIONS if violations else CLEAN
        case "cancelled":
            return STOPPED
        case _:
            return MISUSED
