"""Until when a finding stays dismissed, and when it was opened again (ADR 0083)."""

from typing import Final

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    "ALTER TABLE decisions ADD COLUMN expires_on DATE",
    "ALTER TABLE decisions ADD COLUMN expired_at {time}",
    "CREATE INDEX ix_decisions_expiry ON decisions (expires_on) WHERE expires_on IS NOT NULL AND expired_at IS NULL",
)


def upgrade() -> None:
    bind = op.get_bind()
    time = "DATETIME" if bind.dialect.name == "sqlite" else "TIMESTAMP WITH TIME ZONE"
    for statement in STATEMENTS:
        bind.exec_driver_sql(statement.format(time=time))
