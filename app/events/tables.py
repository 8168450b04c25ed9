"""Scan tasks, their event log and their log lines: the truth that every watcher is served from."""

from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    TextClause,
    text,
)

from app.core.tables import UtcDateTime, metadata

# One row: which incarnation of the log this is (`events.epoch`).
event_log = Table(
    "event_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("epoch", String(64), nullable=False),
    Column("commits", BigInteger, nullable=False),  # transactions that wrote events, counted over all tasks
    Column("folder_id", String(64)),  # of the data folder that it was last opened in; null: of none yet
)

scan_tasks = Table(
    "scan_tasks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("target_domain", String(253), nullable=False),
    Column("config", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempt", Integer, nullable=False),
    # Results belong to a run: the attempt at which the scan last began afresh. An automatic requeue keeps it.
    Column("run", Integer, nullable=False),
    # State at `last_seq`, what a snapshot shows
    Column("progress", Integer, nullable=False),
    Column("stage_key", String(32)),
    Column("stages", JSON, nullable=False),
    Column("statistics", JSON, nullable=False),
    Column("violation_counts", JSON, nullable=False),
    Column("finding_counts", JSON, nullable=False, server_default="{}"),
    Column("log_counts", JSON, nullable=False),
    Column("warnings", JSON, nullable=False),  # codes and messages said in this attempt
    Column("error", JSON),
    Column("verdict", JSON),  # `VerdictInfo`; NULL until the scan is complete
    # The log's ends
    Column("last_seq", Integer, nullable=False),
    Column("min_seq", Integer, nullable=False),  # rows below are pruned
    Column("last_log_seq", Integer, nullable=False),
    # Ownership. The observer judges the counter by its own clock; the time is for people.
    Column("worker_id", String(64)),
    Column("worker_state", String(16)),  # "alive", "suspect"; NULL: nobody works on it
    Column("heartbeat", Integer, nullable=False),
    Column("heartbeat_at", UtcDateTime),
    Column("requeues", Integer, nullable=False),  # automatic ones, counted toward the limit
    Column("running_s", Float, nullable=False),  # running time before this claim
    # Captured contents that all its runs keep, as they lie on the disk; those that scans share count for each.
    Column("capture_bytes", BigInteger, nullable=False, server_default="0"),
    Column("cancel_by", String(64)),
    Column("cancel_reason", String(500)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),  # since when it waits
    # Order of the queue, before `queued_at`: the round in which the owner's turn comes (`scans.queries.queue`).
    Column("turn", Integer, nullable=False, server_default="0"),
    # Before the turn in that order: 0 less the priority that an administrator has given, so that the lowest is next.
    Column("rank", Integer, nullable=False, server_default="0"),
    Column("started_at", UtcDateTime),
    Column("completed_at", UtcDateTime),
    Column("deleted_at", UtcDateTime),  # a tombstone: invisible, purged later
    # The request that ordered the scan, or its retry, as a `traceparent`: what is done for it elsewhere belongs to the
    # same trace. NULL in rows from before.
    Column("trace", String(55)),
    # A legal hold: since when, by whom and why nothing of the scan is removed; NULL: there is none.
    Column("held_at", UtcDateTime),
    Column("held_by", String(64)),
    Column("hold_reason", String(500), CheckConstraint("held_at IS NULL OR deleted_at IS NULL", name="held")),
)
Index("ix_scan_tasks_owner", scan_tasks.c.user_id, scan_tasks.c.created_at)
# The queue. `deleted_at` makes a count of it one of the index alone.
Index(
    "ix_scan_tasks_ranks",
    *(scan_tasks.c[name] for name in ("status", "rank", "turn", "queued_at", "id", "deleted_at")),
)
Index("ix_scan_tasks_ended", scan_tasks.c.status, scan_tasks.c.completed_at, scan_tasks.c.id)

# Conditions of partial indexes. SQLite uses such an index only for a query with the same words, so queries take these.
VISIBLE: Final = text("deleted_at IS NULL")
DELETED: Final = text("deleted_at IS NOT NULL")
UNFINISHED_VISIBLE: Final = text("status IN ('cancelling', 'pending', 'running') AND deleted_at IS NULL")
# No index has these: written out, so that a plan that is made for any values knows how few they are.
ACTIVE_ONLY: Final = text("status IN ('cancelling', 'running')")
UNFINISHED_ONLY: Final = text("status IN ('cancelling', 'pending', 'running')")
OBSERVED: Final = text("type IN ('task_retrying', 'task_warning')")  # few of a log, and looked for by type


def _partial(name: str, condition: TextClause, *columns: Column[Any]) -> None:
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


_partial("ix_scan_tasks_deleted", DELETED, scan_tasks.c.deleted_at)
HELD: Final = text("held_at IS NOT NULL")
_partial("ix_scan_tasks_held", HELD, scan_tasks.c.user_id, scan_tasks.c.target_domain)
CAPTURED: Final = text("capture_bytes > 0")
_partial("ix_scan_tasks_captured", CAPTURED, scan_tasks.c.user_id, scan_tasks.c.capture_bytes)
_partial("ix_scan_tasks_unfinished", UNFINISHED_VISIBLE, scan_tasks.c.user_id, scan_tasks.c.status)
# Whether a scan is the newest that its owner has of the target.
COMPLETED_VISIBLE: Final = text("status = 'completed' AND deleted_at IS NULL")
_partial(
    "ix_scan_tasks_newest",
    COMPLETED_VISIBLE,
    *(scan_tasks.c[name] for name in ("user_id", "target_domain", "completed_at", "id")),
)
# A list in each order, for an administrator and for an owner, with all that it is filtered by: a page and its total are
# read from the index alone, and the rows of the page afterwards. With `deleted_at`, though it is null in all of it:
# SQLite would look that up.
LIST_ORDERS: Final = MappingProxyType(
    {
        "created_at": ("created_at", "id", "status", "target_domain", "deleted_at"),
        "target_domain": ("target_domain", "id", "status", "deleted_at"),
        "completed_at": ("completed_at", "id", "status", "target_domain", "deleted_at"),
        "status": ("status", "created_at", "id", "target_domain", "deleted_at"),
    }
)
for _order, _names in LIST_ORDERS.items():
    _columns = [scan_tasks.c[name] for name in _names]
    _partial(f"ix_scan_tasks_list_{_order}", VISIBLE, *_columns)
    _partial(f"ix_scan_tasks_owner_{_order}", VISIBLE, scan_tasks.c.user_id, *_columns)

# Of a task's row what belongs to its newest run: all that a retry by a user begins anew, and where the logs stand.
RUN_COLUMNS: Final = (
    "run",
    "attempt",
    "status",
    "progress",
    "stage_key",
    "stages",
    "statistics",
    "violation_counts",
    "finding_counts",
    "log_counts",
    "warnings",
    "error",
    "verdict",
    "last_seq",
    "last_log_seq",
    "running_s",
    "cancel_by",
    "cancel_reason",
    "queued_at",
    "started_at",
    "completed_at",
)
# One row a run that has ended: the task's row as the run left it, written when it ended and never changed but for
# the last two columns. The run that has not ended stands in `scan_tasks` alone.
scan_runs = Table(
    "scan_runs",
    metadata,
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    *(
        Column(name, scan_tasks.c[name].type, nullable=scan_tasks.c[name].nullable, primary_key=name == "run")
        for name in RUN_COLUMNS
    ),
    Column("conclusive", Boolean, nullable=False),  # it may stand for the site (`domain.verdict.is_conclusive`)
    Column("capture_bytes", BigInteger, nullable=False),  # its own part of the task's
    Column("results_removed_at", UtcDateTime),  # nobody is shown its results any more; NULL: they are there
    # Its results are not shown any more, but their file or their rows may still be there.
    Column("removal_pending", Boolean, nullable=False, server_default=text("FALSE")),
)
Index("ix_scan_runs_completed", scan_runs.c.completed_at, scan_runs.c.task_id, scan_runs.c.run)

task_events = Table(
    "task_events",
    metadata,
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("type", String(32), nullable=False),
    Column("event_id", String(36), nullable=False, unique=True),  # made by the producer: a retry adds nothing
    Column("body", Text, nullable=False),  # JSON object of the type's own fields
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
# At most one completion an attempt: the database itself says no to a second.
Index(
    "uq_task_events_one_completion",
    task_events.c.task_id,
    task_events.c.attempt,
    unique=True,
    sqlite_where=text("type = 'task_completed'"),
    postgresql_where=text("type = 'task_completed'"),
)
_partial("ix_task_events_observed", OBSERVED, task_events.c.task_id, task_events.c.type, task_events.c.attempt)

task_logs = Table(
    "task_logs",
    metadata,
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("log_seq", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("level", String(8), nullable=False),
    Column("module", String(64), nullable=False),
    Column("message", Text, nullable=False),  # in the deployment's language, as it was when the line was written
    Column("text_key", String(64)),  # what the message was made of; NULL: it was not
    Column("params", JSON(none_as_null=True)),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

# What somebody is still to be told of: written in the transaction of the event, removed in the one that writes what is
# told (ADR 0075). One row for each thing that has happened, however often it happens before somebody looks.
outbox = Table(
    "outbox",
    metadata,
    Column("kind", String(24), primary_key=True),  # one of `events.outbox.Kind`
    Column("subject_id", String(36), primary_key=True),  # of the task, or of the site
    Column("number", Integer, primary_key=True, autoincrement=False),  # of the attempt; tells occurrences apart
    Column("version", Integer, nullable=False),  # 1, and one more each time that it happens again
    Column("detail", JSON(none_as_null=True)),  # what cannot be read elsewhere; NULL: all can
    Column("due_at", UtcDateTime, nullable=False),  # nobody looks at it before
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_outbox_due", outbox.c.due_at)
