"""Who takes care of a finding, and until when (ADR 0042)."""

from typing import Final

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    """CREATE TABLE assignments (
    user_id VARCHAR(36){collation} NOT NULL, target_domain VARCHAR(253){collation} NOT NULL, domain
    VARCHAR(253){collation} NOT NULL, cause VARCHAR(32){collation} NOT NULL, assignee_id VARCHAR(36){collation},
    assignee_name VARCHAR(64){collation}, due_on DATE NOT NULL, comment VARCHAR(500){collation}, changed_by_name
    VARCHAR(64){collation}, changed_at {moment} NOT NULL, version INTEGER NOT NULL, CONSTRAINT pk_assignments
    PRIMARY KEY (user_id, target_domain, domain, cause), CONSTRAINT fk_assignments_user_id FOREIGN KEY(user_id)
    REFERENCES users (id) ON DELETE CASCADE, CONSTRAINT fk_assignments_assignee_id FOREIGN KEY(assignee_id)
    REFERENCES users (id) ON DELETE SET NULL
    )""",
    "CREATE INDEX ix_assignments_assignee ON assignments (assignee_id, due_on, user_id, target_domain, domain, cause)",
    "CREATE INDEX ix_assignments_due ON assignments (due_on, user_id, target_domain, domain, cause)",
    "CREATE INDEX ix_assignments_owner ON assignments (user_id, due_on, target_domain, domain, cause)",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    moment = "DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE"
    collation = "" if is_sqlite else ' COLLATE "C"'  # texts are compared by their bytes, as in SQLite
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement.format(moment=moment, collation=collation))
