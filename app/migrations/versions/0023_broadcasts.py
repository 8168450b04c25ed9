"""What administrators have said: all servers look it up, and so do those who come later."""

import sqlalchemy as sa
from alembic import op

from app.models.base import UtcDateTime

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("frame", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("user_ids", sa.JSON(none_as_null=True)),
        sa.Column("task_id", sa.String(36)),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_broadcasts"),
    )
    op.create_index("ix_broadcasts_ends_at", "broadcasts", ["ends_at"])
