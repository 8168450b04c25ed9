"""The state of a task as a fold over its events: `apply` says what every event means, on the server and in the client.

The server keeps it in the columns of `scan_tasks`, in the transaction that writes the event: so a snapshot is one row,
and equal to folding the log from its beginning (a property test compares). Status, attempt, ownership and times of the
task itself are not here: they change only by compare-and-set (`scans.lifecycle`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final

from app.domain.stages import STAGES, StageKey
from app.domain.translation import KEYS

# The one reason with which a retry goes on from the checkpoint; every other starts clean.
WORKER_LOST: Final = "worker_lost"
MAX_WARNINGS: Final = 50  # kept in the row; all of them are in the log
WARNING_FIELDS: Final = ("code", "message", *KEYS, "reason", "host", "count")
ERROR_FIELDS: Final = ("code", "message", *KEYS, "retryable")

STATISTIC_OF_COUNT: Final = MappingProxyType(
    {"subdomains": "total_subdomains", "pages": "total_pages_crawled", "third_parties": "total_third_party_domains"}
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
class TaskProjection:
    """What the events of a task add up to."""

    progress: int = 0
    stage_key: StageKey | None = None
    stages: tuple[StageState, ...] = field(default_factory=lambda: tuple(StageState(spec.key) for spec in STAGES))
    statistics: Mapping[str, int] = field(default_factory=dict)
    violation_counts: Mapping[str, int] = field(default_factory=dict)
    finding_counts: Mapping[str, int] = field(default_factory=dict)
    log_counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Mapping[str, Any], ...] = ()
    error: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] | None = None
    last_log_seq: int = 0

    @classmethod
    def from_row(cls, row: Any) -> "TaskProjection":
        """Make the state from the columns of `scan_tasks`."""
        return cls._of({field.name: getattr(row, field.name) for field in fields(cls)})

    @classmethod
    def from_snapshot(cls, snapshot: Mapping[str, Any]) -> "TaskProjection":
        """Make the state from a `task_snapshot` frame."""
        counts = {name: number for name, number in snapshot["violations"].items() if name != "recent"}
        known = {field.name: snapshot[field.name] for field in fields(cls) if field.name in snapshot}
        return cls._of({**known, "violation_counts": counts, "finding_counts": snapshot.get("findings", {})})

    @classmethod
    def _of(cls, values: dict[str, Any]) -> "TaskProjection":
        key = values["stage_key"]
        stages, warnings = tuple(map(_stage_state, values["stages"])), tuple(values["warnings"])
        key = None if key is None else StageKey(key)
        return cls(**{**values, "stage_key": key, "stages": stages, "warnings": warnings})

    def to_columns(self) -> dict[str, Any]:
        """Return the columns of `scan_tasks`."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**columns, "stages": [asdict(stage) for stage in self.stages], "warnings": list(self.warnings)}


def apply(state: TaskProjection, kind: str, body: Mapping[str, Any], *, attempt: int, at: str) -> TaskProjection:
    """Return the state after an event of the type `kind`; the state itself when the type changes nothing here.

    `body` has the event's own fields as JSON values, and may have more; `at` is its time as on the wire.
    """
    match kind:
        case "task_progress":
            return _progress(state, body)
        case "task_stage":
            return _stage(state, body, at)
        case "violation_detected":
            counted = _counted(state, body)
            statistics = {**state.statistics, "total_violations": counted.violation_counts.get("total", 0)}
            return replace(counted, statistics=statistics)
        case "finding_changed":
            return _counted(state, body)
        case "task_logs":
            return _logs(state, body)
        case "task_warning":
            warning = {name: body[name] for name in WARNING_FIELDS if name in body} | {"attempt": attempt}
            return replace(state, warnings=(*state.warnings, warning)[-MAX_WARNINGS:])
        case "task_error":
            return replace(state, error={name: body[name] for name in ERROR_FIELDS if name in body})
        case "task_retrying":
            return _retrying(state, body)
        case "task_completed":
            error = body.get("error", state.error)
            return replace(state, statistics=body["statistics"], error=error, verdict=body.get("verdict"))
        case _:
            return state


def _stage_state(stage: Mapping[str, Any]) -> StageState:
    times = stage.get("started_at"), stage.get("finished_at")
    return StageState(StageKey(stage["key"]), stage["status"], stage["progress"], *times)


def _progress(state: TaskProjection, body: Mapping[str, Any]) -> TaskProjection:
    key = StageKey(body["stage_key"])
    reached = {**(body.get("stages_progress") or {}), key: body["stage_progress"]}
    stages = tuple(
        replace(stage, progress=max(stage.progress, reached[stage.key])) if stage.key in reached else stage
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


def _stage(state: TaskProjection, body: Mapping[str, Any], at: str) -> TaskProjection:
    status, key = body["status"], StageKey(body["stage_key"])

    def change(stage: StageState) -> StageState:
        if status == "running":
            return replace(stage, status=status, started_at=stage.started_at or at, finished_at=None)
        progress = 100 if status in ("completed", "skipped") else stage.progress
        return replace(stage, status=status, progress=progress, finished_at=at)

    return replace(state, stages=tuple(change(s) if s.key == key else s for s in state.stages))


def _counted(state: TaskProjection, body: Mapping[str, Any]) -> TaskProjection:
    """Take the counts as they are after the event: so an event that is taken twice is counted once. While versions are
    exchanged, events of the one before may come without them: the next ones have them.
    """
    return replace(
        state,
        violation_counts=body.get("violation_counts", state.violation_counts),
        finding_counts=body.get("finding_counts") or state.finding_counts,
    )


def _logs(state: TaskProjection, body: Mapping[str, Any]) -> TaskProjection:
    counts = dict(state.log_counts)
    for line in body["logs"]:
        counts[line["level"]] = counts.get(line["level"], 0) + 1
    last = body["logs"][-1]["log_seq"] if body["logs"] else state.last_log_seq
    return replace(state, log_counts=counts, last_log_seq=max(state.last_log_seq, last))


def _retrying(state: TaskProjection, body: Mapping[str, Any]) -> TaskProjection:
    if body.get("reason") != WORKER_LOST:
        return TaskProjection(last_log_seq=state.last_log_seq)  # log lines are numbered through all attempts
    stages = tuple(replace(s, status="pending") if s.status == "running" else s for s in state.stages)
    return replace(state, stages=stages, error=None, verdict=None, warnings=())
