"""What log lines and descriptions of violations were made of, for readers of other languages.

Rows from before have none: they are read as they were written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("task_logs", "violations"):
        op.add_column(table, sa.Column("text_key", sa.String(64), nullable=True))
        op.add_column(table, sa.Column("params", sa.JSON(none_as_null=True), nullable=True))
