"""What the events of a task add up to, by the server's own fold: the sum of the events is what a snapshot shows."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from app.client.events import Event
from app.domain.projection import STATISTIC_OF_COUNT, WORKER_LOST, StageState, TaskProjection, apply
from app.domain.stages import StageKey
from app.domain.tasks import TERMINAL, TaskStatus

MAX_LINES: Final = 200  # kept of the log; all of it is in REST
NO_STATISTICS: Final = MappingProxyType(dict.fromkeys((*STATISTIC_OF_COUNT.values(), "total_violations"), 0))
NO_VIOLATIONS: Final = MappingProxyType(
    dict.fromkeys(("total", "critical", "high", "medium", "low", "needs_review"), 0)
)


@dataclass(slots=True)
class TaskView:
    """The state of a task at `seq`. `apply` every event in order."""

    task_id: str
    target_domain: str = ""
    seq: int = 0
    status: TaskStatus = TaskStatus.PENDING
    attempt: int = 1
    projection: TaskProjection = field(default_factory=TaskProjection)
    message: str = ""  # of the newest progress
    eta_s: int | None = None
    eta_range_s: tuple[int, int] | None = None  # comes with `eta_s`
    queue_position: int | None = None  # as of the last snapshot
    lines: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_LINES))
    deleted: bool = False

    @property
    def ended(self) -> bool:
        """Tell whether the status is terminal, or the task deleted. Only a retry by a user makes it run again."""
        return self.deleted or self.status in TERMINAL

    @property
    def progress(self) -> int:
        return self.projection.progress

    @property
    def stage_key(self) -> StageKey | None:
        return self.projection.stage_key

    @property
    def stages(self) -> tuple[StageState, ...]:
        return self.projection.stages

    @property
    def statistics(self) -> Mapping[str, int]:
        return {**NO_STATISTICS, **self.projection.statistics}

    @property
    def violation_counts(self) -> Mapping[str, int]:
        return {**NO_VIOLATIONS, **self.projection.violation_counts}

    @property
    def warnings(self) -> tuple[Mapping[str, Any], ...]:
        return self.projection.warnings

    @property
    def error(self) -> Mapping[str, Any] | None:
        return self.projection.error

    @property
    def verdict(self) -> Mapping[str, Any] | None:
        """Return `result` and `reasons` once the scan is complete."""
        return self.projection.verdict

    def apply(self, event: Event) -> None:
        """Take one event; types that are unknown change nothing but the position."""
        body = event.data
        if event.seq is not None:
            self.seq = event.seq
        self.projection = apply(
            self.projection, event.type, body, attempt=event.attempt or self.attempt, at=event.timestamp
        )
        match event.type:
            case "task_snapshot":
                self._restart(body)
            case "task_created":
                self.target_domain = body["target_domain"]
            case "task_started":
                self.status, self.attempt, self.queue_position = TaskStatus.RUNNING, body["attempt"], None
            case "task_progress":
                self._progressed(body)
            case "task_logs":
                self.lines.extend(body["logs"])
            case "task_cancelling":
                self.status = TaskStatus.CANCELLING
            case "task_retrying":
                self.status, self.attempt = TaskStatus.PENDING, body["next_attempt"]
                if body.get("reason") != WORKER_LOST:
                    self._forget_progress()
            case "task_completed":
                self.status = TaskStatus(body["status"])
            case "task_deleted":
                self.deleted = True

    def _progressed(self, body: Mapping[str, Any]) -> None:
        self.message, self.eta_s = body["message"], body.get("eta_s")
        self.eta_range_s = (body["eta_min_s"], body["eta_max_s"]) if "eta_max_s" in body else None

    def _forget_progress(self) -> None:
        self.message, self.eta_s, self.eta_range_s = "", None, None

    def _restart(self, body: Mapping[str, Any]) -> None:
        self.projection = TaskProjection.from_snapshot(body)
        self.target_domain, self.attempt = body["target_domain"], body["attempt"]
        self.status = TaskStatus(body["status"])
        self.queue_position = body.get("queue_position")
        self._forget_progress()
        self.lines = deque(body["logs"], maxlen=MAX_LINES)
