"""The durable events of a task: one class for each type, with everything that is said about the type.

A class has the fields of protocol.md section 4 that the producer knows; the common ones (`type`, `task_id`, `seq`,
`attempt`, `timestamp`) are added where the event is given its place in the log. `None` means "left out on the wire".
Who is told, what a slow client may miss, how long the log keeps it, and the words of the contract derive from the
attributes of the class. What an event does to the state of its task is in `domain.projection`.
"""

from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.schema_fields import described
from app.domain.log_entry import LogLevel
from app.domain.messages import Language
from app.domain.stages import StageKey
from app.domain.translation import origin
from app.domain.verdict import Reason, Result
from app.domain.violations import RiskLevel, ViolationKey
from app.events.event_body import Backlog, EventBody, LocalizedText, Origin, Retention, Topic

Attempt = Annotated[int, Field(ge=1)]
Percent = Annotated[int, Field(ge=0, le=100)]
Score = Annotated[float, Field(ge=0, le=1)]
WarningCode = Literal[
    "long_running",
    "stalled",
    "worker_suspect",
    "no_worker",
    "late_run",
    "no_resources",
    "queued",
    "degraded",
    "partial",
    "inconclusive",
]


class TaskCreated(LocalizedText, EventBody):
    type: ClassVar[str] = "task_created"
    summary = "The task was created and is waiting."
    example = MappingProxyType({"target_domain": "corp.example", "message": "Scan task created"})
    target_domain: str
    message: str


class TaskStarted(LocalizedText, EventBody):
    type: ClassVar[str] = "task_started"
    summary = "An attempt started."
    example = MappingProxyType(
        {"target_domain": "corp.example", "message": "Scan started", "worker_id": "embedded-3f1b2a10-1"}
    )
    target_domain: str
    message: str
    worker_id: str | None = None


class TaskProgress(LocalizedText, EventBody):
    type: ClassVar[str] = "task_progress"
    summary = "Progress; a newer event replaces a queued one."
    example = MappingProxyType(
        {
            "progress": 75,
            "stage": "Content capture",
            "message": "Looking at bets.example",
            "stage_key": "content_capture",
            "stage_index": 4,
            "stage_progress": 60,
            "stages_progress": {"content_capture": 60, "ai_analysis": 40},
            "counts": {"subdomains": 15, "pages": 45, "third_parties": 12},
            "eta_s": 90,
            "eta_min_s": 60,
            "eta_max_s": 240,
        }
    )
    is_notice = False
    topic = Topic.PROGRESS
    backlog = Backlog.IS_REPLACED
    retention = Retention.PROGRESS
    progress: Percent
    stage: str
    message: str
    stage_key: StageKey
    stage_index: Annotated[int, Field(ge=1, le=5)]
    stage_progress: Percent
    stages_progress: dict[StageKey, Percent] | None = None
    counts: dict[str, int] | None = None
    eta_s: Annotated[int | None, Field(ge=0)] = None  # the three come together
    eta_min_s: Annotated[int | None, Field(ge=0)] = None
    eta_max_s: Annotated[int | None, Field(ge=0)] = None


class TaskStage(EventBody):
    type: ClassVar[str] = "task_stage"
    summary = "A stage started or ended."
    example = MappingProxyType(
        {"stage_key": "subdomain_discovery", "stage": "Subdomain discovery", "status": "completed", "duration_ms": 5012}
    )
    is_notice = False
    stage_key: StageKey
    stage: str
    status: Literal["running", "completed", "failed", "skipped", "cancelled"]
    duration_ms: Annotated[int, Field(ge=0)] | None = None
    lang: Language | None = None


Counts = dict[str, int]  # in all, of each level, and for a review: after the event


