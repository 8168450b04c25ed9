"""The durable events of a task, as typed models: the fields of protocol.md section 4 beside the common ones.

The common fields (`type`, `task_id`, `seq`, `attempt`, `timestamp`) are added where the event is given its place in
the log; a model here is what the producer knows. `None` means "left out on the wire".
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from app.core.ids import new_id
from app.domain.stages import StageKey
from app.domain.verdict import Reason, Result
from app.domain.violations import RiskLevel, ViolationKey

Attempt = Annotated[int, Field(ge=1)]
Percent = Annotated[int, Field(ge=0, le=100)]
Score = Annotated[float, Field(ge=0, le=1)]
WarningCode = Literal[
    "long_running",
    "stalled",
    "worker_suspect",
    "no_worker",
    "no_resources",
    "queued",
    "degraded",
    "partial",
    "inconclusive",
]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class EventBody(BaseModel):
    """Base of every durable event. `type` names it on the wire and in the log."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: ClassVar[str]

    def to_json(self) -> str:
        """The body as the log keeps it: a JSON object without the common fields."""
        return self.model_dump_json(exclude_none=True)


class TaskCreated(EventBody):
    type: ClassVar[str] = "task_created"
    target_domain: str
    message: str


class TaskStarted(EventBody):
    type: ClassVar[str] = "task_started"
    target_domain: str
    message: str
    worker_id: str | None = None


class TaskProgress(EventBody):
    type: ClassVar[str] = "task_progress"
    progress: Percent
    stage: str
    message: str
    stage_key: StageKey
    stage_index: Annotated[int, Field(ge=1, le=5)]
    stage_progress: Percent
    counts: dict[str, int] | None = None
    eta_s: int | None = None


class TaskStage(EventBody):
    type: ClassVar[str] = "task_stage"
    stage_key: StageKey
    stage: str
    status: Literal["running", "completed", "failed", "skipped"]
    duration_ms: Annotated[int, Field(ge=0)] | None = None


class Violation(BaseModel):
    """The seed's object, unchanged."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    domain: str
    violation_type: str
    risk_level: RiskLevel
    confidence_score: Score
    description: str


class ViolationDetected(EventBody):
    type: ClassVar[str] = "violation_detected"
    violation: Violation
    violation_id: str
    violation_key: ViolationKey
    needs_review: bool
    url: str | None = None
    found_on: str | None = None


class LogLine(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    log_seq: Annotated[int, Field(ge=1)]
    level: LogLevel
    module: str
    message: str
    created_at: str


class TaskLogs(EventBody):
    type: ClassVar[str] = "task_logs"
    logs: tuple[LogLine, ...]


class TaskWarning(EventBody):
    type: ClassVar[str] = "task_warning"
    code: WarningCode
    message: str
    duration_hours: float | None = None
    reason: Reason | None = None  # of `partial`: what was not seen, where, and how much of it
    host: str | None = None
    count: Annotated[int, Field(ge=1)] | None = None


class TaskError(EventBody):
    type: ClassVar[str] = "task_error"
    code: str
    error: str
    message: str
    retryable: bool


class TaskCancelling(EventBody):
    type: ClassVar[str] = "task_cancelling"
    by: str
    reason: str | None = None


class TaskRetrying(EventBody):
    type: ClassVar[str] = "task_retrying"
    by: str
    reason: str | None = None
    next_attempt: Attempt


class ErrorInfo(BaseModel):
    """Why an attempt failed, as it stands in `task_completed`, the snapshot and REST."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    message: str
    retryable: bool = False


class Statistics(BaseModel):
    """The five numbers of scan.md, folds over the facts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    total_subdomains: Annotated[int, Field(ge=0)] = 0
    total_pages_crawled: Annotated[int, Field(ge=0)] = 0
    total_third_party_domains: Annotated[int, Field(ge=0)] = 0
    total_violations: Annotated[int, Field(ge=0)] = 0
    execution_duration: Annotated[int, Field(ge=0)] = 0


class VerdictInfo(BaseModel):
    """What a complete scan claims (`domain.verdict`), as it stands in `task_completed`, the snapshot and REST."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    result: Result
    reasons: tuple[Reason, ...] = ()


class TaskCompleted(EventBody):
    type: ClassVar[str] = "task_completed"
    status: Literal["completed", "failed", "cancelled"]
    statistics: Statistics
    message: str
    error: ErrorInfo | None = None
    verdict: VerdictInfo | None = None  # of `completed` alone


class TaskDeleted(EventBody):
    type: ClassVar[str] = "task_deleted"
    by: str


EVENT_BODIES: tuple[type[EventBody], ...] = (
    TaskCreated,
    TaskStarted,
    TaskProgress,
    TaskStage,
    ViolationDetected,
    TaskLogs,
    TaskWarning,
    TaskError,
    TaskCancelling,
    TaskRetrying,
    TaskCompleted,
    TaskDeleted,
)

# What the owner hears of a task that is not followed on a connection (protocol.md, section 2).
NOTICE_TYPES = frozenset(
    {
        "task_created",
        "task_started",
        "task_warning",
        "task_error",
        "task_cancelling",
        "task_retrying",
        "task_completed",
        "task_deleted",
        "violation_detected",
    }
)


@dataclass(frozen=True, slots=True)
class PendingLine:
    """A log line that has no number yet; it gets its `log_seq` in the transaction that writes it."""

    level: LogLevel
    module: str
    message: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PendingLogs:
    """A group of lines that becomes one `task_logs` event."""

    lines: tuple[PendingLine, ...]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that has no place in the log yet. `event_id` is the producer's: a retry adds nothing."""

    body: EventBody | PendingLogs
    event_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Event:
    """A committed event. `body` is the JSON object of the type's own fields, as text."""

    task_id: str
    seq: int
    attempt: int
    type: str
    body: str
    created_at: datetime

    def payload(self) -> dict[str, Any]:
        """The body parsed."""
        value: dict[str, Any] = orjson.loads(self.body)
        return value
