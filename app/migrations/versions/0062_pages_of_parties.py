"""The inventory counts the pages that refer to a third party, and names the run that it has of each site.

Sites that are listed already are listed again after the upgrade, one by one: their version is older.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

PRESENT: Final = sa.text("is_present")
_LISTED: Final = ("category", "first_seen_at", "has_service", "page_count")
_INDEXES: Final = {"domain": ("domain", "user_id", *_LISTED), "owner": ("user_id", "domain", *_LISTED)}


def upgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE site_parties ADD COLUMN page_count INTEGER")
    op.get_bind().exec_driver_sql("ALTER TABLE site_inventories ADD COLUMN run INTEGER")
    for name, columns in _INDEXES.items():
        op.drop_index(f"ix_site_parties_{name}", "site_parties")
        op.create_index(
            f"ix_site_parties_{name}", "site_parties", list(columns), sqlite_where=PRESENT, postgresql_where=PRESENT
        )
    op.create_index("ix_site_inventories_runs", "site_inventories", ["user_id", "task_id", "run"])