class Violation(BaseModel):
    """Category of a violation; the other fields have the details."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    domain: Annotated[str, described("Content source.", "bets.example")]
    violation_type: Annotated[str, described("Category in words.", "Gambling")]
    risk_level: Annotated[RiskLevel, described("Level.", "high")]
    confidence_score: Annotated[Score, described("Confidence of the analysis.", 0.93)]
    description: Annotated[
        str, described("Description of the violation in one sentence.", "A gambling site, linked invisibly.")
    ]


class ViolationFields(Origin):
    """What an event and a snapshot say of a violation: the seed's object, and what stands beside it.

    `text_key` and `params` are those of the object's `description`.
    """

    violation: Annotated[Violation, described("The violation, with the fields of the contract.")]
    violation_id: Annotated[str, described("Identifier of the violation.", "019b7a3e-9f10-7aa0-8000-5b1d0c7e1f00")]
    finding_id: Annotated[str, described("The finding that it is part of.", "gambling.bets.example")]
    violation_key: Annotated[str, described("Category of the violation.", "gambling")]
    needs_review: Annotated[bool, described("A person should review the finding before action is taken.", False)]
    url: Annotated[str | None, described("URL of the evidence.", "https://bets.example/")] = None
    found_on: Annotated[str | None, described("Page that refers to it.", "https://www.corp.example/old/")] = None


class ViolationDetected(ViolationFields, EventBody):
    type: ClassVar[str] = "violation_detected"
    violation_key: ViolationKey
    violation_counts: Counts
    finding_counts: Counts
    lang: Language | None = None
    summary = "A violation, as soon as it is found."
    example = MappingProxyType(
        {
            "violation": {
                "domain": "bets.example",
                "violation_type": "Gambling",
                "risk_level": "high",
                "confidence_score": 0.93,
                "description": "A gambling site, linked invisibly.",
            },
            "violation_id": "019b7a3e-9f10-7aa0-8000-5b1d0c7e1f00",
            "finding_id": "gambling.bets.example",
            "violation_key": "gambling",
            "needs_review": False,
            "url": "https://bets.example/",
            "found_on": "https://www.corp.example/old/",
            "violation_counts": {"total": 1, "critical": 0, "high": 1, "medium": 0, "low": 0, "needs_review": 0},
            "finding_counts": {"total": 1, "critical": 0, "high": 1, "medium": 0, "low": 0, "needs_review": 0},
        }
    )


class FindingChanged(EventBody):
    type: ClassVar[str] = "finding_changed"
    summary = "The risk or the violations of a reported finding have changed."
    example = MappingProxyType(
        {
            "finding_id": "gambling.bets.example",
            "domain": "bets.example",
            "kinds": ["gambling"],
            "risk_level": "critical",
            "score": 80,
            "violation_counts": {"total": 1, "critical": 1, "high": 0, "medium": 0, "low": 0, "needs_review": 0},
            "finding_counts": {"total": 1, "critical": 1, "high": 0, "medium": 0, "low": 0, "needs_review": 0},
        }
    )
    is_notice = False
    finding_id: str
    domain: str
    kinds: tuple[ViolationKey, ...]  # a domain has one violation of each kind, and it is part of one finding
    risk_level: RiskLevel
    score: Annotated[int, Field(ge=0, le=100)]
    violation_counts: Counts
    finding_counts: Counts


class LogLine(Origin):
    log_seq: Annotated[int, Field(ge=1), described("Number within the log of the task.", 33)]
    level: Annotated[LogLevel, described("Level.", "INFO")]
    module: Annotated[str, described("Source of the line.", "content_capture")]
    message: Annotated[str, described("Text of the announcement.", "bets.example answers 200")]
    created_at: Annotated[str, described("Time of the decision.", "2026-01-01T00:00:25.100Z")]


class TaskLogs(EventBody):
    type: ClassVar[str] = "task_logs"
    summary = "A group of log lines."
    example = MappingProxyType(
        {
            "logs": [
                {
                    "log_seq": 33,
                    "level": "INFO",
                    "module": "content_capture",
                    "message": "bets.example answers 200",
                    "created_at": "2026-01-01T00:00:25.100Z",
                }
            ]
        }
    )
    is_notice = False
    topic = Topic.LOGS
    backlog = Backlog.GIVES_WAY
    retention = Retention.LOGS
    logs: tuple[LogLine, ...]
    lang: Language | None = None


class TaskWarning(LocalizedText, EventBody):
    type: ClassVar[str] = "task_warning"
    summary = "A warning; the task continues."
    example = MappingProxyType(
        {"code": "long_running", "message": "The scan has been running for 6.0 hours", "duration_hours": 6.0}
    )
    code: WarningCode
    message: str
    duration_hours: float | None = None
    reason: Reason | None = None  # of `partial`: what was not seen, where, and how much of it
    host: str | None = None
    count: Annotated[int, Field(ge=1)] | None = None


class TaskError(LocalizedText, EventBody):
    type: ClassVar[str] = "task_error"
    summary = "Reason for the failure; `task_completed` follows."
    example = MappingProxyType(
        {
            "code": "timeout",
            "error": "timeout",
            "message": "The scan ran for more than 12.0 hours and was stopped",
            "retryable": True,
        }
    )
    code: str
    error: str
    message: str
    retryable: bool


class TaskCancelling(EventBody):
    type: ClassVar[str] = "task_cancelling"
    summary = "Cancellation was requested."
    example = MappingProxyType({"by": "alice"})
    by: str
    reason: str | None = None


class TaskRetrying(EventBody):
    type: ClassVar[str] = "task_retrying"
    summary = "The attempt is over and another one starts."
    example = MappingProxyType({"by": "system", "reason": "worker_lost", "next_attempt": 2})
    by: str
    reason: str | None = None
    next_attempt: Attempt


class ErrorInfo(Origin):
    """Reason why an attempt failed, as in `task_completed`, the snapshot and REST."""

    code: Annotated[str, described("Code (docs/errors.md).", "timeout")]
    message: Annotated[str, described("The same in words.", "The task ran for more than 12.0 hours")]
    retryable: Annotated[bool, described("Whether a retry alone may help.", True)] = False

    @classmethod
    def told(cls, code: str, message: str, *, retryable: bool = False) -> "ErrorInfo":
        """Make one with what the message was made of."""
        return cls(code=code, message=str(message), retryable=retryable, **origin(message))


class Statistics(BaseModel):
    """The five totals of a scan."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    total_subdomains: Annotated[int, Field(ge=0), described("Names in scope that resolve.", 15)] = 0
    total_pages_crawled: Annotated[int, Field(ge=0), described("Pages that were parsed.", 45)] = 0
    total_third_party_domains: Annotated[
        int, Field(ge=0), described("Third-party domains that pages refer to.", 12)
    ] = 0
    total_violations: Annotated[int, Field(ge=0), described("Violations.", 3)] = 0
    execution_duration: Annotated[int, Field(ge=0), described("Duration of the attempt in seconds.", 31)] = 0


