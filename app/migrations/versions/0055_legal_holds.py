"""Legal holds of scans: since when, by whom and why. And which results of earlier runs are still to be removed, though
they are not shown any more.
"""

from typing import Final

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

HELD_IS_THERE: Final = "CONSTRAINT ck_scan_tasks_held CHECK (held_at IS NULL OR deleted_at IS NULL)"
STATEMENTS: Final = (
    "ALTER TABLE scan_tasks ADD COLUMN held_at {time}",
    "ALTER TABLE scan_tasks ADD COLUMN held_by VARCHAR(64){collation}",
    "ALTER TABLE scan_tasks ADD COLUMN hold_reason VARCHAR(500){collation} {check}",
    "CREATE INDEX ix_scan_tasks_held ON scan_tasks (user_id, target_domain) WHERE held_at IS NOT NULL",
    "ALTER TABLE scan_runs ADD COLUMN removal_pending BOOLEAN DEFAULT FALSE NOT NULL",
)


def upgrade() -> None:
    bind = op.get_bind()
    is_sqlite = bind.dialect.name == "sqlite"
    values = {
        "time": "DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE",
        "collation": "" if is_sqlite else ' COLLATE "C"',  # texts are compared by their bytes, as in SQLite
        "check": HELD_IS_THERE,
    }
    for statement in STATEMENTS:
        bind.exec_driver_sql(statement.format(**values))
