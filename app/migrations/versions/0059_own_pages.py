"""What the captured pages of a site showed in its listed scan, so that the next one can look twice (ADR 0085)."""

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    collation = "" if bind.dialect.name == "sqlite" else ' COLLATE "C"'  # as all texts
    bind.exec_driver_sql(f"ALTER TABLE site_inventories ADD COLUMN own TEXT{collation}")
