"""An administrator can take a list that has become much shorter."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("list_states", sa.Column("taken_entries", sa.Integer()))
