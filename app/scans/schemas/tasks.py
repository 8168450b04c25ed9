"""Scan tasks."""

from typing import Annotated, Any

from pydantic import Field

from app.core.schema_fields import described
from app.domain import scan_options
from app.domain.scan_options import (
    DEFAULTS,
    MAX_DEPTH,
    MAX_PAGES,
    OWN_DOMAINS,
    START_URL_CHARS,
    START_URLS,
    TIME_LIMIT_S,
    Scheme,
)
from app.domain.tasks import TaskStatus
from app.events.types import ErrorInfo, LogLine, Statistics, VerdictInfo
from app.rest.schemas import AttemptNumber, Count, Priority, RequestBody, ResponseBody, first_items

MAX_TARGET = 1_000  # characters of what may be tried as a domain; a name has at most 253
OwnDomain = Annotated[str, Field(min_length=1, max_length=MAX_TARGET)]
StartUrl = Annotated[str, Field(min_length=START_URL_CHARS.least, max_length=START_URL_CHARS.most)]


class CommonOptions(RequestBody):
    """Options that a user can set for a scan of any domain."""

    max_pages: Annotated[int, Field(ge=MAX_PAGES.least, le=MAX_PAGES.most, strict=True)] = described(
        "Maximum number of pages.", 1000, default=DEFAULTS.max_pages
    )
    max_depth: Annotated[int, Field(ge=MAX_DEPTH.least, le=MAX_DEPTH.most, strict=True)] | None = described(
        "Maximum number of clicks from a start page; null: no limit.", 5, default=DEFAULTS.max_depth
    )
    time_limit_s: Annotated[int, Field(ge=TIME_LIMIT_S.least, le=TIME_LIMIT_S.most, strict=True)] = described(
        "Time limit of the crawl in seconds.", 3600, default=DEFAULTS.time_limit_s
    )
    use_passive_sources: Annotated[bool, Field(strict=True)] = described(
        "Query outside sources, such as certificate logs, for host names.", True, default=DEFAULTS.use_passive_sources
    )
    screenshots: Annotated[bool, Field(strict=True)] = described(
        "Render pages in a browser: for screenshots, and for resources loaded by scripts.",
        True,
        default=DEFAULTS.screenshots,
    )
    scheme: Scheme = described(
        "Scheme of the home pages, for hosts that respond over both.", Scheme.HTTPS, default=DEFAULTS.scheme
    )
    cloaking: Annotated[bool, Field(strict=True)] = described(
        "Request some pages as search engine crawlers, phones and new visitors as well.",
        True,
        default=DEFAULTS.cloaking,
    )
    own_domains: Annotated[tuple[OwnDomain, ...], Field(max_length=OWN_DOMAINS.most), first_items(OWN_DOMAINS.most)] = (
        described(
            (
                "Other domains of the same owner (subdomains included): they are not treated as third "
                "parties, and are not scanned."
            ),
            ["example.net"],
            default=DEFAULTS.own_domains,
        )
    )

    def to_domain(self) -> scan_options.ScanOptions:
        return scan_options.ScanOptions(**self.model_dump())


class ScanOptions(CommonOptions):
    """Options that a user can set for one scan. How the network is reached is configured by the deployment."""

    start_urls: Annotated[tuple[StartUrl, ...], Field(max_length=START_URLS.most), first_items(START_URLS.most)] = (
        described(
            "URLs to start from, instead of the home pages.",
            ["https://www.example.com/news/"],
            default=DEFAULTS.start_urls,
        )
    )


class ScanDefaults(ResponseBody):
    """Defaults of the scan options; administrators can change them."""

    max_pages: Annotated[int, Field(ge=MAX_PAGES.least)] = described("Maximum number of pages.", 5000)
    max_depth: Annotated[int, Field(ge=MAX_DEPTH.least)] | None = described(
        "Maximum number of clicks from a start page; null: no limit.", 5
    )
    time_limit_s: Annotated[int, Field(ge=TIME_LIMIT_S.least)] = described("Time limit of the crawl in seconds.", 7200)
    use_passive_sources: bool = described("Query outside sources, such as certificate logs, for host names.", True)
    screenshots: bool = described(
        "Render pages in a browser: for screenshots, and for resources loaded by scripts.", True
    )
    cloaking: bool = described("Request some pages as search engine crawlers, phones and new visitors as well.", True)

    @classmethod
    def of(cls, options: scan_options.ScanOptions) -> "ScanDefaults":
        return cls(**{name: getattr(options, name) for name in cls.model_fields})


