// Not written by hand: `python -m tests.docs.test_frontend_types` makes this file from what the server's modules say, and a test compares.

/** Events that the owner is told of on connections that do not follow the task. */
export const NOTICE_TYPES = new Set<string>([
  "task_cancelling",
  "task_completed",
  "task_created",
  "task_deleted",
  "task_error",
  "task_retrying",
  "task_started",
  "task_warning",
  "violation_detected"
]) as ReadonlySet<string>;

export const TERMINAL_STATUSES = new Set<string>([
  "cancelled",
  "completed",
  "failed"
]) as ReadonlySet<string>;

/** The highest first. */
export const RISK_LEVELS = [
  "critical",
  "high",
  "medium",
  "low"
] as const;

/** Reasons that decide a verdict: said before all else. */
export const DECISIVE = new Set<string>([
  "behind_sign_in",
  "low_coverage",
  "low_party_coverage",
  "start_page",
  "unresolved"
]) as ReadonlySet<string>;

/** Reasons of third parties: said with their number. */
export const PARTIES = [
  "parties_not_examined",
  "parties_unreachable"
] as const;

/** Reasons that cut a scan short: said as well. */
export const CUTS = [
  "page_limit",
  "depth",
  "time_limit",
  "request_limit",
  "byte_limit",
  "address_limit"
] as const;

/** Warnings with which the results of an ended scan are incomplete. */
export const LIMITING_WARNINGS = new Set<string>([
  "degraded",
  "inconclusive",
  "partial"
]) as ReadonlySet<string>;

export const LOG_LEVELS = [
  "DEBUG",
  "INFO",
  "WARNING",
  "ERROR"
] as const;

/** Names of `counts` in `task_progress`, and of the statistics. */
export const STATISTIC_OF_COUNT = {
  "subdomains": "total_subdomains",
  "pages": "total_pages_crawled",
  "third_parties": "total_third_party_domains"
} as const;

export const NO_STATISTICS = {
  "total_subdomains": 0,
  "total_pages_crawled": 0,
  "total_third_party_domains": 0,
  "total_violations": 0,
  "execution_duration": 0
} as const;

/** Counts of violations. */
export const NO_VIOLATIONS = {
  "total": 0,
  "critical": 0,
  "high": 0,
  "medium": 0,
  "low": 0,
  "needs_review": 0
} as const;

/** Of a `violation_detected` and of a snapshot, beside the seed's object. */
export const VIOLATION_FIELDS = [
  "text_key",
  "params",
  "violation_id",
  "finding_id",
  "violation_key",
  "needs_review",
  "url",
  "found_on"
] as const;

/** Of a `task_warning`, as the state keeps it. */
export const WARNING_FIELDS = [
  "code",
  "message",
  "text_key",
  "params",
  "reason",
  "host",
  "count"
] as const;

/** Of a `task_error`, as the state keeps it. */
export const ERROR_FIELDS = [
  "code",
  "message",
  "text_key",
  "params",
  "retryable"
] as const;

export const MAX_WARNINGS = 50 as const;

/** The one reason with which a retry goes on from the checkpoint. */
export const WORKER_LOST = "worker_lost" as const;

/** Refusals that asking again does not change. */
export const FINAL_REFUSALS = new Set<string>([
  "database_damaged",
  "insufficient_scope",
  "invalid_field",
  "missing_field",
  "not_found",
  "subscription_limit",
  "unknown_type"
]) as ReadonlySet<string>;

/** Defaults of a scan's options, and their bounds: the least and the most. */
export const SCAN_OPTIONS = {
  "max_pages": {
    "default": 5000,
    "bounds": [
      1,
      1000000
    ]
  },
  "max_depth": {
    "default": null,
    "bounds": [
      0,
      100
    ]
  },
  "time_limit_s": {
    "default": 7200,
    "bounds": [
      1,
      43200
    ]
  }
} as const;

/** Those of an order. */
export const ORDER_FORMATS = [
  "pdf",
  "html",
  "xlsx",
  "csv",
  "json"
] as const;

/** In which a report can be had. */
export const REPORT_FORMATS = [
  "pdf",
  "html",
  "xlsx",
  "csv",
  "zip",
  "json",
  "sarif",
  "stix"
] as const;

/** Of an API key for a group of sites. */
export const GROUP_SCOPES = [
  "read",
  "scan"
] as const;

/** Close codes from here on say: do not come back. */
export const FIRST_STOPPING_CODE = 4500 as const;

export const STOP_REASONS = {
  "4500": "logged_out",
  "4501": "user_disabled",
  "4503": "connection_limit"
} as const;
