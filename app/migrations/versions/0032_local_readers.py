"""Versions of the local reader, which the deployment learns from what its people decided."""

import sqlalchemy as sa
from alembic import op

from app.models.base import UtcDateTime

revision = "0032"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "local_readers",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("reported_at", UtcDateTime()),
        sa.Column("enabled_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("version", name="pk_local_readers"),
    )
