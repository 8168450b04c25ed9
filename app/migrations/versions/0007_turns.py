"""Users take turns in the queue. What waits already stands in the first round, in its order."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scan_tasks", sa.Column("turn", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_scan_tasks_queue", "scan_tasks")
    op.create_index("ix_scan_tasks_queue", "scan_tasks", ["status", "turn", "queued_at", "id", "deleted_at"])
