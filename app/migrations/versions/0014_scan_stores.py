"""What scans collect, where many machines share a database. With SQLite each run has a file of its own instead.

Names are compared byte by byte (`COLLATE "C"`), as SQLite does. Addresses may be longer than a row of an index: indexes
have a hash of them, and who looks compares both. No foreign keys: a row belongs to its store as it would to its file,
and checking each costs more than the row.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# `attempt`: the last one that has written; what is lower is shut out.
TABLES = """
CREATE TABLE scan_stores (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, task_id VARCHAR(36) NOT NULL, run INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, CONSTRAINT uq_scan_stores_run UNIQUE (task_id, run)
);
CREATE TABLE scan_hosts (
    store BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, sources TEXT NOT NULL, addresses TEXT NOT NULL,
    cnames TEXT NOT NULL, http_alive BOOLEAN NOT NULL, https_alive BOOLEAN NOT NULL, wildcard BOOLEAN NOT NULL,
    PRIMARY KEY (store, name)
);
CREATE TABLE scan_frontier (
    store BIGINT NOT NULL, id BIGINT NOT NULL, url TEXT NOT NULL, key TEXT NOT NULL, host TEXT COLLATE "C" NOT NULL,
    depth INTEGER NOT NULL, shape TEXT NOT NULL, hops INTEGER NOT NULL, state TEXT NOT NULL, seen TEXT,
    found_on BIGINT NOT NULL, links BYTEA, PRIMARY KEY (store, id)
) WITH (fillfactor = 80);
CREATE TABLE scan_pages (
    store BIGINT NOT NULL, id BIGINT NOT NULL, url TEXT COLLATE "C" NOT NULL, depth INTEGER NOT NULL,
    status INTEGER NOT NULL, content_type TEXT NOT NULL, charset TEXT NOT NULL, title TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL, parsed BOOLEAN NOT NULL, error TEXT, duration_ms INTEGER NOT NULL,
    truncated BOOLEAN NOT NULL, PRIMARY KEY (store, id)
);
CREATE INDEX scan_pages_url ON scan_pages (store, hashtextextended(url, 0));
CREATE INDEX scan_pages_parsed ON scan_pages (store) WHERE parsed;
CREATE TABLE scan_hops (
    store BIGINT NOT NULL, id BIGINT NOT NULL, identity BYTEA NOT NULL, url TEXT COLLATE "C" NOT NULL,
    status INTEGER NOT NULL, address TEXT NOT NULL, kind TEXT NOT NULL, location TEXT COLLATE "C" NOT NULL,
    found_on BIGINT NOT NULL, PRIMARY KEY (store, id), CONSTRAINT uq_scan_hops_identity UNIQUE (store, identity)
);
CREATE INDEX scan_hops_url ON scan_hops (store, hashtextextended(url, 0));
CREATE INDEX scan_hops_location ON scan_hops (store, hashtextextended(location, 0));
CREATE TABLE scan_refs (
    store BIGINT NOT NULL, id BIGINT NOT NULL, identity BYTEA NOT NULL, host TEXT COLLATE "C" NOT NULL,
    page_url TEXT COLLATE "C" NOT NULL, url TEXT NOT NULL, raw TEXT NOT NULL, relation TEXT NOT NULL,
    kind TEXT NOT NULL, dom_path TEXT NOT NULL, snippet TEXT NOT NULL, text TEXT NOT NULL, hidden TEXT,
    rel TEXT NOT NULL, repeats INTEGER NOT NULL,
    PRIMARY KEY (store, id), CONSTRAINT uq_scan_refs_identity UNIQUE (store, identity)
);
CREATE INDEX scan_refs_host ON scan_refs (store, host, id);
CREATE INDEX scan_refs_page ON scan_refs (store, hashtextextended(page_url, 0));
CREATE TABLE scan_third_parties (
    store BIGINT NOT NULL, domain TEXT COLLATE "C" NOT NULL, hosts TEXT COLLATE "C" NOT NULL, category TEXT NOT NULL,
    reference_count INTEGER NOT NULL, relation TEXT NOT NULL, hidden INTEGER NOT NULL, example_page TEXT NOT NULL,
    PRIMARY KEY (store, domain)
);
CREATE TABLE scan_captures (
    store BIGINT NOT NULL, identity BYTEA NOT NULL, host TEXT COLLATE "C" NOT NULL, url TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL, html_sha256 TEXT NOT NULL, text_sha256 TEXT NOT NULL,
    screenshot_sha256 TEXT NOT NULL, source_sha256 TEXT NOT NULL, page_class TEXT NOT NULL, dead BOOLEAN NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (store, identity)
);
CREATE INDEX scan_captures_seen ON scan_captures (store, domain, page_class, dead);
CREATE INDEX scan_captures_host ON scan_captures (store, host);
CREATE TABLE scan_checkpoints (
    store BIGINT NOT NULL, key TEXT COLLATE "C" NOT NULL, value TEXT NOT NULL, PRIMARY KEY (store, key)
);
"""
# What a capture names is asked for over all stores (retention) and within one (evidence).
HASHES = ("html", "text", "screenshot", "source")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    for name in HASHES:
        connection.exec_driver_sql(
            f"CREATE INDEX scan_captures_{name} ON scan_captures ({name}_sha256, store) WHERE {name}_sha256 <> ''"
        )
