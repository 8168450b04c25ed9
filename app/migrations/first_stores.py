"""What scans collect on PostgreSQL, as revision 0042 made it; with SQLite each run has a file of its own for that.

URLs may be longer than a row of an index: indexes have a hash of them, and queries compare both. No foreign keys: a
row belongs to its store as it would to its file, and checking each costs more than the row. `attempt` of a store is the
last one that has written; what is lower is shut out.

A row of `scan_drawings` is a page that a browser worker renders; it lives from when a scan asks until the scan has
taken the answer. `holder` renders it, until `held_until` by the database's clock; `outcome` is written once.
"""

from typing import Final

STORES: Final = """
CREATE TABLE scan_stores (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, task_id VARCHAR(36) NOT NULL, run INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, CONSTRAINT uq_scan_stores_run UNIQUE (task_id, run)
);
CREATE TABLE scan_hosts (
    store BIGINT NOT NULL, name TEXT NOT NULL, sources TEXT NOT NULL, addresses TEXT NOT NULL,
    cnames TEXT NOT NULL, http_alive BOOLEAN NOT NULL, https_alive BOOLEAN NOT NULL, wildcard BOOLEAN NOT NULL,
    PRIMARY KEY (store, name)
);
CREATE TABLE scan_frontier (
    store BIGINT NOT NULL, id BIGINT NOT NULL, url TEXT NOT NULL, key TEXT NOT NULL, host TEXT NOT NULL,
    depth INTEGER NOT NULL, shape TEXT NOT NULL, hops INTEGER NOT NULL, state TEXT NOT NULL, seen TEXT,
    found_on BIGINT NOT NULL, links BYTEA, PRIMARY KEY (store, id)
) WITH (fillfactor = 80);
CREATE TABLE scan_pages (
    store BIGINT NOT NULL, id BIGINT NOT NULL, url TEXT NOT NULL, depth INTEGER NOT NULL,
    status INTEGER NOT NULL, content_type TEXT NOT NULL, charset TEXT NOT NULL, title TEXT NOT NULL,
    size BIGINT NOT NULL, parsed BOOLEAN NOT NULL, error TEXT, duration_ms INTEGER NOT NULL,
    truncated BOOLEAN NOT NULL, PRIMARY KEY (store, id)
);
CREATE INDEX scan_pages_url ON scan_pages (store, hashtextextended(url, 0));
CREATE INDEX scan_pages_parsed ON scan_pages (store) WHERE parsed;
CREATE TABLE scan_hops (
    store BIGINT NOT NULL, id BIGINT NOT NULL, identity BYTEA NOT NULL, url TEXT NOT NULL,
    status INTEGER NOT NULL, address TEXT NOT NULL, kind TEXT NOT NULL, location TEXT NOT NULL,
    found_on BIGINT NOT NULL, PRIMARY KEY (store, id), CONSTRAINT uq_scan_hops_identity UNIQUE (store, identity)
);
CREATE INDEX scan_hops_url ON scan_hops (store, hashtextextended(url, 0));
CREATE INDEX scan_hops_location ON scan_hops (store, hashtextextended(location, 0));
CREATE TABLE scan_refs (
    store BIGINT NOT NULL, id BIGINT NOT NULL, identity BYTEA NOT NULL, host TEXT NOT NULL,
    page_url TEXT NOT NULL, url TEXT NOT NULL, raw TEXT NOT NULL, relation TEXT NOT NULL,
    kind TEXT NOT NULL, dom_path TEXT NOT NULL, snippet TEXT NOT NULL, text TEXT NOT NULL, hidden TEXT,
    rel TEXT NOT NULL, repeats INTEGER NOT NULL,
    PRIMARY KEY (store, id), CONSTRAINT uq_scan_refs_identity UNIQUE (store, identity)
);
CREATE INDEX scan_refs_host ON scan_refs (store, host, id);
CREATE INDEX scan_refs_page ON scan_refs (store, hashtextextended(page_url, 0));
CREATE TABLE scan_third_parties (
    store BIGINT NOT NULL, domain TEXT NOT NULL, hosts TEXT NOT NULL, category TEXT NOT NULL,
    reference_count INTEGER NOT NULL, relation TEXT NOT NULL, hidden INTEGER NOT NULL, example_page TEXT NOT NULL,
    PRIMARY KEY (store, domain)
);
CREATE TABLE scan_captures (
    store BIGINT NOT NULL, identity BYTEA NOT NULL, host TEXT NOT NULL, url TEXT NOT NULL,
    domain TEXT NOT NULL, html_sha256 TEXT NOT NULL, text_sha256 TEXT NOT NULL,
    screenshot_sha256 TEXT NOT NULL, source_sha256 TEXT NOT NULL, page_class TEXT NOT NULL, dead BOOLEAN NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (store, identity)
);
CREATE INDEX scan_captures_seen ON scan_captures (store, domain, page_class, dead);
CREATE INDEX scan_captures_host ON scan_captures (store, host);
-- What a capture names is asked for over all stores (retention) and within one (evidence).
CREATE INDEX scan_captures_html ON scan_captures (html_sha256, store) WHERE html_sha256 <> '';
CREATE INDEX scan_captures_text ON scan_captures (text_sha256, store) WHERE text_sha256 <> '';
CREATE INDEX scan_captures_screenshot ON scan_captures (screenshot_sha256, store) WHERE screenshot_sha256 <> '';
CREATE INDEX scan_captures_source ON scan_captures (source_sha256, store) WHERE source_sha256 <> '';
CREATE TABLE scan_checkpoints (
    store BIGINT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (store, key)
);
CREATE TABLE scan_drawings (
    id TEXT PRIMARY KEY, store BIGINT NOT NULL, attempt INTEGER NOT NULL, url TEXT NOT NULL, host TEXT NOT NULL,
    needs_document BOOLEAN NOT NULL, timeout_s REAL NOT NULL, queued_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    tries INTEGER NOT NULL DEFAULT 0, holder TEXT, held_until TIMESTAMPTZ, outcome TEXT,
    reason TEXT NOT NULL DEFAULT '', final_url TEXT NOT NULL DEFAULT '', title TEXT NOT NULL DEFAULT '',
    screenshot BYTEA, document BYTEA, logs BOOLEAN NOT NULL DEFAULT false, log BYTEA
);
CREATE INDEX scan_drawings_store ON scan_drawings (store);
CREATE INDEX scan_drawings_open ON scan_drawings (host) WHERE outcome IS NULL;
"""
