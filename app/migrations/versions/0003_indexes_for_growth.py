"""Indexes for tables that have grown: lists, the queue, retention, and what is looked for by type."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VISIBLE = "deleted_at IS NULL"
LISTS = {
    "created_at": ["created_at", "id", "status", "target_domain"],
    "target_domain": ["target_domain", "id", "status"],
    "completed_at": ["completed_at", "id", "status", "target_domain"],
    "status": ["status", "created_at", "id", "target_domain"],
}


def upgrade() -> None:
    op.create_index("ix_scan_tasks_ended", "scan_tasks", ["status", "completed_at", "id"])
    _create_partial("ix_scan_tasks_deleted", "scan_tasks", ["deleted_at"], "deleted_at IS NOT NULL")
    _create_partial("ix_scan_tasks_waiting", "scan_tasks", ["queued_at", "id"], f"status = 'pending' AND {VISIBLE}")
    unfinished = f"status IN ('cancelling', 'pending', 'running') AND {VISIBLE}"
    _create_partial("ix_scan_tasks_unfinished", "scan_tasks", ["user_id", "status"], unfinished)
    for order, columns in LISTS.items():
        _create_partial(f"ix_scan_tasks_list_{order}", "scan_tasks", columns, VISIBLE)
        _create_partial(f"ix_scan_tasks_owner_{order}", "scan_tasks", ["user_id", *columns], VISIBLE)
    observed = "type IN ('task_retrying', 'task_warning')"
    _create_partial("ix_task_events_observed", "task_events", ["task_id", "type", "attempt"], observed)
    _create_others()


def _create_others() -> None:
    order = ["task_id", "run", "created_at", "id"]
    filters = ["dismissed", "violation_key", "risk_level", "needs_review", "domain"]
    op.create_index("ix_violations_list", "violations", order + filters)
    op.create_index("ix_audit_log_action", "audit_log", ["action", "id"])
    op.create_index("ix_users_created_at", "users", ["created_at", "id"])
    _create_partial("ix_users_admins", "users", ["id"], "role = 'admin' AND is_active")


def _create_partial(name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))
