"""Administrators may have tasks go before others: all of a user, or one."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("scan_priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("scan_tasks", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_scan_tasks_ranks", "scan_tasks", ["status", "rank", "turn", "queued_at", "id", "deleted_at"])
    op.drop_index("ix_scan_tasks_queue", "scan_tasks")
