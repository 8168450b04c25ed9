"""Differences between scans are kept."""

import sqlalchemy as sa
from alembic import op

from app.core.tables import UtcDateTime

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan_differences",
        sa.Column("task_id", sa.String(36), sa.ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column(
            "against_task_id", sa.String(36), sa.ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("against_run", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_scan_differences_against", "scan_differences", ["against_task_id"])
