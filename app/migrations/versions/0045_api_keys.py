"""API keys and read-only links to scans."""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE api_keys (
    id {id} NOT NULL, user_id {id} NOT NULL, name {name} NOT NULL, digest {digest} NOT NULL,
    prefix {prefix} NOT NULL, scopes {digest} NOT NULL, created_at {moment} NOT NULL, expires_at {moment} NOT NULL,
    revoked_at {moment}, last_used_at {moment}, networks JSON NOT NULL,
    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT fk_api_keys_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT uq_api_keys_digest UNIQUE (digest)
);
CREATE INDEX ix_api_keys_expires_at ON api_keys (expires_at);
CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);
CREATE TABLE scan_links (
    id {id} NOT NULL, task_id {id} NOT NULL, user_id {id} NOT NULL, digest {digest} NOT NULL,
    prefix {prefix} NOT NULL, created_at {moment} NOT NULL, expires_at {moment} NOT NULL,
    revoked_at {moment}, last_used_at {moment}, requests INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_scan_links PRIMARY KEY (id),
    CONSTRAINT fk_scan_links_task_id FOREIGN KEY(task_id) REFERENCES scan_tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_scan_links_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT uq_scan_links_digest UNIQUE (digest)
);
CREATE INDEX ix_scan_links_expires_at ON scan_links (expires_at);
CREATE INDEX ix_scan_links_task_id ON scan_links (task_id);
CREATE INDEX ix_scan_links_user_id ON scan_links (user_id);
ALTER TABLE tickets ADD COLUMN key_id {id};
"""
TEXTS = {"id": 36, "name": 100, "digest": 64, "prefix": 16}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    order = "" if is_sqlite else ' COLLATE "C"'  # as SQLite compares (`app.migrations.collation`)
    types = {name: f"VARCHAR({length}){order}" for name, length in TEXTS.items()}
    types["moment"] = "DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE"
    for statement in TABLES.format_map(types).split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement.strip())
