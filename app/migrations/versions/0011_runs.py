"""What a run has left behind stays when the next one begins: a row for each run that has ended.

Of tasks that were retried before, the rows of the earlier runs are made of what the log still says of them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STAGES = ("subdomain_discovery", "page_crawl", "third_party", "content_capture", "ai_analysis")
# Of `scan_tasks` and of the new table alike.
COLUMNS = (
    sa.Column("attempt", sa.Integer(), nullable=False),
    sa.Column("status", sa.String(length=16), nullable=False),
    sa.Column("progress", sa.Integer(), nullable=False),
    sa.Column("stage_key", sa.String(length=32)),
    sa.Column("stages", sa.JSON(), nullable=False),
    sa.Column("statistics", sa.JSON(), nullable=False),
    sa.Column("violation_counts", sa.JSON(), nullable=False),
    sa.Column("log_counts", sa.JSON(), nullable=False),
    sa.Column("warnings", sa.JSON(), nullable=False),
    sa.Column("error", sa.JSON()),
    sa.Column("verdict", sa.JSON()),
    sa.Column("last_seq", sa.Integer(), nullable=False),
    sa.Column("last_log_seq", sa.Integer(), nullable=False),
    sa.Column("running_s", sa.Float(), nullable=False),
    sa.Column("cancel_by", sa.String(length=64)),
    sa.Column("cancel_reason", sa.String(length=500)),
    sa.Column("queued_at", MOMENT, nullable=False),
    sa.Column("started_at", MOMENT),
    sa.Column("completed_at", MOMENT),
)
TASKS = sa.table(
    "scan_tasks",
    *map(sa.column, ("id", "run", "capture_bytes")),
    *(sa.column(column.name, column.type) for column in COLUMNS),
)
EVENTS = sa.table(
    "task_events", *map(sa.column, ("task_id", "seq", "attempt", "type", "body")), sa.column("created_at", MOMENT)
)
LOGS = sa.table("task_logs", *map(sa.column, ("task_id", "log_seq", "attempt", "level")))
VIOLATIONS = sa.table("violations", *map(sa.column, ("task_id", "run", "risk_level", "needs_review")))
TOLD = (
    "task_created",
    "task_started",
    "task_stage",
    "task_warning",
    "task_cancelling",
    "task_retrying",
    "task_completed",
)


def upgrade() -> None:
    runs = op.create_table(
        "scan_runs",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        *COLUMNS,
        sa.Column("conclusive", sa.Boolean(), nullable=False),
        sa.Column("capture_bytes", sa.BigInteger(), nullable=False),
        sa.Column("results_removed_at", MOMENT),
        sa.ForeignKeyConstraint(["task_id"], ["scan_tasks.id"], name=op.f("fk_scan_runs_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "run", name=op.f("pk_scan_runs")),
    )
    op.create_index("ix_scan_runs_completed", "scan_runs", ["completed_at", "task_id", "run"])
    _close_stages()
    _keep_newest(runs)
    _keep_earlier(runs)


def _close_stages() -> None:
    """Stages that ran when their attempt was cancelled or failed said "running" for ever."""
    connection = op.get_bind()
    running = sa.cast(TASKS.c.stages, sa.Text).contains('"running"'), TASKS.c.status.in_(("cancelled", "failed"))
    for task_id, status, stages in connection.execute(
        sa.select(TASKS.c.id, TASKS.c.status, TASKS.c.stages).where(*running)
    ).all():
        closed = [_closed(stage, status) for stage in stages]
        connection.execute(sa.update(TASKS).where(TASKS.c.id == task_id).values(stages=closed))


def _keep_newest(runs: sa.Table) -> None:
    names = ["run", *(column.name for column in COLUMNS), "capture_bytes"]
    said = sa.func.coalesce(sa.cast(TASKS.c.verdict, sa.Text), "")
    conclusive = (TASKS.c.status == "completed") & said.not_like('%"inconclusive"%')
    ended = sa.select(TASKS.c.id, *(TASKS.c[name] for name in names), conclusive).where(
        TASKS.c.status.in_(("completed", "failed", "cancelled"))
    )
    op.execute(runs.insert().from_select(["task_id", *names, "conclusive"], ended))


def _keep_earlier(runs: sa.Table) -> None:
    connection = op.get_bind()
    for task_id, newest in connection.execute(sa.select(TASKS.c.id, TASKS.c.run).where(TASKS.c.run > 1)).all():
        told = sa.select(EVENTS).where(EVENTS.c.task_id == task_id, EVENTS.c.type.in_(TOLD)).order_by(EVENTS.c.seq)
        for row in _ended_runs(connection.execute(told).all()):
            if row["run"] < newest:
                connection.execute(runs.insert().values(**row, **_counts(connection, task_id, row)))


def _ended_runs(events: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the runs that the log tells the end of."""
    row = _begun(1, events[0].created_at) if events else {}
    for event in events:
        body = json.loads(event.body)
        _apply(row, event, body)
        if event.type == "task_completed":
            yield {**row, "stages": [_closed(stage, body["status"]) for stage in row["stages"]]}
        elif event.type == "task_retrying" and body.get("reason") != "worker_lost":
            row = _begun(body["next_attempt"], event.created_at)


