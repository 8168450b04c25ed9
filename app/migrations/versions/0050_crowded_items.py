"""What waits for a crowded channel, and an index by which what rules told of a user's scans is found (ADR 0075)."""

from typing import Final

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    """CREATE TABLE crowded_items (
    channel_id VARCHAR(36){collation} NOT NULL, notification_id VARCHAR(36){collation} NOT NULL, content JSON NOT NULL,
    due_at {moment} NOT NULL, CONSTRAINT pk_crowded_items PRIMARY KEY (channel_id, notification_id), CONSTRAINT
    fk_crowded_items_channel_id FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_crowded_items_due ON crowded_items (due_at)",
    "CREATE INDEX ix_told_findings_owner ON told_findings (owner_id)",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    moment = "DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE"
    collation = "" if is_sqlite else ' COLLATE "C"'  # texts are compared by their bytes, as in SQLite
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement.format(moment=moment, collation=collation))