class VerdictInfo(BaseModel):
    """Verdict of a completed scan, as in `task_completed`, the snapshot and REST."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    result: Annotated[Result, described("Verdict of the scan.", "violations")]
    reasons: Annotated[
        tuple[Reason, ...], described("Why URLs or third parties were not checked (docs/errors.md).", ["robots"])
    ] = ()
    counts: Annotated[
        dict[Reason, int] | None,
        described("Number of third parties for each reason that counts them.", {"parties_unreachable": 3}),
    ] = None


class TaskCompleted(LocalizedText, EventBody):
    type: ClassVar[str] = "task_completed"
    summary = "End of an attempt, with any status."
    example = MappingProxyType(
        {
            "status": "completed",
            "statistics": {
                "total_subdomains": 15,
                "total_pages_crawled": 45,
                "total_third_party_domains": 12,
                "total_violations": 3,
                "execution_duration": 31,
            },
            "message": "Scan completed",
            "verdict": {"result": "violations", "reasons": ["robots"]},
        }
    )
    status: Literal["completed", "failed", "cancelled"]
    statistics: Statistics
    message: str
    error: ErrorInfo | None = None
    verdict: VerdictInfo | None = None  # of `completed` alone


class TaskDeleted(EventBody):
    type: ClassVar[str] = "task_deleted"
    summary = "The last event of a task."
    example = MappingProxyType({"by": "alice"})
    by: str


EVENT_BODIES: Final[tuple[type[EventBody], ...]] = tuple(EventBody.__subclasses__())  # in the order of definition
# What the owner hears of a task that is not followed on a connection (protocol.md, section 2).
NOTICE_TYPES: Final = frozenset(body.type for body in EVENT_BODIES if body.is_notice)
