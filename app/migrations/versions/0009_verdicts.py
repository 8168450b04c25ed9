"""What a complete scan claims. Tasks that were completed before have none: nobody counted what they had not seen."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("scan_tasks", sa.Column("verdict", sa.JSON(), nullable=True))
