"""Pages that wait to be drawn by a browser worker, and what came of them, where many machines share a database.

A row lives from when a scan asks until it has taken the answer. `holder` draws it, until `held_until` by the database's
clock; `outcome` is written once.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE scan_drawings (
    id TEXT COLLATE "C" PRIMARY KEY, store BIGINT NOT NULL, attempt INTEGER NOT NULL, url TEXT NOT NULL,
    host TEXT COLLATE "C" NOT NULL, needs_document BOOLEAN NOT NULL, timeout_s REAL NOT NULL,
    queued_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), tries INTEGER NOT NULL DEFAULT 0,
    holder TEXT COLLATE "C", held_until TIMESTAMPTZ, outcome TEXT, reason TEXT NOT NULL DEFAULT '',
    final_url TEXT NOT NULL DEFAULT '', title TEXT NOT NULL DEFAULT '', screenshot BYTEA, document BYTEA
)
"""
INDEXES = (
    "CREATE INDEX scan_drawings_store ON scan_drawings (store)",
    "CREATE INDEX scan_drawings_open ON scan_drawings (host) WHERE outcome IS NULL",
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for statement in (TABLE, *INDEXES):
        connection.exec_driver_sql(statement)
