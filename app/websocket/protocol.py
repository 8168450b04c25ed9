"""What the server says: every frame as a typed model, and how frames become bytes. No I/O.

The models are the machine-readable contract: `compliance export-schema` prints their JSON Schema, and the tests
validate every frame they see against it. Frames of durable events are not built through the models on the way out:
their bodies were validated when they were written, so the log's JSON is spliced into the frame (`EncodedEvent`).
"""

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, create_model, model_serializer

from app.core.clock import to_wire
from app.domain.stages import StageKey
from app.domain.verdict import Reason
from app.events.types import (
    EVENT_BODIES,
    ErrorInfo,
    Event,
    EventBody,
    LogLine,
    Percent,
    Statistics,
    VerdictInfo,
    Violation,
    WarningCode,
)
from app.websocket.codes import ErrorCode, SnapshotReason
from app.websocket.framing import frame_text

PROTOCOL_VERSION: Final = 1
Timestamp = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Count = Annotated[int, Field(ge=0)]
Level = Literal["info", "warning", "error", "success"]


def _without_none(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None or name not in names}


class Frame(BaseModel):
    """Base of every server frame."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    timestamp: Timestamp

    def to_bytes(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()


class Heartbeat(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    interval_s: float
    timeout_s: float


class ConnectionEstablished(Frame):
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
    type: Literal["pong"] = "pong"
    ping_count: Count
    server_time: Timestamp
    client_time: str | int | float | None = None
    id: str | None = None


class Ping(Frame):
    type: Literal["ping"] = "ping"
    sequence: Count
    server_time: Timestamp


class ResultError(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    code: ErrorCode
    message: str


class SubscriptionResult(Frame):
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
    key: StageKey
    name: str
    status: Literal["pending", "running", "completed", "failed", "skipped"]
    progress: Percent
    started_at: Timestamp | None
    finished_at: Timestamp | None


class SnapshotViolation(BaseModel):
    """A violation in a snapshot: the fields of `violation_detected` with its time."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    violation: Violation
    violation_id: str
    violation_key: str
    needs_review: bool
    url: str | None = None
    found_on: str | None = None
    created_at: Timestamp

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_none(handler(self), "url", "found_on")


