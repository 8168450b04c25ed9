"""What the server says: every frame as a typed model. No I/O.

The models are the contract: `compliance export-schema` prints their JSON Schema, and tests validate every frame against
it. Durable events are spliced into their frames as JSON (`encoded_event`): they were validated when written.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from app.core.schema_fields import described
from app.domain.stages import StageKey
from app.domain.verdict import Reason
from app.events.event_body import Origin
from app.events.types import (
    ErrorInfo,
    LogLine,
    Percent,
    Statistics,
    VerdictInfo,
    ViolationFields,
    WarningCode,
)
from app.notifications.schemas.feed import NotificationResponse
from app.websocket.messages.codes import ErrorCode, SnapshotReason
from app.websocket.messages.commands import FeedTopic

PROTOCOL_VERSION: Final = 1
Timestamp = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Count = Annotated[int, Field(ge=0)]
Level = Literal["info", "warning", "error", "success"]


def _without_none(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None or name not in names}


class Frame(BaseModel):
    """Base of every server frame."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    summary: ClassVar[str]
    timestamp: Timestamp

    def to_bytes(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()


class Heartbeat(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    interval_s: float
    timeout_s: float


class ConnectionEstablished(Frame):
    summary: ClassVar[str] = "The first frame: the connected user and the limits."
    type: Literal["connection_established"] = "connection_established"
    connection_id: str
    message: str
    user_id: str
    protocol: Literal[1] = 1
    epoch: str  # of the log
    server_time: Timestamp
    heartbeat: Heartbeat
    limits: dict[str, int | float]
    token_expires_at: Timestamp


class Pong(Frame):
    summary: ClassVar[str] = "Response to `ping`."
    type: Literal["pong"] = "pong"
    ping_count: Count
    server_time: Timestamp
    client_time: str | int | float | None = None
    id: str | None = None


class Ping(Frame):
    summary: ClassVar[str] = "Keep-alive after the server has sent nothing for a while."
    type: Literal["ping"] = "ping"
    sequence: Count
    server_time: Timestamp


class ResultError(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    code: ErrorCode
    message: str


class SubscriptionResult(Frame):
    summary: ClassVar[str] = "Result of a command for a task, and its `seq`."
    type: Literal["subscription_result"] = "subscription_result"
    task_id: str
    action: Literal["subscribe", "unsubscribe", "resume"]
    success: bool
    seq: Count | None = None  # the position that the next `prev_seq` counts from
    epoch: str  # of the log that `seq` counts in
    recovered: bool | None = None
    replayed: Count | None = None
    reason: SnapshotReason | None = None
    error: ResultError | None = None
    id: str | None = None


class SnapshotStage(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    key: Annotated[StageKey, described("Stage.", "page_crawl")]
    name: Annotated[str, described("The same in words.", "Page crawl")]
    status: Annotated[
        Literal["pending", "running", "completed", "failed", "skipped", "cancelled"],
        described("Status of the task.", "running"),
    ]
    progress: Annotated[Percent, described("Progress in percent.", 63)]
    started_at: Annotated[Timestamp | None, described("Start time.", "2026-01-01T00:00:01.000Z")]
    finished_at: Annotated[Timestamp | None, described("End time.", "2026-01-01T00:12:00.000Z")]


class SnapshotViolation(ViolationFields):
    """A violation in a snapshot: the fields of `violation_detected` with its time."""

    created_at: Annotated[Timestamp, described("Time at which it was found.", "2026-01-01T00:12:00.000Z")]

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_none(handler(self), *ViolationFields.model_fields)


class SnapshotFindings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    total: Annotated[Count, described("Number of all violations.", 1)]
    critical: Annotated[Count, described("Number of violations with this risk.", 0)]
    high: Annotated[Count, described("Number of violations with this risk.", 1)]
    medium: Annotated[Count, described("Number of violations with this risk.", 0)]
    low: Annotated[Count, described("Number of violations with this risk.", 0)]
    needs_review: Annotated[Count, described("Number of violations that need a review.", 0)]


class SnapshotViolations(SnapshotFindings):
    recent: Annotated[tuple[SnapshotViolation, ...], described("The newest violations.")]


class Worker(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str | None, described("Id of the process that runs it.", "embedded-3f1b2a10-1")]
    state: Annotated[Literal["none", "alive", "suspect"], described("`suspect`: it has missed heartbeats.", "alive")]
    last_heartbeat_at: Annotated[Timestamp | None, described("Time of its last heartbeat.", "2026-01-01T00:12:00.000Z")]


class SnapshotWarning(Origin):
    code: Annotated[WarningCode, described("Code of the warning (docs/errors.md).", "degraded")]
    message: Annotated[str, described("The same in words.", "No Chromium was found.")]
    attempt: Annotated[int, described("Attempt that found it.", 1)]
    reason: Annotated[Reason | None, described("Reason why URLs were not checked.", "robots")] = None
    host: Annotated[str | None, described("Host.", "www.corp.example")] = None
    count: Annotated[Count | None, described("Number of URLs.", 2)] = None

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_none(handler(self), "reason", "host", "count")


class TaskState(BaseModel):
    """State of a task at `seq`: the status in REST; a snapshot adds the last log lines."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    task_id: Annotated[str, described("Task id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")]
    seq: Annotated[Count, described("Number of the last event included.", 42)]
    epoch: Annotated[str, described("Epoch of the log that `seq` belongs to.", "0")]  # of the log that `seq` counts in
    min_seq: Annotated[Count, described("Oldest event that can be replayed.", 1)]
    status: Annotated[
        Literal["pending", "running", "cancelling", "completed", "failed", "cancelled"],
        described("Status of the task.", "running"),
    ]
    attempt: Annotated[int, Field(ge=1), described("Number of the attempt.", 1)]
    progress: Annotated[Percent, described("Progress in percent.", 37)]
    stage: Annotated[str | None, described("Stage in words.", "Page crawl")]
    stage_key: Annotated[StageKey | None, described("Current stage.", "page_crawl")]
    stages: Annotated[tuple[SnapshotStage, ...], Field(min_length=5, max_length=5), described("The five stages.")]
    statistics: Annotated[Statistics, described("The five totals.")]
    violations: Annotated[SnapshotViolations, described("Counts of the violations, and the newest.")]
    findings: Annotated[SnapshotFindings, described("The numbers of the findings that they are part of.")]
    log_counts: Annotated[dict[str, int], described("Number of log lines by level.", {"INFO": 31, "WARNING": 1})]
    warnings: Annotated[tuple[SnapshotWarning, ...], described("Warnings of the run.")]
    worker: Annotated[Worker, described("Worker that runs it.")]
    queue_position: Annotated[int | None, described("Position in the queue.", 2)] = None
    target_domain: Annotated[str, described("Scanned domain.", "corp.example")]
    created_at: Annotated[Timestamp, described("Time of creation.", "2026-01-01T00:00:00.000Z")]
    started_at: Annotated[
        Timestamp | None,
        described("Start time of the run; unchanged if a later attempt resumes it.", "2026-01-01T00:00:01.000Z"),
    ]
    completed_at: Annotated[Timestamp | None, described("End time.", "2026-01-01T00:12:00.000Z")]
    ended_by: Annotated[str | None, described("User who cancelled it; null if it was not cancelled.", "mei")] = None
    error: Annotated[ErrorInfo | None, described("Reason for the failure.")] = None
    verdict: Annotated[VerdictInfo | None, described("Verdict.")] = None

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_none(handler(self), "queue_position", "ended_by", "error", "verdict")


class TaskSnapshot(Frame, TaskState):
    summary: ClassVar[str] = "Complete state of a task at `seq`; it replaces the known state."
    type: Literal["task_snapshot"] = "task_snapshot"
    logs: tuple[LogLine, ...]

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()  # its nulls are facts: a stage that has not started has no time


class LogsDropped(Frame):
    summary: ClassVar[str] = "Log lines were dropped because the connection is slow; they are in the REST log."
    type: Literal["logs_dropped"] = "logs_dropped"
    task_id: str
    from_log_seq: Annotated[int, Field(ge=1)]
    to_log_seq: Annotated[int, Field(ge=1)]
    count: Annotated[int, Field(ge=1)]
    reason: Literal["slow_client"] = "slow_client"


class MadeUpDeletion(Frame):
    """`task_deleted` of a task without a row: there is no event to number."""

    summary: ClassVar[str] = "The same for a task without a row: it has no number."
    type: Literal["task_deleted"] = "task_deleted"
    task_id: str
    by: str


class AdminBroadcast(Frame):
    summary: ClassVar[str] = "Announcement of an administrator."
    type: Literal["admin_broadcast"] = "admin_broadcast"
    broadcast_id: str
    message: str
    level: Level
    sender: str
    data: dict[str, Any] | None = None
    expires_at: Timestamp | None = None


class TopicResult(Frame):
    summary: ClassVar[str] = "Result of a command for a topic, and its `seq`."
    type: Literal["topic_result"] = "topic_result"
    topic: FeedTopic
    action: Literal["subscribe", "unsubscribe"]
    success: bool
    seq: Count | None = None  # the position that the next `prev_seq` counts from
    epoch: str  # of the log, which is that of the feed as well
    recovered: bool | None = None
    reason: SnapshotReason | None = None
    error: ResultError | None = None
    id: str | None = None


class NotificationFrame(Frame):
    summary: ClassVar[str] = "A notification, as `GET /api/v1/notifications` returns it."
    type: Literal["notification"] = "notification"
    seq: Annotated[int, Field(ge=1)]
    prev_seq: Count
    notification: NotificationResponse

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()  # its nulls are facts, as in REST


class NotificationState(Frame):
    summary: ClassVar[str] = "The state of the user's notifications: the newest number, and how many are unread."
    type: Literal["notification_state"] = "notification_state"
    seq: Count
    unread: Count
    read_revision: Count


class ReconnectAdvice(Frame):
    summary: ClassVar[str] = "The server is shutting down: when to reconnect."
    type: Literal["reconnect_advice"] = "reconnect_advice"
    reason: str
    delay_min_ms: Count
    delay_max_ms: Count


class TokenExpiring(Frame):
    """The connection's token expires soon: send `auth` with a new one, or it is closed with 4001."""

    summary: ClassVar[str] = "The connection's token expires soon: send `auth` with a new one."
    type: Literal["token_expiring"] = "token_expiring"
    expires_at: Timestamp


class AuthResult(Frame):
    summary: ClassVar[str] = "Whether the token was renewed."
    type: Literal["auth_result"] = "auth_result"
    success: bool
    expires_at: Timestamp | None = None  # of the token that the connection has now, after a success
    error: ResultError | None = None
    id: str | None = None


class StatusSubscription(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    task_id: str
    seq: Count
    topics: tuple[str, ...]


class StatusTopic(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    topic: FeedTopic
    seq: Count


class Status(Frame):
    summary: ClassVar[str] = "The server's state of this connection."
    type: Literal["status"] = "status"
    connection_id: str
    user_id: str
    connected_at: Timestamp
    subscriptions: tuple[StatusSubscription, ...]
    feeds: tuple[StatusTopic, ...] | None = None  # None: it has none
    id: str | None = None


class Error(Frame):
    summary: ClassVar[str] = "An invalid or forbidden frame."
    type: Literal["error"] = "error"
    code: ErrorCode
    message: str
    id: str | None = None
    retry_after_ms: Count | None = None
    fatal: bool = False


CONTROL_FRAMES: Final[tuple[type[Frame], ...]] = (
    ConnectionEstablished,
    Pong,
    Ping,
    SubscriptionResult,
    TaskSnapshot,
    LogsDropped,
    AdminBroadcast,
    TopicResult,
    NotificationFrame,
    NotificationState,
    ReconnectAdvice,
    TokenExpiring,
    AuthResult,
    Status,
    Error,
)
