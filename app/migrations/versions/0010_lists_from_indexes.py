"""The indexes of lists have all that lists ask for: a page and its total are read without the rows."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LISTS = {
    "created_at": ["created_at", "id", "status", "target_domain", "deleted_at"],
    "target_domain": ["target_domain", "id", "status", "deleted_at"],
    "completed_at": ["completed_at", "id", "status", "target_domain", "deleted_at"],
    "status": ["status", "created_at", "id", "target_domain", "deleted_at"],
}


def upgrade() -> None:
    visible = sa.text("deleted_at IS NULL")
    for order, columns in LISTS.items():
        for name, first in (("list", []), ("owner", ["user_id"])):
            index = f"ix_scan_tasks_{name}_{order}"
            op.drop_index(index, "scan_tasks")
            op.create_index(index, "scan_tasks", first + columns, sqlite_where=visible, postgresql_where=visible)
