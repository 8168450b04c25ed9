"""A connection that an administrator closes from another server is told so, and not that it was one too many."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "open_connections", sa.Column("is_closed_by_admin", sa.Boolean(), nullable=False, server_default=sa.false())
    )