class TaskCreate(RequestBody):
    target_domain: Annotated[str, Field(max_length=MAX_TARGET)] = described(
        "The domain alone, without scheme, port or path.", "example.com"
    )
    config: ScanOptions | None = described("Options; omitted: the defaults of this deployment.", default=None)


class TaskPriority(RequestBody):
    priority: Priority = described("Tasks with a higher value start before waiting tasks with a lower one.", 10)


class TaskHoldRequest(RequestBody):
    reason: Annotated[str, Field(min_length=1, max_length=500)] = described("Why the scan is kept.", "Case 2026-114")


class TaskHold(ResponseBody):
    """A legal hold: the scan cannot be deleted, and retention removes nothing of it."""

    by: str = described("Username of the administrator.", "admin")
    at: str = described("Time at which it was placed.", "2026-01-02T00:00:00.000Z")
    reason: str = described("Why the scan is kept.", "Case 2026-114")


class TaskResponse(ResponseBody):
    """A task in its current state. `warnings` is a count; the report lists them. `verdict`: that of a completed scan,
    null until then. `shown_attempt`: the attempt whose results lists and reports show; earlier than `attempt` while
    the newest has no conclusion.
    """

    id: str = described("Identifier of the scan.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    user_id: str = described("User id of the owner.", "019b7a30-0000-7000-8000-000000000001")
    owner: str | None = described(
        "Username of the owner, who started the scan or has the site; null: the account was deleted, or not shown: to "
        "read-only links and API keys of a group, and in reports.",
        "mei",
        default=None,
    )
    target_domain: str = described("Scanned domain.", "example.com")
    config: dict[str, Any] = described("The options of the scan.", {"max_pages": 1000})
    status: TaskStatus = described("Status of the task.", "running")
    attempt: AttemptNumber = described("Number of the newest attempt.", 1)
    shown_attempt: AttemptNumber = described("Attempt whose results lists and reports show.", 1)
    progress: Annotated[int, Field(ge=0, le=100)] = described(
        "Progress in percent; it never decreases within an attempt.", 37
    )
    finding_counts: dict[str, Count] = described("Findings by risk, as they were found.", {"total": 2, "high": 2})
    open_counts: dict[str, Count] = described(
        "Findings by risk, without what was dismissed: the numbers to show.", {"total": 1, "high": 1}
    )
    stage: str | None = described("Stage in words; null before the first.", "Page crawl")
    stage_key: str | None = described("Current stage.", "page_crawl")
    statistics: Statistics = described("The five totals.")
    violation_counts: dict[str, Count] = described("Number of violations by risk.", {"total": 1, "high": 1})
    log_counts: dict[str, Count] = described("Number of log lines by level.", {"INFO": 31, "WARNING": 1})
    warnings: Count = described("Number of warnings; the report lists them.", 1)
    error: ErrorInfo | None = described("Reason why the attempt failed.")
    verdict: VerdictInfo | None = described("Verdict of a completed scan; null until then.")
    priority: Priority = described(
        ("Tasks with a higher value start before waiting tasks with a lower one; 0 unless set by an administrator."),
        0,
        default=0,
    )
    queue_position: Annotated[int, Field(ge=1)] | None = described("Position in the queue.", 2)
    last_seq: Count = described("Number of its last event.", 121)
    hold: TaskHold | None = described(
        "Legal hold; null: none, or not shown: to read-only links and API keys of a group, and in reports.",
        None,
        default=None,
    )
    created_at: str = described("Time of creation.", "2026-01-01T00:00:00.000Z")
    started_at: str | None = described(
        "Start time of the run; unchanged if a later attempt resumes it.", "2026-01-01T00:00:01.000Z"
    )
    completed_at: str | None = described("End time of the attempt.", "2026-01-01T00:12:00.000Z")


class TaskPage(ResponseBody):
    """`total` is counted up to 100,000; `truncated`: there may be more."""

    items: list[TaskResponse] = described("The tasks of this page.")
    total: Count = described("Number of orders, counted up to 100,000.", 1)
    truncated: bool = described("There may be more.", False)


# As an event has it; the name is the contract's.
class LogLineResponse(LogLine): ...


class LogPage(ResponseBody):
    """`next_after_log_seq`: continue with `after_log_seq` at this number."""

    items: list[LogLineResponse] = described("Lines, oldest first.")
    next_after_log_seq: Count = described("Continue with `after_log_seq` at this number.", 33)
