"""Comments on findings. The notes of assignments stay where they are, and are read as the first comment: the version
before writes them until its last process has been restarted.
"""

from typing import Final

from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

STATEMENTS: Final = (
    """CREATE TABLE comments (
    id VARCHAR(36){collation} NOT NULL, user_id VARCHAR(36){collation} NOT NULL, target_domain VARCHAR(253){collation}
    NOT NULL, domain VARCHAR(253){collation} NOT NULL, cause VARCHAR(32){collation} NOT NULL, author_name
    VARCHAR(64){collation}, created_at {moment} NOT NULL, text VARCHAR(500){collation} NOT NULL,
    CONSTRAINT pk_comments PRIMARY KEY (id), CONSTRAINT fk_comments_user_id FOREIGN KEY(user_id)
    REFERENCES users (id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_comments_finding ON comments (user_id, target_domain, domain, cause, created_at, id)",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    moment = "DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE"
    collation = "" if is_sqlite else ' COLLATE "C"'  # texts are compared by their bytes, as in SQLite
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement.format(moment=moment, collation=collation))
