"""The epoch of the event log, by which clients notice that an older database was put back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FIRST_EPOCH = "0"


def upgrade() -> None:
    log = op.create_table(
        "event_log",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=64), nullable=False),
        sa.Column("commits", sa.BigInteger(), nullable=False),
        sa.Column("folder_id", sa.String(length=64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_log")),
    )
    op.bulk_insert(log, [{"id": 1, "epoch": FIRST_EPOCH, "commits": 0, "folder_id": None}])
