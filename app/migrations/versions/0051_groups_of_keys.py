"""API keys that are for one group of sites."""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    order = "" if op.get_bind().dialect.name == "sqlite" else ' COLLATE "C"'  # as SQLite (`app.migrations.collation`)
    op.get_bind().exec_driver_sql(f"ALTER TABLE api_keys ADD COLUMN group_name VARCHAR(100){order}")
