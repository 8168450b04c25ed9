"""The first tables: users and sessions, tasks with their events and log lines, violations, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)  # UTC; SQLite keeps no zone


def upgrade() -> None:
    _create_users()
    _create_sessions()
    _create_scan_tasks()
    _create_task_events()
    _create_task_logs()
    _create_violations()
    _create_audit_log()


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_login_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index("uq_users_username", "users", [sa.text("lower(username)")], unique=True)
    op.create_index("uq_users_email", "users", [sa.text("lower(email)")], unique=True)


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("refresh_jti", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)


def _create_scan_tasks() -> None:
    op.create_table(
        "scan_tasks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("target_domain", sa.String(length=253), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("stage_key", sa.String(length=32)),
        sa.Column("stages", sa.JSON(), nullable=False),
        sa.Column("statistics", sa.JSON(), nullable=False),
        sa.Column("violation_counts", sa.JSON(), nullable=False),
        sa.Column("log_counts", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("error", sa.JSON()),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("min_seq", sa.Integer(), nullable=False),
        sa.Column("last_log_seq", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.String(length=64)),
        sa.Column("worker_state", sa.String(length=16)),
        sa.Column("heartbeat", sa.Integer(), nullable=False),
        sa.Column("heartbeat_at", MOMENT),
        sa.Column("requeues", sa.Integer(), nullable=False),
        sa.Column("running_s", sa.Float(), nullable=False),
        sa.Column("cancel_by", sa.String(length=64)),
        sa.Column("cancel_reason", sa.String(length=500)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("completed_at", MOMENT),
        sa.Column("deleted_at", MOMENT),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_scan_tasks_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_tasks")),
    )
    op.create_index("ix_scan_tasks_owner", "scan_tasks", ["user_id", "created_at"], unique=False)
    op.create_index("ix_scan_tasks_status", "scan_tasks", ["status", "queued_at"], unique=False)


def _create_task_events() -> None:
    op.create_table(
        "task_events",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"], ["scan_tasks.id"], name=op.f("fk_task_events_task_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("task_id", "seq", name=op.f("pk_task_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_task_events_event_id")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_task_events_one_completion",
        "task_events",
        ["task_id", "attempt"],
        unique=True,
        sqlite_where=sa.text("type = 'task_completed'"),
        postgresql_where=sa.text("type = 'task_completed'"),
    )


def _create_task_logs() -> None:
    op.create_table(
        "task_logs",
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("module", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["scan_tasks.id"], name=op.f("fk_task_logs_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "log_seq", name=op.f("pk_task_logs")),
        sqlite_with_rowid=False,
    )


def _create_violations() -> None:
    op.create_table(
        "violations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("violation_key", sa.String(length=32), nullable=False),
        sa.Column("risk_level", sa.String(length=16), nullable=False),
        sa.Column("confidence_score", sa.Float(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("found_on", sa.Text(), nullable=False),
        sa.Column("dismissed", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["scan_tasks.id"], name=op.f("fk_violations_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_violations")),
        sa.UniqueConstraint(
            "task_id", "run", "domain", "violation_key", name=op.f("uq_violations_task_id_run_domain_violation_key")
        ),
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.String(length=48), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=36)),
        sa.Column("address", sa.String(length=45)),
        sa.Column("object_id", sa.String(length=64)),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"], unique=False)
