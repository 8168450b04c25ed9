"""A decision that confirms a finding keeps how its page looked."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("look", sa.String(160)))
    known = sa.text("look IS NOT NULL")
    op.create_index("ix_decisions_looks", "decisions", ["decided_at"], sqlite_where=known, postgresql_where=known)
