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
)
from app.domain.tasks import TaskStatus
from app.events.types import ErrorInfo, LogLine, Statistics, VerdictInfo
from app.rest.schemas import AttemptNumber, Count, Priority, RequestBody, ResponseBody, first_items

MAX_TARGET = 1_000  # characters of what may be tried as a domain; a name has at most 253
OwnDomain = Annotated[str, Field(min_length=1, max_length=MAX_TARGET)]
StartUrl = Annotated[str, Field(min_length=START_URL_CHARS.least, max_length=START_URL_CHARS.most)]


class CommonOptions(RequestBody):
    """What a user may ask of a scan of any domain."""

    max_pages: Annotated[int, Field(ge=MAX_PAGES.least, le=MAX_PAGES.most, strict=True)] = described(
        "At most so many pages.", 1000, default=DEFAULTS.max_pages
    )
    max_depth: Annotated[int, Field(ge=MAX_DEPTH.least, le=MAX_DEPTH.most, strict=True)] | None = described(
        "At most so many clicks from a start page; null: no limit.", 5, default=DEFAULTS.max_depth
    )
    time_limit_s: Annotated[int, Field(ge=TIME_LIMIT_S.least, le=TIME_LIMIT_S.most, strict=True)] = described(
        "The crawl ends after so many seconds.", 3600, default=DEFAULTS.time_limit_s
    )
    use_passive_sources: Annotated[bool, Field(strict=True)] = described(
        "Ask outside sources, such as certificate logs, for names of hosts.", True, default=DEFAULTS.use_passive_sources
    )
    screenshots: Annotated[bool, Field(strict=True)] = described(
        "Draw pages in a browser: for pictures, and for what their scripts load.", True, default=DEFAULTS.screenshots
    )
    cloaking: Annotated[bool, Field(strict=True)] = described(
        "Ask for some pages as search engines' robots, phones and newcomers, too.", True, default=DEFAULTS.cloaking
    )
    own_domains: Annotated[tuple[OwnDomain, ...], Field(max_length=OWN_DOMAINS.most), first_items(OWN_DOMAINS.most)] = (
        described(
            "Other domains of the same owner: they and all below them are no third parties, and are not scanned.",
            ["example.net"],
            default=DEFAULTS.own_domains,
        )
    )

    def to_domain(self) -> scan_options.ScanOptions:
        return scan_options.ScanOptions(**self.model_dump())


class ScanOptions(CommonOptions):
    """What a user may ask of one scan. How the network is reached is the deployment's business alone."""

    start_urls: Annotated[tuple[StartUrl, ...], Field(max_length=START_URLS.most), first_items(START_URLS.most)] = (
        described(
            "Where to begin, instead of the front pages.",
            ["https://www.example.com/news/"],
            default=DEFAULTS.start_urls,
        )
    )


class ScanDefaults(ResponseBody):
    """What holds of a scan whose options are left out; administrators may change it."""

    max_pages: Annotated[int, Field(ge=MAX_PAGES.least)] = described("At most so many pages.", 5000)
    max_depth: Annotated[int, Field(ge=MAX_DEPTH.least)] | None = described(
        "At most so many clicks from a start page; null: no limit.", 5
    )
    time_limit_s: Annotated[int, Field(ge=TIME_LIMIT_S.least)] = described(
        "The crawl ends after so many seconds.", 7200
    )
    use_passive_sources: bool = described("Ask outside sources, such as certificate logs, for names of hosts.", True)
    screenshots: bool = described("Draw pages in a browser: for pictures, and for what their scripts load.", True)
    cloaking: bool = described("Ask for some pages as search engines' robots, phones and newcomers, too.", True)

    @classmethod
    def of(cls, options: scan_options.ScanOptions) -> "ScanDefaults":
        return cls(**{name: getattr(options, name) for name in cls.model_fields})


class TaskCreate(RequestBody):
    target_domain: Annotated[str, Field(max_length=MAX_TARGET)] = described(
        "The domain alone, without scheme, port or path.", "example.com"
    )
    config: ScanOptions | None = described("Options; left out: the defaults of this deployment.", default=None)


class TaskPriority(RequestBody):
    priority: Priority = described("It goes before all that wait with a lower one.", 10)


class TaskResponse(ResponseBody):
    """A task as it is. `warnings` counts; the report lists them. `verdict`: what a completed scan claims, null until
    then. `shown_attempt`: whose results lists and reports show; an earlier one than `attempt` while the newest has
    come to no conclusion.
    """

    id: str = described("Its id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    user_id: str = described("Whose task it is.", "019b7a30-0000-7000-8000-000000000001")
    target_domain: str = described("What is scanned.", "example.com")
    config: dict[str, Any] = described("The options of the scan.", {"max_pages": 1000})
    status: TaskStatus = described("Where it is.", "running")
    attempt: AttemptNumber = described("The number of the newest attempt.", 1)
    shown_attempt: AttemptNumber = described("Whose results lists and reports show.", 1)
    progress: Annotated[int, Field(ge=0, le=100)] = described("In percent; it never falls within an attempt.", 37)
    stage: str | None = described("The stage in words; null before the first.", "Page crawl")
    stage_key: str | None = described("The stage.", "page_crawl")
    statistics: Statistics = described("The five numbers.")
    violation_counts: dict[str, Count] = described("Violations by risk.", {"total": 1, "high": 1})
    finding_counts: dict[str, Count] = described("Findings by risk.", {"total": 1, "high": 1})
    log_counts: dict[str, Count] = described("Log lines by level.", {"INFO": 31, "WARNING": 1})
    warnings: Count = described("How many warnings there are; the report lists them.", 1)
    error: ErrorInfo | None = described("Why the attempt failed.")
    verdict: VerdictInfo | None = described("What a completed scan claims; null until then.")
    priority: Priority = described(
        "It goes before all that wait with a lower one; 0 unless an administrator set it.", 0, default=0
    )
    queue_position: Annotated[int, Field(ge=1)] | None = described("Its place among those that wait.", 2)
    last_seq: Count = described("The number of its last event.", 121)
    created_at: str = described("When it was asked for.", "2026-01-01T00:00:00.000Z")
    started_at: str | None = described("When the attempt began.", "2026-01-01T00:00:01.000Z")
    completed_at: str | None = described("When the attempt ended.", "2026-01-01T00:12:00.000Z")


class TaskPage(ResponseBody):
    """`total` is counted up to 100,000; `truncated`: there may be more."""

    items: list[TaskResponse] = described("The tasks of this page.")
    total: Count = described("How many there are, counted up to 100,000.", 1)
    truncated: bool = described("There may be more.", False)


# As an event has it; the name is the contract's.
class LogLineResponse(LogLine): ...


class LogPage(ResponseBody):
    """`next_after_log_seq`: go on with `after_log_seq` at this number."""

    items: list[LogLineResponse] = described("The lines, the oldest first.")
    next_after_log_seq: Count = described("Go on with `after_log_seq` at this number.", 33)
