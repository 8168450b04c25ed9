"""What was judged by a decision, beside the kinds of violations (ADR 0080); NULL: written by an older version."""

from typing import Final

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    "ALTER TABLE decisions ADD COLUMN risk_level VARCHAR(16){collation}",
    "ALTER TABLE decisions ADD COLUMN matched_rules JSON",
    "ALTER TABLE findings ADD COLUMN matched_rules JSON",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    collation = "" if is_sqlite else ' COLLATE "C"'  # texts are compared by their bytes, as in SQLite
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement.format(collation=collation))
