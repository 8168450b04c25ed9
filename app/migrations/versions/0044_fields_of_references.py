"""References of scans get columns for who redirects and for who loaded something. Before, their snippet said it.

PostgreSQL adds a column with a constant default without rewriting the table, however large. Rows that are there are not
changed: `scanstore.rows.reference_fact`, by which every row is read, converts those of the version before until they
are removed with their scans. Files of SQLite get the columns when a scan goes on with them (`scanstore.schema`).

During an upgrade, processes of the version before show redirects of new scans as the site's own.
"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute(
        "ALTER TABLE scan_refs ADD COLUMN via TEXT NOT NULL DEFAULT '', ADD COLUMN loaded_by TEXT NOT NULL DEFAULT ''"
    )
