"""Which request ordered a scan: what is done for it elsewhere belongs to the same trace.

Rows from before have none: their scans begin a trace of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scan_tasks", sa.Column("trace", sa.String(55), nullable=True))
