"""One index for the queue: its order is whole, and its length is counted without the rows."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_scan_tasks_waiting", "scan_tasks")
    op.drop_index("ix_scan_tasks_status", "scan_tasks")
    op.create_index("ix_scan_tasks_queue", "scan_tasks", ["status", "queued_at", "id", "deleted_at"])
