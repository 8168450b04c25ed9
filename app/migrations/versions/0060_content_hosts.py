"""The hosts of a domain that a finding accuses; NULL: the domain as a whole, or written by an older version."""

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE findings ADD COLUMN content_hosts JSON")