def _begun(run: int, at: Any) -> dict[str, Any]:
    stage = {"status": "pending", "progress": 0, "started_at": None, "finished_at": None}
    stages = [{"key": key, **stage} for key in STAGES]
    return {"run": run, "queued_at": at, "stages": stages, "warnings": [], "progress": 0, "capture_bytes": 0}


def _apply(row: dict[str, Any], event: Any, body: Mapping[str, Any]) -> None:
    match event.type:
        case "task_started":
            row["started_at"] = event.created_at
        case "task_cancelling":
            row |= {"cancel_by": body["by"], "cancel_reason": body.get("reason")}
        case "task_warning":
            row["warnings"].append({**body, "attempt": event.attempt})
        case "task_stage":
            _apply_stage(next(stage for stage in row["stages"] if stage["key"] == body["stage_key"]), event, body)
        case "task_completed":
            row |= _end(event, body)


def _apply_stage(stage: dict[str, Any], event: Any, body: Mapping[str, Any]) -> None:
    moment, ended = event.created_at.isoformat(timespec="milliseconds") + "Z", body["status"] != "running"
    stage |= {"status": body["status"], "finished_at": moment if ended else None}
    stage["started_at"] = stage["started_at"] if ended else stage["started_at"] or moment
    stage["progress"] = 100 if body["status"] in ("completed", "skipped") else stage["progress"]


def _closed(stage: dict[str, Any], status: str) -> dict[str, Any]:
    return {**stage, "status": status} if stage["status"] == "running" else stage


def _end(event: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    verdict = body.get("verdict")
    done = body["status"] == "completed"
    return {
        "task_id": event.task_id,
        "attempt": event.attempt,
        "status": body["status"],
        "progress": 100 if done else 0,
        "statistics": body["statistics"],
        "error": body.get("error"),
        "verdict": verdict,
        "conclusive": done and (verdict is None or verdict["result"] != "inconclusive"),
        "last_seq": event.seq,
        "running_s": float(body["statistics"]["execution_duration"]),
        "completed_at": event.created_at,
    }


def _counts(connection: sa.Connection, task_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Count the lines and violations of a run."""
    lines = LOGS.c.task_id == task_id, LOGS.c.attempt <= row["attempt"]
    last = connection.execute(sa.select(sa.func.max(LOGS.c.log_seq)).where(*lines)).scalar_one()
    levels = sa.select(LOGS.c.level, sa.func.count()).where(*lines, LOGS.c.attempt >= row["run"]).group_by(LOGS.c.level)
    mine = VIOLATIONS.c.task_id == task_id, VIOLATIONS.c.run == row["run"]
    found = connection.execute(sa.select(VIOLATIONS.c.risk_level, VIOLATIONS.c.needs_review).where(*mine)).all()
    counts: dict[str, int] = {}
    for name in (
        name for one in found for name in ("total", one.risk_level, *(["needs_review"] * bool(one.needs_review)))
    ):
        counts[name] = counts.get(name, 0) + 1
    log_counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(levels)}
    return {"last_log_seq": last or 0, "log_counts": log_counts, "violation_counts": counts}
