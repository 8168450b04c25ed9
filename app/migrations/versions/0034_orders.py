"""Orders: scans of many domains that were asked for at once."""

import sqlalchemy as sa
from alembic import op

from app.models.base import UtcDateTime

revision = "0034"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan_orders",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(200)),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scan_orders"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_scan_orders_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_scan_orders_time", "scan_orders", ["created_at", "id"])
    op.create_index("ix_scan_orders_owner", "scan_orders", ["user_id", "created_at", "id"])
    op.create_table(
        "order_tasks",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "position", name="pk_order_tasks"),
        sa.ForeignKeyConstraint(["order_id"], ["scan_orders.id"], name="fk_order_tasks_order_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["task_id"], ["scan_tasks.id"], name="fk_order_tasks_task_id", ondelete="CASCADE"),
    )
    op.create_index("ix_order_tasks_task", "order_tasks", ["task_id"], unique=True)
