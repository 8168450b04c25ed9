"""A decision that confirms a fraud keeps which icon its page had as well."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("icon", sa.String(38)))
    op.drop_index("ix_decisions_looks", "decisions")
    known = sa.text("look IS NOT NULL OR icon IS NOT NULL")
    op.create_index("ix_decisions_looks", "decisions", ["decided_at"], sqlite_where=known, postgresql_where=known)
