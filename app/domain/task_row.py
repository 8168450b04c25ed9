"""A task and a run of it, as the database has them: what every part that reads scans passes on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task: all columns of `scan_tasks`, in their order. What they mean is said in `events.tables`."""

    id: str
    user_id: str
    target_domain: str
    config: dict[str, Any]
    status: str
    attempt: int
    run: int
    progress: int
    stage_key: str | None
    stages: list[dict[str, Any]]
    statistics: dict[str, int]
    violation_counts: dict[str, int]
    finding_counts: dict[str, int]
    log_counts: dict[str, int]
    warnings: list[dict[str, Any]]
    error: dict[str, Any] | None
    verdict: dict[str, Any] | None
    last_seq: int
    min_seq: int
    last_log_seq: int
    worker_id: str | None
    worker_state: str | None
    heartbeat: int
    heartbeat_at: datetime | None
    requeues: int
    running_s: float
    capture_bytes: int
    cancel_by: str | None
    cancel_reason: str | None
    created_at: datetime
    queued_at: datetime
    turn: int
    rank: int
    started_at: datetime | None
    completed_at: datetime | None
    deleted_at: datetime | None
    trace: str | None = None
    held_at: datetime | None = None
    held_by: str | None = None
    hold_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a task. `task` is the task's row as this run left it, or as it is while the run is the newest."""

    task: TaskRow
    results_removed_at: datetime | None = None  # None: they are there