class SnapshotViolations(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    total: Count
    critical: Count
    high: Count
    medium: Count
    low: Count
    needs_review: Count
    recent: tuple[SnapshotViolation, ...]


class Worker(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str | None
    state: Literal["none", "alive", "suspect"]
    last_heartbeat_at: Timestamp | None


class SnapshotWarning(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    code: WarningCode
    message: str
    attempt: int
    reason: Reason | None = None
    host: str | None = None
    count: Count | None = None

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_none(handler(self), "reason", "host", "count")


class TaskState(BaseModel):
    """The state of a task at `seq`: what REST calls the status, and what a snapshot adds the log's tail to."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    task_id: str
    seq: Count
    epoch: str  # of the log that `seq` counts in
    min_seq: Count
    status: Literal["pending", "running", "cancelling", "completed", "failed", "cancelled"]
    attempt: Annotated[int, Field(ge=1)]
    progress: Percent
    stage: str | None
    stage_key: StageKey | None
    stages: Annotated[tuple[SnapshotStage, ...], Field(min_length=5, max_length=5)]
    statistics: Statistics
    violations: SnapshotViolations
    log_counts: dict[str, int]
    warnings: tuple[SnapshotWarning, ...]
    worker: Worker
    queue_position: int | None = None
    target_domain: str
    created_at: Timestamp
    started_at: Timestamp | None
    completed_at: Timestamp | None
    error: ErrorInfo | None = None
    verdict: VerdictInfo | None = None

    @model_serializer(mode="wrap")
    def _leave_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _without_none(handler(self), "queue_position", "error", "verdict")


class TaskSnapshot(Frame, TaskState):
    type: Literal["task_snapshot"] = "task_snapshot"
    logs: tuple[LogLine, ...]

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()  # its nulls are facts: a stage that has not started has no time


class LogsDropped(Frame):
    type: Literal["logs_dropped"] = "logs_dropped"
    task_id: str
    from_log_seq: Annotated[int, Field(ge=1)]
    to_log_seq: Annotated[int, Field(ge=1)]
    count: Annotated[int, Field(ge=1)]
    reason: Literal["slow_client"] = "slow_client"


class MadeUpDeletion(Frame):
    """`task_deleted` of a task whose row is gone: there is no event to number."""

    type: Literal["task_deleted"] = "task_deleted"
    task_id: str
    by: str


class AdminBroadcast(Frame):
    type: Literal["admin_broadcast"] = "admin_broadcast"
    broadcast_id: str
    message: str
    level: Level
    sender: str
    data: dict[str, Any] | None = None
    expires_at: Timestamp | None = None


class ReconnectAdvice(Frame):
    type: Literal["reconnect_advice"] = "reconnect_advice"
    reason: str
    delay_min_ms: Count
    delay_max_ms: Count


class TokenExpiring(Frame):
    """The connection's token ends soon: `auth` with a fresh one, or it closes with 4001."""

    type: Literal["token_expiring"] = "token_expiring"
    expires_at: Timestamp


class AuthResult(Frame):
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


class Status(Frame):
    type: Literal["status"] = "status"
    connection_id: str
    user_id: str
    connected_at: Timestamp
    subscriptions: tuple[StatusSubscription, ...]
    id: str | None = None


class Error(Frame):
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
    ReconnectAdvice,
    TokenExpiring,
    AuthResult,
    Status,
    Error,
)


def event_frame_models() -> dict[str, type[BaseModel]]:
    """A model per durable event as it stands on the wire: its body, the common fields, and `prev_seq` when followed."""
    common: dict[str, Any] = {
        "task_id": (str, ...),
        "seq": (Annotated[int, Field(ge=1)], ...),
        "prev_seq": (Annotated[int, Field(ge=0)] | None, None),
        "attempt": (Annotated[int, Field(ge=1)], ...),
        "timestamp": (Timestamp, ...),
    }
    return {body.type: _event_frame_model(body, common) for body in EVENT_BODIES}


def _event_frame_model(body: type[EventBody], common: dict[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {name: (info.annotation, info) for name, info in body.model_fields.items()}
    kind: Any = Literal[body.type]
    return create_model(
        f"{body.__name__}Frame", __config__=ConfigDict(extra="forbid"), type=(kind, ...), **common, **fields
    )


class EncodedEvent:
    """A committed event, encoded and framed once for everybody.

    `notice` is the frame for owners who do not follow the task; `followed(prev)` splices `prev_seq` in, and the usual
    `seq - 1` is kept, so that all level followers share the same bytes. Both are complete WebSocket frames.
    """

    __slots__ = ("_followed", "_head", "_notice", "_tail", "event", "size")

    def __init__(self, event: Event) -> None:
        self.event = event
        self._head = f'{{"type":"{event.type}","task_id":"{event.task_id}","seq":{event.seq},'.encode()
        body = event.body[1:-1]
        tail = f'"attempt":{event.attempt},{body}{"," if body else ""}"timestamp":"{to_wire(event.created_at)}"}}'
        self._tail = tail.encode()
        self._followed: bytes | None = None
        self._notice: bytes | None = None
        self.size = len(self._head) + len(self._tail) + 30  # with room for prev_seq and the frame's header

    @property
    def payload(self) -> bytes:
        """The event as JSON, without `prev_seq` and unframed."""
        return self._head + self._tail

    @property
    def notice(self) -> bytes:
        if self._notice is None:
            self._notice = frame_text(self.payload)
        return self._notice

    def followed(self, prev_seq: int) -> bytes:
        """The frame for a follower whose last frame of this task was `prev_seq`."""
        if prev_seq != self.event.seq - 1:
            return self._splice(prev_seq)
        if self._followed is None:
            self._followed = self._splice(prev_seq)
        return self._followed

    def log_range(self) -> tuple[int, int, int]:
        """(first log_seq, last log_seq, lines) of a `task_logs` event."""
        lines = orjson.loads(self.event.body)["logs"]
        return lines[0]["log_seq"], lines[-1]["log_seq"], len(lines)

    def _splice(self, prev_seq: int) -> bytes:
        return frame_text(b'%b"prev_seq":%d,%b' % (self._head, prev_seq, self._tail))
