"""How often something in a feed was marked as read: all connections of its user are told (ADR 0079)."""

from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(
        "ALTER TABLE notification_feeds ADD COLUMN read_revision INTEGER DEFAULT '0' NOT NULL"
    )
