"""Legal holds of scans: since when, by whom and why."""

from typing import Final

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    "ALTER TABLE scan_tasks ADD COLUMN held_at {time}",
    "ALTER TABLE scan_tasks ADD COLUMN held_by VARCHAR(64){collation}",
    "ALTER TABLE scan_tasks ADD COLUMN hold_reason VARCHAR(500){collation}",
    "CREATE INDEX ix_scan_tasks_held ON scan_tasks (user_id, target_domain) WHERE held_at IS NOT NULL",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    collation = "" if is_sqlite else ' COLLATE "C"'  # texts are compared by their bytes, as in SQLite
    for statement in STATEMENTS:
        time = "DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE"
        op.get_bind().exec_driver_sql(statement.format(collation=collation, time=time))
