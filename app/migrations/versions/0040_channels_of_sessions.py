"""A session knows how its refresh token travels: in bodies, or in a cookie that is bound to the key of a page."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("channel", sa.String(6), nullable=True))
    op.add_column("sessions", sa.Column("page_key", sa.String(64), nullable=True))
