"""Orders: scans of many domains that were asked for at once."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table

from app.core.tables import UtcDateTime, metadata

scan_orders = Table(
    "scan_orders",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("title", String(200)),
    Column("config", JSON, nullable=False),  # the options that all its scans have
    Column("size", Integer, nullable=False),  # tasks that were made of it
    Column("created_at", UtcDateTime, nullable=False),
)
# In the order of a list: of all, and of a user.
Index("ix_scan_orders_time", scan_orders.c.created_at, scan_orders.c.id)
Index("ix_scan_orders_owner", scan_orders.c.user_id, scan_orders.c.created_at, scan_orders.c.id)

# Which tasks belong to it, in the order in which their targets were named. A task belongs to one order at most.
order_tasks = Table(
    "order_tasks",
    metadata,
    Column("order_id", String(36), ForeignKey("scan_orders.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), nullable=False),
)
Index("ix_order_tasks_task", order_tasks.c.task_id, unique=True)
