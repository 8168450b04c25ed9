"""Bodies of requests and answers about sites."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.schema_fields import described
from app.domain.tasks import TaskStatus
from app.domain.time_zones import time_zones
from app.events.types import VerdictInfo
from app.rest.schemas import AttemptNumber, Count, GroupName, Name, RequestBody, ResponseBody, Text, first_items
from app.scans.schemas.tasks import MAX_TARGET, ScanOptions
from app.sites.schedule import MAX_CRON, MAX_HOURS, MAX_ZONE, cron_fault

MAX_TAG = 50
MAX_TAGS = 20
MAX_CSV = 250_000  # characters; a body has 256 KiB unless the deployment allows more
MAX_OVERDUE_DAYS = 366
TREND_DAYS = 30
TIME = "2026-01-01T03:12:00.000Z"
SITE_ID = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a12"


def _cron(text: str) -> str:
    plain = " ".join(text.split())
    match cron_fault(plain):
        case "cron_invalid":
            raise PydanticCustomError("cron_invalid", "cron")
        case "cron_too_often":
            raise PydanticCustomError("cron_too_often", "cron")
        case "cron_never":
            raise PydanticCustomError("cron_never", "cron")
    return plain


def _time_zone(name: str) -> str:
    if name not in time_zones():
        raise PydanticCustomError("time_zone", "zone")
    return name


def _labels(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(tags)))


Tag = Annotated[Name, Field(max_length=MAX_TAG, pattern=r"^\S+$")]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS), first_items(MAX_TAGS), AfterValidator(_labels)]
Cron = Annotated[Text, Field(max_length=MAX_CRON), AfterValidator(_cron)]
TimeZone = Annotated[Text, Field(max_length=MAX_ZONE), AfterValidator(_time_zone)]
OverdueDays = Annotated[int, Field(ge=1, le=MAX_OVERDUE_DAYS, strict=True)]


class Schedule(RequestBody):
    """Either `cron` or `every_hours`."""

    cron: Cron | None = described(
        "Cron expression with five fields and one minute of the hour; `*`, lists, ranges, steps, names, `L` and `#`.",
        "0 3 * * MON-FRI",
        default=None,
    )
    time_zone: TimeZone = described("IANA time zone of the cron expression.", "Asia/Shanghai", default="UTC")
    every_hours: Annotated[int, Field(ge=1, le=MAX_HOURS, strict=True)] | None = described(
        "Hours between two scans, counted from when the schedule was set.", None, default=None
    )

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if (self.cron is None) == (self.every_hours is None):
            raise PydanticCustomError("schedule_choice", "choice")
        return self


class SiteCreate(RequestBody):
    target_domain: Annotated[str, Field(max_length=MAX_TARGET)] = described(
        "The domain alone, without scheme, port or path.", "example.com"
    )
    group: GroupName | None = described("Group; a site belongs to one group at most.", "Branch offices", default=None)
    tags: Tags = described("Tags, sorted.", ["cn", "shop"], default=())
    config: ScanOptions | None = described(
        "Options of its scans; those that are omitted follow the defaults of this deployment.", default=None
    )
    schedule: Schedule | None = described("When it is scanned; null: only on request.", default=None)
    paused: Annotated[bool, Field(strict=True)] = described("The schedule is paused.", False, default=False)
    overdue_after_days: OverdueDays | None = described(
        "Days without a conclusive scan after which the site is overdue; null: until its schedule has been due twice, "
        "and at least 7 days; without a schedule 30 days.",
        14,
        default=None,
    )


class SiteUpdate(RequestBody):
    """Only fields that are sent change. `schedule`, `group`, `config` and `overdue_after_days` may be null: none."""

    group: GroupName | None = described("Group; null: none.", "Branch offices", default=None)
    tags: Tags | None = described("All tags.", ["cn", "shop"], default=None)
    config: ScanOptions | None = described("Options of its scans, all that differ from the defaults.", default=None)
    schedule: Schedule | None = described("When it is scanned; null: only on request.", default=None)
    paused: Annotated[bool, Field(strict=True)] | None = described("The schedule is paused.", True, default=None)
    overdue_after_days: OverdueDays | None = described(
        "Days without a conclusive scan after which the site is overdue; null: chosen by its schedule.",
        14,
        default=None,
    )

    @model_validator(mode="after")
    def _has_no_nulls(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set & {"tags", "paused"}):
            raise PydanticCustomError("null", "null")
        return self


class ScheduleResponse(ResponseBody):
    cron: str | None = described("Cron expression.", "0 3 * * MON-FRI")
    time_zone: str = described("IANA time zone of the cron expression.", "Asia/Shanghai")
    every_hours: int | None = described("Hours between two scans.", None)


class ScheduledRun(ResponseBody):
    """The last scan that the schedule has started. `missed`: so many more were due before it started, and are left
    out.
    """

    task_id: str = described("Task of the scan.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    due_at: str = described("Time at which it was due.", "2026-01-01T03:00:00.000Z")
    started_at: str = described("Time at which it was queued.", TIME)
    missed: Count = described("Number of later runs that were missed and are not made up for.", 0)


class LastScan(ResponseBody):
    """The scan of the site that ended last, also one that a person started."""

    task_id: str = described("Task of the scan.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Number of its attempt.", 1)
    status: TaskStatus = described("Status of the attempt.", "completed")
    verdict: VerdictInfo | None = described("Verdict; null unless it completed.")
    completed_at: str = described("End time.", TIME)


class UnfinishedScan(ResponseBody):
    task_id: str = described("Task of the scan.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    status: TaskStatus = described("`pending`, `running` or `cancelling`.", "running")
    progress: Annotated[int, Field(ge=0, le=100)] = described("Progress in percent.", 37)


class SiteHead(ResponseBody):
    """A site in a list. For an API key without the scope `read`, `verdict`, `last_conclusive_at`, `finding_counts` and
    `trend` are null or empty.
    """

    id: str = described("Identifier of the site.", SITE_ID)
    user_id: str = described("User id of the owner.", "019b7a30-0000-7000-8000-000000000001")
    target_domain: str = described("Domain.", "example.com")
    group: str | None = described("Group.", "Branch offices")
    tags: list[str] = described("Tags, sorted.", ["cn", "shop"])
    config: dict[str, Any] = described("Scan options that differ from the defaults.", {"max_pages": 1000})
    schedule: ScheduleResponse | None = described("When it is scanned; null: only on request.")
    paused: bool = described("The schedule is paused.", False)
    next_run_at: str | None = described("Start of the next scheduled scan; null: none is planned.", TIME)
    waits_for: str | None = described(
        "Error code that keeps a due scan from starting; it is tried again every minute, `target_not_allowed` every "
        "hour. Null: nothing does.",
        None,
    )
    last_run: ScheduledRun | None = described("The last scan that the schedule has started; null: none yet.")
    last_scan: LastScan | None = described("The scan that ended last; null: none yet.")
    last_conclusive_at: str | None = described("End of the last conclusive scan; null: none yet.", TIME)
    unfinished: UnfinishedScan | None = described("The newest scan that waits or runs; null: none does.", None)
    overdue_after_days: int | None = described("Days until it is overdue; null: chosen by its schedule.", None)
    overdue_since: str | None = described("Since when a conclusive scan is overdue; null: it is not.", None)
    finding_counts: dict[str, Count] = described(
        "Open findings by risk, of the last conclusive scan.", {"total": 1, "high": 1}
    )
    trend: list[Count] = described("Open findings at the end of each of the last 30 days (UTC), oldest first.", [0, 1])
    created_at: str = described("Time of creation.", "2026-01-01T00:00:00.000Z")


class SitePage(ResponseBody):
    items: list[SiteHead] = described("Sites of this page, by name.")
    total: Count = described("Number of sites, counted up to 100,000.", 1)


class SiteResponse(SiteHead):
    next_runs: list[str] = described("Starts of the next five scheduled scans.", [TIME])


class SchedulePreview(ResponseBody):
    """`spread_s`: each site starts by an amount of its own after these times, less than so many seconds."""

    next_runs: list[str] = described("The next five times at which a scan would be due.", ["2026-01-01T03:00:00.000Z"])
    spread_s: Count = described("Seconds over which starts are spread.", 1800)


class Label(ResponseBody):
    name: str = described("Group or tag.", "Branch offices")
    sites: Count = described("Number of its sites.", 12)


class SiteLabels(ResponseBody):
    groups: list[Label] = described("Groups, by name.")
    tags: list[Label] = described("Tags, by name.")


class GroupRun(RequestBody):
    group: GroupName = described("Group of the user's own sites.", "Branch offices")


class SiteImport(RequestBody):
    csv: Annotated[Text, Field(min_length=1, max_length=MAX_CSV)] = described(
        "Text with a header line. Columns: target_domain, and optionally group, tags (separated by spaces), cron, "
        "time_zone, every_hours, paused, overdue_after_days, and scan options by their names.",
        "target_domain,group,cron,time_zone\nexample.com,Branch offices,0 3 * * *,Asia/Shanghai\n",
    )
    dry_run: Annotated[bool, Field(strict=True)] = described("Only check; nothing is added.", False, default=False)


class LineProblem(ResponseBody):
    field: str = described("Column.", "cron")
    code: str = described("Code of the problem; stable.", "cron_invalid")
    message: str = described("The same in the reader's language.", "must be a cron expression with five fields")


class ImportedLine(ResponseBody):
    """`exists`: the user has this site already, or an earlier line has added it; it was not changed."""

    line: Annotated[int, Field(ge=2)] = described("Number of the line.", 2)
    target_domain: str = described("Domain; as it was written if it is invalid.", "example.com")
    status: Literal["added", "exists", "refused"] = described("Result of this line.", "added")
    site_id: str | None = described("Site; null: there is none.", SITE_ID)
    errors: list[LineProblem] = described("What is wrong with it.", [])


class ImportReport(ResponseBody):
    added: Count = described("Number of sites added; with `dry_run`, that would be.", 1)
    existing: Count = described("Number of sites that the user had already.", 0)
    refused: Count = described("Number of lines that were refused.", 0)
    lines: list[ImportedLine] = described("Each line.")
