"""The tables that the page shares with the server: `app/static/contract.js` says what Python says.

After a change: `.venv/bin/python -m tests.docs.test_page_contract` writes the file anew.
"""

import json
from pathlib import Path
from typing import Any, get_args

from app.client.subscription import FINAL_REFUSALS
from app.domain.close_codes import FIRST_STOPPING_CODE, STOP_REASONS
from app.domain.log_entry import LogLevel
from app.domain.projection import ERROR_FIELDS, MAX_WARNINGS, STATISTIC_OF_COUNT, WARNING_FIELDS, WORKER_LOST
from app.domain.report_format import ReportFormat
from app.domain.scan_options import DEFAULTS, MAX_DEPTH, MAX_PAGES, TIME_LIMIT_S
from app.domain.tasks import TERMINAL, TaskStatus
from app.domain.verdict import CUTS, DECISIVE
from app.domain.violations import RiskLevel
from app.events.types import NOTICE_TYPES, Statistics, ViolationFields

FILE = Path(__file__).parents[2] / "app" / "static" / "contract.js"
HEAD = """\
/**
 * Tables that the page shares with the server. Not written by hand: `python -m tests.docs.test_page_contract` makes the
 * file from what the server's modules say, and a test compares.
 */
"""
RISKS = [level.value for level in reversed(RiskLevel)]
SCAN_OPTIONS = {
    "max_pages": {"default": DEFAULTS.max_pages, "bounds": MAX_PAGES},
    "max_depth": {"default": DEFAULTS.max_depth, "bounds": MAX_DEPTH},
    "time_limit_s": {"default": DEFAULTS.time_limit_s, "bounds": TIME_LIMIT_S},
}
TABLES: dict[str, tuple[str, Any]] = {
    "NOTICE_TYPES": ("Events that the owner is told of on connections that do not follow the task.", set(NOTICE_TYPES)),
    "TERMINAL_STATUSES": ("", {status.value for status in TaskStatus if status in TERMINAL}),
    "RISK_LEVELS": ("The highest first.", RISKS),
    "DECISIVE": ("Reasons that decide a verdict: said before all else.", {reason.value for reason in DECISIVE}),
    "CUTS": ("Reasons that cut a scan short: said as well.", [reason.value for reason in CUTS]),
    "LOG_LEVELS": ("", list(get_args(LogLevel))),
    "STATISTIC_OF_COUNT": ("Names of `counts` in `task_progress`, and of the statistics.", dict(STATISTIC_OF_COUNT)),
    "NO_STATISTICS": ("", Statistics().model_dump()),
    "NO_VIOLATIONS": ("Counts of violations.", dict.fromkeys(["total", *RISKS, "needs_review"], 0)),
    "VIOLATION_FIELDS": (
        "Of a `violation_detected` and of a snapshot, beside the seed's object.",
        [name for name in ViolationFields.model_fields if name != "violation"],
    ),
    "WARNING_FIELDS": ("Of a `task_warning`, as the state keeps it.", list(WARNING_FIELDS)),
    "ERROR_FIELDS": ("Of a `task_error`, as the state keeps it.", list(ERROR_FIELDS)),
    "MAX_WARNINGS": ("", MAX_WARNINGS),
    "WORKER_LOST": ("The one reason with which a retry goes on from the checkpoint.", WORKER_LOST),
    "FINAL_REFUSALS": ("Refusals that asking again does not change.", set(FINAL_REFUSALS)),
    "SCAN_OPTIONS": ("Defaults of a scan's options, and their bounds: the least and the most.", SCAN_OPTIONS),
    "REPORT_FORMATS": ("In which a report can be had.", [kind.value for kind in ReportFormat]),
    "FIRST_STOPPING_CODE": ("Close codes from here on say: do not come back.", FIRST_STOPPING_CODE),
    "STOP_REASONS": ("", {str(int(code)): reason for code, reason in STOP_REASONS.items()}),
}


def module() -> str:
    parts = [HEAD]
    for name, (meaning, value) in TABLES.items():
        text = json.dumps(sorted(value) if isinstance(value, set) else value, indent=2)
        text = f"new Set({text})" if isinstance(value, set) else text
        parts.append((f"/** {meaning} */\n" if meaning else "") + f"export const {name} = {text};\n")
    return "\n".join(parts)


def test_the_page_has_the_tables_of_the_server():
    assert FILE.read_text("utf-8") == module()


def test_no_other_file_of_the_page_has_a_copy():
    for path in FILE.parent.rglob("*.js"):
        if path != FILE:
            text = path.read_text("utf-8")
            assert not [name for name in TABLES if f"const {name} " in text], path.name
            assert not [reason for reason in STOP_REASONS if str(int(reason)) in text], path.name


if __name__ == "__main__":
    FILE.write_text(module(), "utf-8")
