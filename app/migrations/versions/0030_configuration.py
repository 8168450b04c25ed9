"""Administrators may change settings while the service runs: every version of what they stored."""

import sqlalchemy as sa
from alembic import op

from app.models.base import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "configuration_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("user_id", sa.String(36)),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("stored", sa.JSON(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("restored_from", sa.Integer()),
        sa.PrimaryKeyConstraint("version", name="pk_configuration_versions"),
    )
