"""What is remembered of a third party of a site, so that it is known when it comes back (ADR 0084)."""

from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    collation = "" if bind.dialect.name == "sqlite" else ' COLLATE "C"'  # as all texts
    bind.exec_driver_sql(f"ALTER TABLE site_parties ADD COLUMN memory TEXT{collation}")
