"""Lists of hosts and URLs that a deployment names: their versions, how updates went, and files for all machines."""

import sqlalchemy as sa
from alembic import op

from app.models.base import UtcDateTime

revision = "0031"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_versions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("list_key", sa.String(32), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("source", sa.String(500), nullable=False),
        sa.Column("layout", sa.String(16), nullable=False),
        sa.Column("list_date", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("refused", sa.JSON(), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.String(500), nullable=False),
        sa.Column("last_modified", sa.String(100), nullable=False),
        sa.Column("judged_by", sa.String(64), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=False),
        sa.Column("superseded_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_list_versions"),
    )
    op.create_index("ix_list_versions_list_key_superseded_at", "list_versions", ["list_key", "superseded_at"])
    op.create_table(
        "list_states",
        sa.Column("list_key", sa.String(32), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("fault", sa.String(32)),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("failing_since", UtcDateTime()),
        sa.Column("took_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("list_key", name="pk_list_states"),
    )
    op.create_table(
        "list_parts",
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file_sha256", "number", name="pk_list_parts"),
    )
