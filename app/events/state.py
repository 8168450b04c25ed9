"""The state of a task as a fold over its events: `apply(state, event)` is what every event means.

Kept in the columns of `scan_tasks` by the transaction that writes the event, so a snapshot is one row, and equal to
folding the log from its beginning (a property test compares). Status, attempt, ownership and times of the task itself
are not here: they change only by compare-and-set (`services.lifecycle`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from app.core.clock import to_wire
from app.domain.stages import STAGES, StageKey
from app.events.types import Event

WORKER_LOST: Final = "worker_lost"
# The one reason with which a retry goes on from the checkpoint; every other starts clean.
MAX_WARNINGS: Final = 50  # kept in the row; all of them are in the log
WARNING_FIELDS: Final = ("code", "message", "reason", "host", "count")

STATISTIC_OF_COUNT: Final = MappingProxyType(
    {
        "subdomains": "total_subdomains",
        "pages": "total_pages_crawled",
        "third_parties": "total_third_party_domains",
    }
)


@dataclass(frozen=True, slots=True)
class StageState:
    """One stage. Times are RFC 3339 text as on the wire."""

    key: StageKey
    status: str = "pending"
    progress: int = 0
    started_at: str | None = None
    finished_at: str | None = None


@dataclass(frozen=True, slots=True)
class TaskState:
    """What the events of a task add up to."""

    progress: int = 0
    stage_key: StageKey | None = None
    stages: tuple[StageState, ...] = field(default_factory=lambda: tuple(StageState(spec.key) for spec in STAGES))
    statistics: Mapping[str, int] = field(default_factory=dict)
    violation_counts: Mapping[str, int] = field(default_factory=dict)
    log_counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Mapping[str, Any], ...] = ()
    error: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] | None = None
    last_log_seq: int = 0

    @classmethod
    def from_row(cls, row: Any) -> "TaskState":
        """From the columns of `scan_tasks`."""
        return cls(
            progress=row.progress,
            stage_key=None if row.stage_key is None else StageKey(row.stage_key),
            stages=tuple(StageState(**{**stage, "key": StageKey(stage["key"])}) for stage in row.stages),
            statistics=row.statistics,
            violation_counts=row.violation_counts,
            log_counts=row.log_counts,
            warnings=tuple(row.warnings),
            error=row.error,
            verdict=row.verdict,
            last_log_seq=row.last_log_seq,
        )

    def to_columns(self) -> dict[str, Any]:
        """For the columns of `scan_tasks`."""
        return {
            "progress": self.progress,
            "stage_key": self.stage_key,
            "stages": [asdict(stage) for stage in self.stages],
            "statistics": dict(self.statistics),
            "violation_counts": dict(self.violation_counts),
            "log_counts": dict(self.log_counts),
            "warnings": [dict(warning) for warning in self.warnings],
            "error": None if self.error is None else dict(self.error),
            "verdict": None if self.verdict is None else dict(self.verdict),
            "last_log_seq": self.last_log_seq,
        }


def apply(state: TaskState, event: Event) -> TaskState:
    """The state after `event`. Types that change nothing here return the state itself."""
    body = event.payload()
    match event.type:
        case "task_progress":
            return _progress(state, body)
        case "task_stage":
            return _stage(state, body, to_wire(event.created_at))
        case "violation_detected":
            return _violation(state, body)
        case "task_logs":
            return _logs(state, body)
        case "task_warning":
            said = {name: body[name] for name in WARNING_FIELDS if name in body} | {"attempt": event.attempt}
            return replace(state, warnings=(*state.warnings, said)[-MAX_WARNINGS:])
        case "task_error":
            error = {"code": body["code"], "message": body["message"], "retryable": body["retryable"]}
            return replace(state, error=error)
        case "task_retrying":
            return _retrying(state, body)
        case "task_completed":
            failure = body.get("error", state.error)
            return replace(state, statistics=body["statistics"], error=failure, verdict=body.get("verdict"))
        case _:
            return state


def _progress(state: TaskState, body: Mapping[str, Any]) -> TaskState:
    key = StageKey(body["stage_key"])
    stages = tuple(
        replace(stage, progress=max(stage.progress, body["stage_progress"])) if stage.key == key else stage
        for stage in state.stages
    )
    counts = body.get("counts") or {}
    known = {name: counts[count] for count, name in STATISTIC_OF_COUNT.items() if count in counts}
    return replace(
        state,
        progress=max(state.progress, body["progress"]),
        stage_key=key,
        stages=stages,
        statistics={**state.statistics, **known},
    )


def _stage(state: TaskState, body: Mapping[str, Any], at: str) -> TaskState:
    status, key = body["status"], StageKey(body["stage_key"])

    def change(stage: StageState) -> StageState:
        if status == "running":
            return replace(stage, status=status, started_at=stage.started_at or at, finished_at=None)
        progress = 100 if status in ("completed", "skipped") else stage.progress
        return replace(stage, status=status, progress=progress, finished_at=at)

    return replace(state, stages=tuple(change(s) if s.key == key else s for s in state.stages))


def _violation(state: TaskState, body: Mapping[str, Any]) -> TaskState:
    counts = dict(state.violation_counts)
    names = ["total", body["violation"]["risk_level"], *(["needs_review"] if body["needs_review"] else [])]
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return replace(
        state,
        violation_counts=counts,
        statistics={**state.statistics, "total_violations": counts["total"]},
    )


def _logs(state: TaskState, body: Mapping[str, Any]) -> TaskState:
    counts = dict(state.log_counts)
    for line in body["logs"]:
        counts[line["level"]] = counts.get(line["level"], 0) + 1
    last = body["logs"][-1]["log_seq"] if body["logs"] else state.last_log_seq
    return replace(state, log_counts=counts, last_log_seq=max(state.last_log_seq, last))


def _retrying(state: TaskState, body: Mapping[str, Any]) -> TaskState:
    if body.get("reason") != WORKER_LOST:
        return TaskState(last_log_seq=state.last_log_seq)  # log lines are numbered through all attempts
    stages = tuple(replace(s, status="pending") if s.status == "running" else s for s in state.stages)
    return replace(state, stages=stages, error=None, verdict=None, warnings=())
