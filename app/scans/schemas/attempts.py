"""What was tried: a row for each run of a task, from its beginning to its end."""

from typing import Any

from app.core.schema_fields import described
from app.domain.stages import StageKey, StageStatus
from app.domain.tasks import TaskStatus
from app.domain.verdict import Reason
from app.events.types import ErrorInfo, Statistics, VerdictInfo
from app.rest.schemas import AttemptNumber, Count, ResponseBody

TIME = "2026-01-01T00:12:00.000Z"


class ReportWarning(ResponseBody):
    """`reason`, `host`, `count`: what was not seen, where, and how much of it; left out where that is not the point."""

    code: str = described("Which warning (docs/errors.md).", "partial")
    message: str = described("The same in words.", "2 addresses were refused by robots.txt.")
    text_key: str | None = described("The text that the message was made of.", "not_seen", default=None)
    params: dict[str, Any] | None = described("What stands in its places.", {"count": 2}, default=None)
    reason: Reason | None = described("What was not seen.", "robots", default=None)
    host: str | None = described("Where.", "www.example.com", default=None)
    count: Count | None = described("How much of it.", 2, default=None)


class AttemptStage(ResponseBody):
    """How far one stage came."""

    key: StageKey = described("Which stage.", "page_crawl")
    status: StageStatus = described("What became of it.", "completed")
    progress: Count = described("In percent.", 100)
    started_at: str | None = described("When it began.", TIME)
    finished_at: str | None = described("When it ended.", TIME)


class AttemptItem(ResponseBody):
    """One run: a retry begins it, and attempts that were requeued after a lost process belong to it."""

    attempt: AttemptNumber = described("Its last attempt.", 2)
    first_attempt: AttemptNumber = described("Its first one; another when a process was lost.", 1)
    status: TaskStatus = described("How it ended, or where it is.", "completed")
    conclusive: bool = described("It was completed and saw enough: it may stand for the site.", True)
    verdict: VerdictInfo | None = described("What it claims; null unless it was completed.", None)
    statistics: Statistics = described("The five numbers.", {})
    violation_counts: dict[str, Count] = described("By risk, as they were found.", {"total": 3, "high": 3})
    finding_counts: dict[str, Count] = described("Findings by risk, as they were found.", {"total": 3, "high": 3})
    log_counts: dict[str, Count] = described("Log lines by level.", {"INFO": 120})
    stages: list[AttemptStage] = described("The five stages.", [])
    warnings: list[ReportWarning] = described("What people were told.", [])
    error: ErrorInfo | None = described("Why it failed.", None)
    ended_by: str | None = described("Who cancelled it; null when it ended by itself, or goes on.", "mei")
    queued_at: str = described("Since when it waited.", TIME)
    started_at: str | None = described("When its last attempt began.", TIME)
    completed_at: str | None = described("When it ended.", TIME)
    results_removed_at: str | None = described("Since when its results are gone; null: they are there.", None)


class AttemptPage(ResponseBody):
    """The newest first. `shown_attempt`: whose results lists and reports show without `attempt`."""

    items: list[AttemptItem] = described("The runs of this page.", [])
    total: Count = described("How many runs there are.", 1)
    shown_attempt: AttemptNumber = described("Whose results are shown.", 1)
