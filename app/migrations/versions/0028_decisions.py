"""What people have decided about findings, and the ways to what waits for them."""

import sqlalchemy as sa
from alembic import op

from app.models.base import UtcDateTime

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("target_domain", sa.String(253), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500)),
        sa.Column("decided_by", sa.String(36), nullable=False),
        sa.Column("decided_by_name", sa.String(64), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "target_domain", "domain", "cause", name="pk_decisions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_decisions_user_id", ondelete="CASCADE"),
    )
    completed = sa.text("status = 'completed' AND deleted_at IS NULL")
    op.create_index(
        "ix_scan_tasks_newest",
        "scan_tasks",
        ["user_id", "target_domain", "completed_at", "id"],
        sqlite_where=completed,
        postgresql_where=completed,
    )
    waiting = sa.text("needs_review AND NOT dismissed")
    op.create_index(
        "ix_violations_review",
        "violations",
        ["task_id", "run", "confidence_score", "id", "domain"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
