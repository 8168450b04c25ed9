"""Pages that browser workers draw can be wanted with all requests that they make, which come back beside the picture.

A worker of the version before does not look at `logs`, and leaves `log` empty: the scan has picture and document then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.add_column("scan_drawings", sa.Column("logs", sa.Boolean(), nullable=False, server_default="false"))
    op.add_column("scan_drawings", sa.Column("log", sa.LargeBinary(), nullable=True))
