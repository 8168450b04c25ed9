"""The tables that the page shares with the server, out of the server's modules.

`.venv/bin/python -m tests.docs.test_frontend_types` writes them to `frontend/src/generated/contract.ts`.
"""

from typing import Any, get_args

from app.client.subscription import FINAL_REFUSALS
from app.core.scopes import GROUP_SCOPES
from app.domain.close_codes import FIRST_STOPPING_CODE, STOP_REASONS
from app.domain.log_entry import LogLevel
from app.domain.projection import ERROR_FIELDS, MAX_WARNINGS, STATISTIC_OF_COUNT, WARNING_FIELDS, WORKER_LOST
from app.domain.report_format import OF_ORDERS, ReportFormat
from app.domain.scan_options import DEFAULTS, MAX_DEPTH, MAX_PAGES, TIME_LIMIT_S
from app.domain.tasks import TERMINAL, TaskStatus
from app.domain.verdict import CUTS, DECISIVE, LIMITING_WARNINGS, PARTIES
from app.domain.violations import WORST_FIRST
from app.events.types import NOTICE_TYPES, Statistics, ViolationFields

RISKS = list(WORST_FIRST)
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
    "PARTIES": ("Reasons of third parties: said with their number.", [reason.value for reason in PARTIES]),
    "CUTS": ("Reasons that cut a scan short: said as well.", [reason.value for reason in CUTS]),
    "LIMITING_WARNINGS": ("Warnings with which the results of an ended scan are incomplete.", set(LIMITING_WARNINGS)),
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
    "ORDER_FORMATS": ("Those of an order.", [kind.value for kind in OF_ORDERS]),
    "REPORT_FORMATS": ("In which a report can be had.", [kind.value for kind in ReportFormat]),
    "GROUP_SCOPES": ("Of an API key for a group of sites.", [one.value for one in GROUP_SCOPES]),
    "FIRST_STOPPING_CODE": ("Close codes from here on say: do not come back.", FIRST_STOPPING_CODE),
    "STOP_REASONS": ("", {str(int(code)): reason for code, reason in STOP_REASONS.items()}),
}
