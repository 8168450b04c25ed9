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
    """`reason`, `host`, `count`: why URLs were not checked, on which host, and how many; omitted for other warnings."""

    code: str = described("Code of the warning (docs/errors.md).", "partial")
    message: str = described("The same in words.", "2 addresses were refused by robots.txt.")
    text_key: str | None = described("Key of the message.", "not_seen", default=None)
    params: dict[str, Any] | None = described("Values of its placeholders.", {"count": 2}, default=None)
    reason: Reason | None = described("Reason why URLs were not checked.", "robots", default=None)
    host: str | None = described("Host.", "www.example.com", default=None)
    count: Count | None = described("Number of URLs.", 2, default=None)


class AttemptStage(ResponseBody):
    """Progress of one stage."""

    key: StageKey = described("Stage.", "page_crawl")
    status: StageStatus = described("Status of the stage.", "completed")
    progress: Count = described("Progress in percent.", 100)
    started_at: str | None = described("Start time.", TIME)
    finished_at: str | None = described("End time.", TIME)


class AttemptItem(ResponseBody):
    """One run: it starts with a retry and includes the attempts that were requeued after a lost process."""

    attempt: AttemptNumber = described("Number of its last attempt.", 2)
    first_attempt: AttemptNumber = described("Number of its first attempt; differs if a process was lost.", 1)
    status: TaskStatus = described("Status of the run.", "completed")
    conclusive: bool = described("The run completed and is conclusive: its results can represent the site.", True)
    verdict: VerdictInfo | None = described("Verdict; null unless it completed.", None)
    statistics: Statistics = described("The five totals.", {})
    violation_counts: dict[str, Count] = described(
        "Number of violations by risk, as they were found.", {"total": 3, "high": 3}
    )
    finding_counts: dict[str, Count] = described("Findings by risk, as they were found.", {"total": 3, "high": 3})
    log_counts: dict[str, Count] = described("Number of log lines by level.", {"INFO": 120})
    stages: list[AttemptStage] = described("The five stages.", [])
    warnings: list[ReportWarning] = described("Warnings of the run.", [])
    error: ErrorInfo | None = described("Reason for the failure.", None)
    ended_by: str | None = described("User who cancelled it; null if it was not cancelled.", "mei")
    queued_at: str = described("Time at which it was queued.", TIME)
    started_at: str | None = described("Start time of its first attempt.", TIME)
    completed_at: str | None = described("End time.", TIME)
    results_removed_at: str | None = described(
        "Time at which its results were deleted; null: they are available.", None
    )


class AttemptPage(ResponseBody):
    """Newest first. `shown_attempt`: the attempt whose results lists and reports show without `attempt`."""

    items: list[AttemptItem] = described("The runs of this page.", [])
    total: Count = described("Number of runs.", 1)
    shown_attempt: AttemptNumber = described("Attempt whose results are shown.", 1)
