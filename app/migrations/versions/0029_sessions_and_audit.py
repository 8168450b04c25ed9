"""What users want to know of their sessions, and the ways to rows of the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("address", sa.String(45)))
    op.add_column("sessions", sa.Column("agent", sa.String(200)))
    op.create_index("ix_audit_log_time", "audit_log", ["at", "id"])
    op.create_index("ix_audit_log_user", "audit_log", ["user_id", "at", "id"])
    op.create_index("ix_audit_log_kind", "audit_log", ["action", "at", "id"])
    op.drop_index("ix_audit_log_at", "audit_log")
