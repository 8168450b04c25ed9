"""What the events of a task add up to. The same fold as the server's: who followed sees what a snapshot shows."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from app.client.events import Event
from app.domain.stages import STAGES, StageKey
from app.domain.tasks import TERMINAL, TaskStatus

MAX_LINES: Final = 200  # kept of the log; all of it is in REST
MAX_WARNINGS: Final = 50
WARNING_FIELDS: Final = ("code", "message", "reason", "host", "count")
STATISTIC_OF_COUNT: Final = MappingProxyType(
    {
        "subdomains": "total_subdomains",
        "pages": "total_pages_crawled",
        "third_parties": "total_third_party_domains",
    }
)
NO_STATISTICS: Final = MappingProxyType(dict.fromkeys((*STATISTIC_OF_COUNT.values(), "total_violations"), 0))
NO_VIOLATIONS: Final = MappingProxyType(
    dict.fromkeys(("total", "critical", "high", "medium", "low", "needs_review"), 0)
)


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage; `status` as in a snapshot, `progress` in percent."""

    key: StageKey
    status: str = "pending"
    progress: int = 0


@dataclass(slots=True)
class TaskView:
    """The state of a task at `seq`. `apply` every event in order."""

    task_id: str
    target_domain: str = ""
    seq: int = 0
    status: TaskStatus = TaskStatus.PENDING
    attempt: int = 1
    progress: int = 0
    stage_key: StageKey | None = None
    stages: list[StageView] = field(default_factory=lambda: [StageView(spec.key) for spec in STAGES])
    statistics: Mapping[str, int] = field(default_factory=lambda: NO_STATISTICS)
    violation_counts: Mapping[str, int] = field(default_factory=lambda: NO_VIOLATIONS)
    warnings: list[Mapping[str, Any]] = field(default_factory=list)
    error: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] | None = None  # {"result", "reasons"} once the scan is complete
    message: str = ""  # of the newest progress
    eta_s: int | None = None
    queue_position: int | None = None  # as of the last snapshot
    lines: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_LINES))
    deleted: bool = False

    @property
    def ended(self) -> bool:
        """A terminal status, or deleted. Only a retry by a user makes it run again."""
        return self.deleted or self.status in TERMINAL

    def apply(self, event: Event) -> None:
        """Take one event; types that are unknown change nothing but the position."""
        body = event.data
        if event.seq is not None:
            self.seq = event.seq
        match event.type:
            case "task_snapshot":
                self._restart(body)
            case "task_created":
                self.target_domain = body["target_domain"]
            case "task_started":
                self.status, self.attempt, self.queue_position = TaskStatus.RUNNING, body["attempt"], None
            case "task_progress":
                self._progress(body)
            case "task_stage":
                self._stage(StageKey(body["stage_key"]), body["status"])
            case "violation_detected":
                self._violation(body)
            case "task_logs":
                self.lines.extend(body["logs"])
            case "task_warning":
                said = {name: body[name] for name in (*WARNING_FIELDS, "attempt") if name in body}
                self.warnings = [*self.warnings, said][-MAX_WARNINGS:]
            case "task_error":
                self.error = {"code": body["code"], "message": body["message"], "retryable": body["retryable"]}
            case "task_cancelling":
                self.status = TaskStatus.CANCELLING
            case "task_retrying":
                self._retrying(body)
            case "task_completed":
                self.status, self.statistics = TaskStatus(body["status"]), body["statistics"]
                self.error, self.verdict = body.get("error", self.error), body.get("verdict")
            case "task_deleted":
                self.deleted = True

    def _restart(self, body: Mapping[str, Any]) -> None:
        self.target_domain, self.status, self.attempt = (
            body["target_domain"],
            TaskStatus(body["status"]),
            body["attempt"],
        )
        self.progress = body["progress"]
        self.stage_key = None if body["stage_key"] is None else StageKey(body["stage_key"])
        self.stages = [StageView(StageKey(s["key"]), s["status"], s["progress"]) for s in body["stages"]]
        self.statistics = body["statistics"]
        self.violation_counts = {name: body["violations"][name] for name in NO_VIOLATIONS}
        self.warnings = list(body["warnings"])
        self.error, self.queue_position = body.get("error"), body.get("queue_position")
        self.verdict = body.get("verdict")
        self.message, self.eta_s = "", None
        self.lines = deque(body["logs"], maxlen=MAX_LINES)

    def _progress(self, body: Mapping[str, Any]) -> None:
        self.progress = max(self.progress, body["progress"])
        self.stage_key = key = StageKey(body["stage_key"])
        self.message, self.eta_s = body["message"], body.get("eta_s")
        self.stages = [
            replace(s, progress=max(s.progress, body["stage_progress"])) if s.key is key else s for s in self.stages
        ]
        counts = body.get("counts") or {}
        known = {name: counts[count] for count, name in STATISTIC_OF_COUNT.items() if count in counts}
        self.statistics = {**self.statistics, **known}

    def _stage(self, key: StageKey, status: str) -> None:
        done = status in ("completed", "skipped")
        self.stages = [
            replace(s, status=status, progress=100 if done else s.progress) if s.key is key else s for s in self.stages
        ]

    def _violation(self, body: Mapping[str, Any]) -> None:
        counts = dict(self.violation_counts)
        for name in ("total", body["violation"]["risk_level"], *(["needs_review"] if body["needs_review"] else [])):
            counts[name] = counts.get(name, 0) + 1
        self.violation_counts = counts
        self.statistics = {**self.statistics, "total_violations": counts["total"]}

    def _retrying(self, body: Mapping[str, Any]) -> None:
        self.status, self.attempt, self.error, self.warnings = TaskStatus.PENDING, body["next_attempt"], None, []
        self.verdict = None
        if body.get("reason") == "worker_lost":  # it goes on from its checkpoint
            self.stages = [replace(s, status="pending") if s.status == "running" else s for s in self.stages]
            return
        self.progress, self.stage_key, self.message, self.eta_s = 0, None, "", None
        self.stages = [StageView(spec.key) for spec in STAGES]
        self.statistics, self.violation_counts = NO_STATISTICS, NO_VIOLATIONS
