"""How often a third party of a site came back after it was absent: it comes and goes (ADR 0081)."""

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql("ALTER TABLE site_parties ADD COLUMN returns INTEGER DEFAULT '0' NOT NULL")
