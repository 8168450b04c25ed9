"""Bodies of the overview and of the search."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.core.schema_fields import described
from app.domain.tasks import TaskStatus
from app.domain.violations import RiskLevel
from app.events.types import VerdictInfo
from app.maintenance.schemas import ReadinessChecks
from app.rest.schemas import AttemptNumber, Count, ResponseBody
from app.scans.schemas.tasks import TaskResponse

TASK = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10"
OPEN = {"total": 3, "critical": 0, "high": 2, "medium": 1, "low": 0, "needs_review": 1}


class SiteOverview(ResponseBody):
    """One target of one user. `verdict` is what its last scan claims; `finding_counts` are of the results that stand:
    of the newest conclusive scan, else of the last one.
    """

    target_domain: str = described("Scanned domain.", "example.com")
    user_id: str = described("User id of the owner of the scans.", "019b7a30-0000-7000-8000-000000000001")
    task_id: str = described("Task that ended last.", TASK)
    attempt: AttemptNumber = described("Number of its last attempt.", 2)
    status: TaskStatus = described("Outcome of the action.", "completed")
    verdict: VerdictInfo | None = described("Verdict; null unless it completed.")
    completed_at: str = described("End time.", "2026-01-01T00:12:00.000Z")
    shown_task_id: str = described("Task whose results represent the site.", TASK)
    shown_attempt: AttemptNumber = described("Attempt of these results.", 2)
    finding_counts: dict[str, Count] = described("Findings by risk in these results, without what was dismissed.", OPEN)


class TrendPoint(ResponseBody):
    """Open violations at the end of a day."""

    day: date = described("Day in UTC.", "2026-01-01")
    sites: Count = described("Number of sites scanned until then.", 12)
    finding_counts: dict[str, Count] = described(
        "Findings by risk in the results that stood then, without what had been dismissed.", OPEN
    )


class WorkerCounts(ResponseBody):
    alive: Count = described("Number of active workers.", 2)
    silent: Count = described("Number of workers without heartbeats.", 0)
    concurrency: Count = described("Number of concurrent scans of the active workers.", 4)
    running: Count = described("Number of scans that they are running.", 1)


class ServiceOverview(ResponseBody):
    """This server as in `/readyz`, and the workers of all servers."""

    status: Literal["ok", "degraded", "stopping", "unavailable"] = described("Overall status.", "ok")
    checks: ReadinessChecks = described("Result of each check.")
    workers: WorkerCounts = described("Workers.")


class Overview(ResponseBody):
    """Summary of all scans. `truncated`: after an upgrade, while older scans are still being counted."""

    finding_counts: dict[str, Count] = described(
        "Open findings by risk across all sites, without dismissed ones.", OPEN
    )
    sites: list[SiteOverview] = described("At most 50 sites, highest risk first.")
    total_sites: Count = described("Number of sites.", 12)
    truncated: bool = described("Not all scans are counted yet.", False)
    unfinished: list[TaskResponse] = described("At most 20 running or waiting tasks, running ones first.")
    total_unfinished: Count = described("Number of running and waiting tasks.", 1)
    trend: list[TrendPoint] = described("The last 30 days, oldest first.")
    service: ServiceOverview | None = described("For administrators; null for other users.")


class FoundScan(ResponseBody):
    task_id: str = described("Task id.", TASK)
    target_domain: str = described("Target domain.", "example.com")
    status: TaskStatus = described("Status of the task.", "completed")


class FoundFinding(ResponseBody):
    task_id: str = described("Task with the result.", TASK)
    finding_id: str = described("Finding id.", "gambling.casino.example")
    target_domain: str = described("Site that refers to it.", "example.com")
    domain: str = described("Domain of the finding.", "casino.example")
    risk_level: RiskLevel = described("Risk level of the finding.", "high")


MostFound = Field(max_length=10)


class SearchResult(ResponseBody):
    """At most 10 of each, newest first: from the newest 20,000 tasks, and the results of the newest 500."""

    scans: Annotated[list[FoundScan], MostFound] = described("Scans by the name of their target.")
    sites: Annotated[list[str], MostFound] = described("Targets with a matching name.", ["example.com"])
    findings: Annotated[list[FoundFinding], MostFound] = described("Findings by their domain.")
