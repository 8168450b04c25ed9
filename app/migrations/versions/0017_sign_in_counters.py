"""Counters of sign-ins, where several servers share a database: each counts what all have seen."""

import sqlalchemy as sa
from alembic import op

from app.models.base import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_counters",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sign_in_counters"),
    )
    op.create_index("ix_sign_in_counters_ends_at", "sign_in_counters", ["ends_at"])
