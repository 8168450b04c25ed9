"""What a task's captures take on the disk, for the limits of a user and of all."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    size = sa.Column("capture_bytes", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("scan_tasks", size)
    kept = sa.text("capture_bytes > 0")
    columns = ["user_id", "capture_bytes"]
    op.create_index("ix_scan_tasks_captured", "scan_tasks", columns, sqlite_where=kept, postgresql_where=kept)
