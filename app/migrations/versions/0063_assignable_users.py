"""Users who can be assigned any finding are found without a look at all others."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

ASSIGNABLE: Final = sa.text("role IN ('admin', 'reviewer') AND is_active")


def upgrade() -> None:
    op.create_index(
        "ix_users_assignable", "users", ["created_at", "id"], sqlite_where=ASSIGNABLE, postgresql_where=ASSIGNABLE
    )
