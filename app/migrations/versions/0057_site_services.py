"""The services of third parties, and the changes of third parties, are listed for every site.

Sites that are listed already are listed again after the upgrade: `version` is 0.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.core.tables import UtcDateTime

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

PRESENT: Final = sa.text("is_present")
_COLUMNS: Final = (
    "ALTER TABLE site_parties ADD COLUMN has_service BOOLEAN DEFAULT FALSE NOT NULL",
    "ALTER TABLE site_inventories ADD COLUMN version INTEGER DEFAULT 0 NOT NULL",
)
_SITE: Final = (("user_id", 36), ("target_domain", 253))
_LISTED: Final = ("category", "first_seen_at", "has_service")
_OF_SERVICES: Final = ("domain", "target_domain", "category", "first_seen_at", "last_seen_at")
_INDEXES: Final = (
    ("site_parties", "domain", ("domain", "user_id", *_LISTED)),
    ("site_parties", "owner", ("user_id", "domain", *_LISTED)),
    ("site_services", "service", ("service", "user_id", *_OF_SERVICES)),
    ("site_services", "owner", ("user_id", "service", *_OF_SERVICES)),
    ("site_services", "domain", ("domain", "user_id", "service", "category")),
)


def upgrade() -> None:
    for statement in _COLUMNS:
        op.get_bind().exec_driver_sql(statement)
    op.create_table(
        "site_services",
        *(_key(name, width) for name, width in (*_SITE, ("domain", 253), ("service", 128))),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("is_present", sa.Boolean, nullable=False),
        sa.Column("first_seen_at", UtcDateTime, nullable=False),
        sa.Column("last_seen_at", UtcDateTime, nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
    )
    op.create_table(
        "party_changes",
        *(_key(name, width) for name, width in (*_SITE, ("task_id", 36))),
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("section", sa.String(16), nullable=False),
        sa.Column("aspect", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "before", "after", "url")),
    )
    for name in ("domain", "owner"):
        op.drop_index(f"ix_site_parties_{name}", "site_parties")
    for table, name, columns in _INDEXES:
        op.create_index(f"ix_{table}_{name}", table, list(columns), sqlite_where=PRESENT, postgresql_where=PRESENT)
    op.create_index("ix_party_changes_domain", "party_changes", ["domain", "at"])
    op.create_index("ix_party_changes_owner", "party_changes", ["user_id", "domain", "at"])


def _key(name: str, width: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(width), primary_key=True)
