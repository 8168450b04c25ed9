"""Findings are stored, with their risk; violations name the finding that they are part of."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

UNIQUE = ("task_id", "run", "domain", "violation_key")
FOR_REVIEW = sa.text("needs_review")


def upgrade() -> None:
    moment: sa.types.TypeEngine[datetime] = sa.DateTime(timezone=True)
    for table in ("scan_tasks", "scan_runs"):
        op.add_column(table, sa.Column("finding_counts", sa.JSON(), nullable=False, server_default="{}"))
    op.drop_table("violations")
    op.create_table(
        "violations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("violation_key", sa.String(32), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("confidence_score", sa.Float(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("text_key", sa.String(64), nullable=True),
        sa.Column("params", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("found_on", sa.Text(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_violations"),
        sa.ForeignKeyConstraint(["task_id"], ["scan_tasks.id"], name="fk_violations_task_id", ondelete="CASCADE"),
        sa.UniqueConstraint(*UNIQUE, name=f"uq_violations_{'_'.join(UNIQUE)}"),
    )
    listed = ["task_id", "run", "created_at", "id", "violation_key", "cause", "needs_review", "domain"]
    op.create_index("ix_violations_list", "violations", listed)
    op.create_table(
        "findings",
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("violation_id", sa.String(36), nullable=False),
        sa.Column("risk_level", sa.String(16), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("embedding", sa.String(24), nullable=False),
        sa.Column("place", sa.String(16), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=True),
        sa.Column("hidden_by", sa.String(64), nullable=True),
        sa.Column("via", sa.String(253), nullable=False),
        sa.Column("author", sa.String(16), nullable=False),
        sa.Column("author_sign", sa.String(16), nullable=True),
        sa.Column("page_url", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("confidence_score", sa.Float(), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("found_at", moment, nullable=False),
        sa.Column("last_seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("task_id", "domain", "cause", "run", name="pk_findings"),
        sa.ForeignKeyConstraint(["task_id"], ["scan_tasks.id"], name="fk_findings_task_id", ondelete="CASCADE"),
    )
    worst = [
        "task_id",
        "run",
        sa.text("score DESC"),
        "violation_id",
        "risk_level",
        "state",
        "needs_review",
        "cause",
        "domain",
    ]
    op.create_index("ix_findings_worst", "findings", worst)
    waiting = ["task_id", "run", "confidence_score", "violation_id", "state"]
    op.create_index("ix_findings_review", "findings", waiting, sqlite_where=FOR_REVIEW, postgresql_where=FOR_REVIEW)
