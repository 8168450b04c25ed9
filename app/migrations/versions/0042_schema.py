"""The whole schema of version 0.1.0, in one step. Databases of revisions before it are refused (`runner`).

SQLite and PostgreSQL have the same tables, but for what scans collect: with SQLite each run has a file of its own for
that. On PostgreSQL, events, log lines and audit rows are in partitions by time (ADR 0028), and all texts are compared
by their bytes, as in SQLite (`app.migrations.collation`).
"""

import re
from types import MappingProxyType

from alembic import op

from app.migrations.first_stores import STORES

revision = "0042"
down_revision = None
branch_labels = None
depends_on = None

SQLITE = MappingProxyType(
    {
        "moment": "DATETIME",  # naive UTC
        "bytes": "BLOB",
        "false": "0",
        "serial": "INTEGER",
        "by_task": "WITHOUT ROWID",
        "by_time": "",
        "event_key": "event_id",
        "audit_key": "id",
        "first": "",  # what has not ended comes before what has, by itself
    }
)
POSTGRESQL = MappingProxyType(
    {
        "moment": "TIMESTAMP WITH TIME ZONE",
        "bytes": "BYTEA",
        "false": "false",
        "serial": "SERIAL",
        "by_task": "PARTITION BY RANGE (task_id)",
        "by_time": " PARTITION BY RANGE (at)",
        # A key has what its table is partitioned by.
        "event_key": "event_id, task_id",
        "audit_key": "id, at",
        "first": " NULLS FIRST",
    }
)
TABLES = """
CREATE TABLE audit_log (
    id {serial} NOT NULL, at {moment} NOT NULL, action VARCHAR(48) NOT NULL, outcome VARCHAR(16) NOT NULL,
    user_id VARCHAR(36), address VARCHAR(45), object_id VARCHAR(64), detail JSON NOT NULL,
    CONSTRAINT pk_audit_log PRIMARY KEY ({audit_key})
){by_time};
CREATE INDEX ix_audit_log_action ON audit_log (action, id);
CREATE INDEX ix_audit_log_kind ON audit_log (action, at, id);
CREATE INDEX ix_audit_log_time ON audit_log (at, id);
CREATE INDEX ix_audit_log_user ON audit_log (user_id, at, id);
CREATE TABLE broadcasts (
    id VARCHAR(36) NOT NULL, frame TEXT NOT NULL, size INTEGER NOT NULL, user_ids JSON, task_id VARCHAR(36),
    is_kept BOOLEAN NOT NULL, ends_at {moment} NOT NULL,
    CONSTRAINT pk_broadcasts PRIMARY KEY (id)
);
CREATE INDEX ix_broadcasts_ends_at ON broadcasts (ends_at);
CREATE TABLE configuration_versions (
    version INTEGER NOT NULL, mark VARCHAR(36) NOT NULL, at {moment} NOT NULL, user_id VARCHAR(36),
    username VARCHAR(64) NOT NULL, stored JSON NOT NULL, changes JSON NOT NULL, restored_from INTEGER,
    CONSTRAINT pk_configuration_versions PRIMARY KEY (version)
);
CREATE TABLE event_log (
    id INTEGER NOT NULL, epoch VARCHAR(64) NOT NULL, commits BIGINT NOT NULL, folder_id VARCHAR(64),
    CONSTRAINT pk_event_log PRIMARY KEY (id)
);
CREATE TABLE list_parts (
    file_sha256 VARCHAR(64) NOT NULL, number INTEGER NOT NULL, data {bytes} NOT NULL,
    CONSTRAINT pk_list_parts PRIMARY KEY (file_sha256, number)
);
CREATE TABLE list_states (
    list_key VARCHAR(32) NOT NULL, name VARCHAR(40) NOT NULL, checked_at {moment} NOT NULL, fault VARCHAR(32),
    detail VARCHAR(200) NOT NULL, failing_since {moment}, took_s FLOAT NOT NULL, taken_entries INTEGER,
    CONSTRAINT pk_list_states PRIMARY KEY (list_key)
);
CREATE TABLE list_versions (
    id VARCHAR(36) NOT NULL, list_key VARCHAR(32) NOT NULL, name VARCHAR(40) NOT NULL, kind VARCHAR(8) NOT NULL,
    source VARCHAR(500) NOT NULL, layout VARCHAR(16) NOT NULL, list_date VARCHAR(10) NOT NULL,
    sha256 VARCHAR(64) NOT NULL, bytes BIGINT NOT NULL, entries INTEGER NOT NULL, duplicates INTEGER NOT NULL,
    refused JSON NOT NULL, examples JSON NOT NULL, file_sha256 VARCHAR(64) NOT NULL, file_bytes BIGINT NOT NULL,
    etag VARCHAR(500) NOT NULL, last_modified VARCHAR(100) NOT NULL, judged_by VARCHAR(64) NOT NULL,
    fetched_at {moment} NOT NULL, superseded_at {moment},
    CONSTRAINT pk_list_versions PRIMARY KEY (id)
);
CREATE INDEX ix_list_versions_list_key_superseded_at ON list_versions (list_key, superseded_at);
CREATE TABLE local_readers (
    version INTEGER NOT NULL, made_at {moment} NOT NULL, data {bytes} NOT NULL, sha256 VARCHAR(64) NOT NULL,
    report JSON NOT NULL, reported_at {moment}, enabled_at {moment},
    CONSTRAINT pk_local_readers PRIMARY KEY (version)
);
CREATE TABLE marks (
    name VARCHAR(48) NOT NULL, at {moment} NOT NULL,
    CONSTRAINT pk_marks PRIMARY KEY (name)
);
CREATE TABLE open_connections (
    id VARCHAR(36) NOT NULL, server_id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL,
    network VARCHAR(64) NOT NULL, is_stream BOOLEAN NOT NULL, is_excess BOOLEAN NOT NULL,
    opened_at {moment} NOT NULL, is_closed_by_admin BOOLEAN DEFAULT {false} NOT NULL,
    CONSTRAINT pk_open_connections PRIMARY KEY (id)
);
CREATE INDEX ix_open_connections_excess ON open_connections (server_id) WHERE is_excess;
CREATE INDEX ix_open_connections_network ON open_connections (network);
CREATE INDEX ix_open_connections_server_id ON open_connections (server_id);
CREATE INDEX ix_open_connections_user_id ON open_connections (user_id);
CREATE TABLE servers (
    id VARCHAR(36) NOT NULL, host VARCHAR(255) NOT NULL, version VARCHAR(64) NOT NULL, started_at {moment} NOT NULL,
    heartbeat_at {moment} NOT NULL, numbers JSON NOT NULL,
    CONSTRAINT pk_servers PRIMARY KEY (id)
);
CREATE TABLE sign_in_counters (
    digest VARCHAR(64) NOT NULL, amount FLOAT NOT NULL, at {moment} NOT NULL, ends_at {moment} NOT NULL,
    CONSTRAINT pk_sign_in_counters PRIMARY KEY (digest)
);
CREATE INDEX ix_sign_in_counters_ends_at ON sign_in_counters (ends_at);
CREATE TABLE users (
    id VARCHAR(36) NOT NULL, username VARCHAR(64) NOT NULL, email VARCHAR(254) NOT NULL,
    password_hash VARCHAR(255) NOT NULL, role VARCHAR(16) NOT NULL, is_active BOOLEAN NOT NULL,
    token_version INTEGER NOT NULL, created_at {moment} NOT NULL, last_login_at {moment},
    scan_priority INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id)
);
CREATE INDEX ix_users_admins ON users (id) WHERE role = 'admin' AND is_active;
CREATE INDEX ix_users_created_at ON users (created_at, id);
CREATE UNIQUE INDEX uq_users_email ON users (lower(email));
CREATE UNIQUE INDEX uq_users_username ON users (lower(username));
CREATE TABLE workers (
    id VARCHAR(64) NOT NULL, host VARCHAR(255) NOT NULL, version VARCHAR(64) NOT NULL, queues JSON NOT NULL,
    concurrency INTEGER NOT NULL, started_at {moment} NOT NULL, heartbeat_at {moment} NOT NULL,
    CONSTRAINT pk_workers PRIMARY KEY (id)
);
CREATE INDEX ix_workers_heartbeat_at ON workers (heartbeat_at);
CREATE TABLE decisions (
    user_id VARCHAR(36) NOT NULL, target_domain VARCHAR(253) NOT NULL, domain VARCHAR(253) NOT NULL,
    cause VARCHAR(32) NOT NULL, kinds JSON NOT NULL, state VARCHAR(16) NOT NULL, reason VARCHAR(500),
    decided_by VARCHAR(36) NOT NULL, decided_by_name VARCHAR(64) NOT NULL, decided_at {moment} NOT NULL,
    version INTEGER NOT NULL, look VARCHAR(160), icon VARCHAR(38),
    CONSTRAINT pk_decisions PRIMARY KEY (user_id, target_domain, domain, cause),
    CONSTRAINT fk_decisions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_decisions_looks ON decisions (decided_at) WHERE look IS NOT NULL OR icon IS NOT NULL;
CREATE TABLE idempotency_keys (
    user_id VARCHAR(36) NOT NULL, "key" VARCHAR(255) NOT NULL, fingerprint VARCHAR(64) NOT NULL,
    response TEXT NOT NULL, created_at {moment} NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (user_id, "key"),
    CONSTRAINT fk_idempotency_keys_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE TABLE known_addresses (
    user_id VARCHAR(36) NOT NULL, address VARCHAR(45) NOT NULL, last_login_at {moment} NOT NULL,
    CONSTRAINT pk_known_addresses PRIMARY KEY (user_id, address),
    CONSTRAINT fk_known_addresses_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE open_counts (
    day DATE NOT NULL, user_id VARCHAR(36) NOT NULL, sites INTEGER DEFAULT '0' NOT NULL,
    total INTEGER DEFAULT '0' NOT NULL, critical INTEGER DEFAULT '0' NOT NULL, high INTEGER DEFAULT '0' NOT NULL,
    medium INTEGER DEFAULT '0' NOT NULL, low INTEGER DEFAULT '0' NOT NULL, needs_review INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_open_counts PRIMARY KEY (day, user_id),
    CONSTRAINT fk_open_counts_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_open_counts_owner ON open_counts (user_id, day);
CREATE TABLE scan_orders (
    id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL, title VARCHAR(200), config JSON NOT NULL,
    size INTEGER NOT NULL, created_at {moment} NOT NULL,
    CONSTRAINT pk_scan_orders PRIMARY KEY (id),
    CONSTRAINT fk_scan_orders_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_scan_orders_owner ON scan_orders (user_id, created_at, id);
CREATE INDEX ix_scan_orders_time ON scan_orders (created_at, id);
CREATE TABLE scan_tasks (
    id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL, target_domain VARCHAR(253) NOT NULL,
    config JSON NOT NULL, status VARCHAR(16) NOT NULL, attempt INTEGER NOT NULL, run INTEGER NOT NULL,
    progress INTEGER NOT NULL, stage_key VARCHAR(32), stages JSON NOT NULL, statistics JSON NOT NULL,
    violation_counts JSON NOT NULL, finding_counts JSON DEFAULT '{{}}' NOT NULL, log_counts JSON NOT NULL,
    warnings JSON NOT NULL, error JSON, verdict JSON,
    last_seq INTEGER NOT NULL, min_seq INTEGER NOT NULL, last_log_seq INTEGER NOT NULL, worker_id VARCHAR(64),
    worker_state VARCHAR(16), heartbeat INTEGER NOT NULL, heartbeat_at {moment}, requeues INTEGER NOT NULL,
    running_s FLOAT NOT NULL, capture_bytes BIGINT DEFAULT '0' NOT NULL, cancel_by VARCHAR(64),
    cancel_reason VARCHAR(500), created_at {moment} NOT NULL, queued_at {moment} NOT NULL,
    turn INTEGER DEFAULT '0' NOT NULL, rank INTEGER DEFAULT '0' NOT NULL, started_at {moment},
    completed_at {moment}, deleted_at {moment}, trace VARCHAR(55),
    CONSTRAINT pk_scan_tasks PRIMARY KEY (id),
    CONSTRAINT fk_scan_tasks_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_scan_tasks_captured ON scan_tasks (user_id, capture_bytes) WHERE capture_bytes > 0;
CREATE INDEX ix_scan_tasks_deleted ON scan_tasks (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_scan_tasks_ended ON scan_tasks (status, completed_at, id);
CREATE INDEX ix_scan_tasks_list_completed_at ON scan_tasks (completed_at{first}, id, status, target_domain, deleted_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_list_created_at ON scan_tasks (created_at, id, status, target_domain, deleted_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_list_status ON scan_tasks (status, created_at, id, target_domain, deleted_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_list_target_domain ON scan_tasks (target_domain, id, status, deleted_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_newest ON scan_tasks (user_id, target_domain, completed_at, id)
    WHERE status = 'completed' AND deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_owner ON scan_tasks (user_id, created_at);
CREATE INDEX ix_scan_tasks_owner_completed_at
    ON scan_tasks (user_id, completed_at{first}, id, status, target_domain, deleted_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_owner_created_at ON scan_tasks (user_id, created_at, id, status, target_domain, deleted_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_owner_status ON scan_tasks (user_id, status, created_at, id, target_domain, deleted_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_owner_target_domain ON scan_tasks (user_id, target_domain, id, status, deleted_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_scan_tasks_ranks ON scan_tasks (status, rank, turn, queued_at, id, deleted_at);
CREATE INDEX ix_scan_tasks_unfinished ON scan_tasks (user_id, status)
    WHERE status IN ('cancelling', 'pending', 'running') AND deleted_at IS NULL;
CREATE TABLE sessions (
    id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL, created_at {moment} NOT NULL,
    expires_at {moment} NOT NULL, revoked_at {moment}, refresh_jti VARCHAR(36) NOT NULL, previous_jti VARCHAR(36),
    rotated_at {moment}, address VARCHAR(45), agent VARCHAR(200), channel VARCHAR(6), page_key VARCHAR(64),
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT fk_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE TABLE site_changes (
    user_id VARCHAR(36) NOT NULL, target_domain VARCHAR(253) NOT NULL, day DATE NOT NULL,
    sites INTEGER DEFAULT '0' NOT NULL, total INTEGER DEFAULT '0' NOT NULL, critical INTEGER DEFAULT '0' NOT NULL,
    high INTEGER DEFAULT '0' NOT NULL, medium INTEGER DEFAULT '0' NOT NULL, low INTEGER DEFAULT '0' NOT NULL,
    needs_review INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT pk_site_changes PRIMARY KEY (user_id, target_domain, day),
    CONSTRAINT fk_site_changes_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE sites (
    user_id VARCHAR(36) NOT NULL, target_domain VARCHAR(253) NOT NULL, task_id VARCHAR(36), attempt INTEGER,
    status VARCHAR(16), verdict JSON, completed_at {moment}, shown_task_id VARCHAR(36), shown_attempt INTEGER,
    total INTEGER DEFAULT '0' NOT NULL, critical INTEGER DEFAULT '0' NOT NULL, high INTEGER DEFAULT '0' NOT NULL,
    medium INTEGER DEFAULT '0' NOT NULL, low INTEGER DEFAULT '0' NOT NULL,
    needs_review INTEGER DEFAULT '0' NOT NULL, urgency VARCHAR(64), review_task_id VARCHAR(36), review_at {moment},
    CONSTRAINT pk_sites PRIMARY KEY (user_id, target_domain),
    CONSTRAINT fk_sites_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_sites_owner_review ON sites (user_id, review_at, review_task_id) WHERE review_at IS NOT NULL;
CREATE INDEX ix_sites_owner_worst ON sites (user_id, urgency);
CREATE INDEX ix_sites_review ON sites (review_at, review_task_id) WHERE review_at IS NOT NULL;
CREATE INDEX ix_sites_worst ON sites (urgency);
CREATE TABLE tickets (
    digest VARCHAR(64) NOT NULL, user_id VARCHAR(36) NOT NULL, session_id VARCHAR(36) NOT NULL,
    username VARCHAR(64) NOT NULL, role VARCHAR(16) NOT NULL, token_expires_at {moment} NOT NULL,
    ends_at {moment} NOT NULL,
    CONSTRAINT pk_tickets PRIMARY KEY (digest),
    CONSTRAINT fk_tickets_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_tickets_ends_at ON tickets (ends_at);
CREATE INDEX ix_tickets_user_id ON tickets (user_id);
CREATE TABLE order_tasks (
    order_id VARCHAR(36) NOT NULL, position INTEGER NOT NULL, task_id VARCHAR(36) NOT NULL,
    CONSTRAINT pk_order_tasks PRIMARY KEY (order_id, position),
    CONSTRAINT fk_order_tasks_order_id FOREIGN KEY(order_id) REFERENCES scan_orders (id) ON DELETE CASCADE,
    CONSTRAINT fk_order_tasks_task_id FOREIGN KEY(task_id) REFERENCES scan_tasks (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX ix_order_tasks_task ON order_tasks (task_id);
CREATE TABLE scan_runs (
    task_id VARCHAR(36) NOT NULL, run INTEGER NOT NULL, attempt INTEGER NOT NULL, status VARCHAR(16) NOT NULL,
    progress INTEGER NOT NULL, stage_key VARCHAR(32), stages JSON NOT NULL, statistics JSON NOT NULL,
    violation_counts JSON NOT NULL, finding_counts JSON NOT NULL, log_counts JSON NOT NULL,
    warnings JSON NOT NULL, error JSON, verdict JSON,
    last_seq INTEGER NOT NULL, last_log_seq INTEGER NOT NULL, running_s FLOAT NOT NULL, cancel_by VARCHAR(64),
    cancel_reason VARCHAR(500), queued_at {moment} NOT NULL, started_at {moment}, completed_at {moment},
    conclusive BOOLEAN NOT NULL, capture_bytes BIGINT NOT NULL, results_removed_at {moment},
    CONSTRAINT pk_scan_runs PRIMARY KEY (task_id, run),
    CONSTRAINT fk_scan_runs_task_id FOREIGN KEY(task_id) REFERENCES scan_tasks (id) ON DELETE CASCADE
);
CREATE INDEX ix_scan_runs_completed ON scan_runs (completed_at, task_id, run);
CREATE TABLE task_events (
    task_id VARCHAR(36) NOT NULL, seq INTEGER NOT NULL, attempt INTEGER NOT NULL, type VARCHAR(32) NOT NULL,
    event_id VARCHAR(36) NOT NULL, body TEXT NOT NULL, created_at {moment} NOT NULL,
    CONSTRAINT pk_task_events PRIMARY KEY (task_id, seq),
    CONSTRAINT fk_task_events_task_id FOREIGN KEY(task_id) REFERENCES scan_tasks (id) ON DELETE CASCADE,
    CONSTRAINT uq_task_events_event_id UNIQUE ({event_key})
) {by_task};
CREATE INDEX ix_task_events_observed ON task_events (task_id, type, attempt)
    WHERE type IN ('task_retrying', 'task_warning');
CREATE UNIQUE INDEX uq_task_events_one_completion ON task_events (task_id, attempt) WHERE type = 'task_completed';
CREATE TABLE task_logs (
    task_id VARCHAR(36) NOT NULL, log_seq INTEGER NOT NULL, attempt INTEGER NOT NULL, level VARCHAR(8) NOT NULL,
    module VARCHAR(64) NOT NULL, message TEXT NOT NULL, text_key VARCHAR(64), params JSON,
    created_at {moment} NOT NULL,
    CONSTRAINT pk_task_logs PRIMARY KEY (task_id, log_seq),
    CONSTRAINT fk_task_logs_task_id FOREIGN KEY(task_id) REFERENCES scan_tasks (id) ON DELETE CASCADE
) {by_task};
CREATE TABLE violations (
    id VARCHAR(36) NOT NULL, task_id VARCHAR(36) NOT NULL, run INTEGER NOT NULL, attempt INTEGER NOT NULL,
    domain VARCHAR(253) NOT NULL, violation_key VARCHAR(32) NOT NULL, cause VARCHAR(32) NOT NULL,
    confidence_score FLOAT NOT NULL, description TEXT NOT NULL, text_key VARCHAR(64), params JSON,
    evidence JSON NOT NULL, needs_review BOOLEAN NOT NULL, url TEXT NOT NULL, found_on TEXT NOT NULL,
    created_at {moment} NOT NULL,
    CONSTRAINT pk_violations PRIMARY KEY (id),
    CONSTRAINT uq_violations_task_id_run_domain_violation_key UNIQUE (task_id, run, domain, violation_key),
    CONSTRAINT fk_violations_task_id FOREIGN KEY(task_id) REFERENCES scan_tasks (id) ON DELETE CASCADE
);
CREATE INDEX ix_violations_list ON violations
    (task_id, run, created_at, id, violation_key, cause, needs_review, domain);
CREATE TABLE findings (
    task_id VARCHAR(36) NOT NULL, domain VARCHAR(253) NOT NULL, cause VARCHAR(32) NOT NULL, run INTEGER NOT NULL,
    kinds JSON NOT NULL, violation_id VARCHAR(36) NOT NULL, risk_level VARCHAR(16) NOT NULL, score INTEGER NOT NULL,
    reasons JSON NOT NULL, embedding VARCHAR(24) NOT NULL, place VARCHAR(16) NOT NULL, depth INTEGER,
    hidden_by VARCHAR(64), via VARCHAR(253) NOT NULL, author VARCHAR(16) NOT NULL, author_sign VARCHAR(16),
    page_url TEXT NOT NULL, url TEXT NOT NULL, confidence_score FLOAT NOT NULL, needs_review BOOLEAN NOT NULL,
    state VARCHAR(16) NOT NULL, found_at {moment} NOT NULL, last_seen_at {moment} NOT NULL,
    CONSTRAINT pk_findings PRIMARY KEY (task_id, domain, cause, run),
    CONSTRAINT fk_findings_task_id FOREIGN KEY(task_id) REFERENCES scan_tasks (id) ON DELETE CASCADE
);
CREATE INDEX ix_findings_worst ON findings
    (task_id, run, score DESC, violation_id, risk_level, state, needs_review, cause, domain);
CREATE INDEX ix_findings_review ON findings (task_id, run, confidence_score, violation_id, state) WHERE needs_review;
INSERT INTO event_log (id, epoch, commits) VALUES (1, '0', 0);
"""
# A row for which there is no partition goes to its table's own. Each event and each heartbeat changes its task's row,
# and no index: with room in the page the change stays there.
PARTITIONS = """
CREATE TABLE task_events_other PARTITION OF task_events DEFAULT;
CREATE TABLE task_logs_other PARTITION OF task_logs DEFAULT;
CREATE TABLE audit_log_other PARTITION OF audit_log DEFAULT;
ALTER TABLE scan_tasks SET (fillfactor = 70);
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _execute(TABLES.format_map(SQLITE))
    else:
        _execute(_compare_bytes(TABLES.format_map(POSTGRESQL) + PARTITIONS + STORES))


def _compare_bytes(statements: str) -> str:
    return re.sub(r"\b(VARCHAR\(\d+\)|TEXT\b)", r'\1 COLLATE "C"', statements)


def _execute(statements: str) -> None:
    connection = op.get_bind()
    for statement in statements.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement.strip())
