"""What stands for each site, and what is open of it, is written down; the program fills it in at its next start."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

COUNTED = ("total", "critical", "high", "medium", "low", "needs_review")
IN_REVIEW = sa.text("review_at IS NOT NULL")


def counts() -> "list[sa.Column[int]]":
    return [sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in COUNTED]


def upgrade() -> None:
    moment: sa.types.TypeEngine[datetime] = sa.DateTime(timezone=True)
    op.create_table(
        "sites",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("target_domain", sa.String(253), nullable=False),
        sa.Column("task_id", sa.String(36), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(16), nullable=True),
        sa.Column("verdict", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("completed_at", moment, nullable=True),
        sa.Column("shown_task_id", sa.String(36), nullable=True),
        sa.Column("shown_attempt", sa.Integer(), nullable=True),
        *counts(),
        sa.Column("urgency", sa.String(64), nullable=True),
        sa.Column("review_task_id", sa.String(36), nullable=True),
        sa.Column("review_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("user_id", "target_domain", name="pk_sites"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sites_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_sites_worst", "sites", ["urgency"])
    op.create_index("ix_sites_owner_worst", "sites", ["user_id", "urgency"])
    for name, first in (("review", []), ("owner_review", ["user_id"])):
        columns = [*first, "review_at", "review_task_id"]
        op.create_index(f"ix_sites_{name}", "sites", columns, sqlite_where=IN_REVIEW, postgresql_where=IN_REVIEW)
    op.create_table(
        "site_changes",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("target_domain", sa.String(253), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sites", sa.Integer(), nullable=False, server_default="0"),
        *counts(),
        sa.PrimaryKeyConstraint("user_id", "target_domain", "day", name="pk_site_changes"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_site_changes_user_id", ondelete="CASCADE"),
    )
    op.create_table(
        "open_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("sites", sa.Integer(), nullable=False, server_default="0"),
        *counts(),
        sa.PrimaryKeyConstraint("day", "user_id", name="pk_open_counts"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_open_counts_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_open_counts_owner", "open_counts", ["user_id", "day"])
