"""Scan tasks."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.domain.tasks import TaskStatus
from app.events.types import ErrorInfo, Statistics, VerdictInfo
from app.schemas.common import Count, Request, Response, first_items

MAX_START_URLS = 100
MAX_TARGET = 1_000  # characters of what may be tried as a domain; a name has at most 253
StartUrl = Annotated[str, Field(min_length=1, max_length=2_048)]


class ScanOptions(Request):
    """What a user may ask of one scan. How the network is reached is the deployment's business alone."""

    max_pages: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] = 5_000
    max_depth: Annotated[int, Field(ge=0, le=100, strict=True)] | None = None  # None: the page limit bounds
    time_limit_s: Annotated[int, Field(ge=1, le=43_200, strict=True)] = 7_200
    start_urls: Annotated[tuple[StartUrl, ...], Field(max_length=MAX_START_URLS), first_items(MAX_START_URLS)] = ()
    use_passive_sources: Annotated[bool, Field(strict=True)] = True
    screenshots: Annotated[bool, Field(strict=True)] = True


class TaskCreate(Request):
    target_domain: Annotated[str, Field(max_length=MAX_TARGET)]
    config: ScanOptions | None = None


class TaskResponse(Response):
    """A task. `warnings` counts; the report lists them. `verdict`: what a completed scan claims, null until then."""

    id: str
    user_id: str
    target_domain: str
    config: dict[str, Any]
    status: TaskStatus
    attempt: Annotated[int, Field(ge=1)]
    progress: Annotated[int, Field(ge=0, le=100)]
    stage: str | None
    stage_key: str | None
    statistics: Statistics
    violation_counts: dict[str, Count]
    log_counts: dict[str, Count]
    warnings: Count
    error: ErrorInfo | None
    verdict: VerdictInfo | None
    queue_position: Annotated[int, Field(ge=1)] | None
    last_seq: Count
    created_at: str
    started_at: str | None
    completed_at: str | None


class TaskPage(Response):
    """`total` is counted up to 100,000; `truncated`: there may be more."""

    items: list[TaskResponse]
    total: Count
    truncated: bool


class LogLineResponse(Response):
    log_seq: Annotated[int, Field(ge=1)]
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    module: str
    message: str
    created_at: str


class LogPage(Response):
    """`next_after_log_seq`: go on with `after_log_seq` at this number."""

    items: list[LogLineResponse]
    next_after_log_seq: Count
