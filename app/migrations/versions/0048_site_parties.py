"""The third parties of every site are listed."""

import sqlalchemy as sa
from alembic import op

from app.core.tables import UtcDateTime

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

PRESENT = sa.text("is_present")


def upgrade() -> None:
    op.create_table(
        "site_parties",
        *(sa.Column(name, sa.String(width), primary_key=True) for name, width in _KEY),
        sa.Column("is_present", sa.Boolean, nullable=False),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("relation", sa.String(16), nullable=False),
        sa.Column("reference_count", sa.Integer, nullable=False),
        sa.Column("hidden", sa.Integer, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("script", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("registrar", sa.Text, nullable=False),
        sa.Column("registered_on", sa.String(10), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("first_seen_at", UtcDateTime, nullable=False),
        sa.Column("last_seen_at", UtcDateTime, nullable=False),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
    )
    for name, columns in _INDEXES:
        op.create_index(
            f"ix_site_parties_{name}", "site_parties", columns, sqlite_where=PRESENT, postgresql_where=PRESENT
        )
    op.create_index("ix_site_parties_ever", "site_parties", ["domain", "user_id", "target_domain"])
    op.create_table(
        "site_inventories",
        *(sa.Column(name, sa.String(width), primary_key=True) for name, width in _KEY[:2]),
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("completed_at", UtcDateTime, nullable=False),
    )


_KEY = (("user_id", 36), ("target_domain", 253), ("domain", 253))
_INDEXES = (
    ("domain", ["domain", "user_id", "category", "first_seen_at"]),
    ("owner", ["user_id", "domain", "category", "first_seen_at"]),
)
