"""Notifications: the outbox, channels and rules of users, the feed, and deliveries (ADR 0075)."""

import re
from typing import Final

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

TABLES: Final = """
CREATE TABLE outbox (
    kind VARCHAR(24) NOT NULL, subject_id VARCHAR(36) NOT NULL, number INTEGER NOT NULL, version INTEGER NOT
    NULL, detail JSON, due_at {moment} NOT NULL, created_at {moment} NOT NULL, CONSTRAINT pk_outbox PRIMARY KEY
    (kind, subject_id, number)
);
CREATE INDEX ix_outbox_due ON outbox (due_at);
CREATE TABLE channels (
    id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL, name VARCHAR(100) NOT NULL, kind VARCHAR(16) NOT
    NULL, language VARCHAR(8) NOT NULL, shown VARCHAR(300) NOT NULL, sealed TEXT NOT NULL, is_enabled BOOLEAN
    NOT NULL, created_at {moment} NOT NULL, due_at {moment}, not_before {moment}, claim VARCHAR(36), failures
    INTEGER NOT NULL, last_sent_at {moment}, last_error JSON, CONSTRAINT pk_channels PRIMARY KEY (id),
    CONSTRAINT fk_channels_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_channels_due ON channels (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_channels_owner ON channels (user_id, created_at, id);
CREATE TABLE notification_rules (
    id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL, name VARCHAR(100) NOT NULL, is_enabled BOOLEAN NOT
    NULL, kinds JSON NOT NULL, min_risk VARCHAR(16) NOT NULL, targets JSON NOT NULL, all_users BOOLEAN NOT NULL,
    channel_ids JSON NOT NULL, timing JSON NOT NULL, digest_at {moment}, created_at {moment} NOT NULL,
    CONSTRAINT pk_notification_rules PRIMARY KEY (id), CONSTRAINT fk_notification_rules_user_id FOREIGN
    KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_notification_rules_all ON notification_rules (id) WHERE all_users;
CREATE INDEX ix_notification_rules_digest ON notification_rules (digest_at) WHERE digest_at IS NOT NULL;
CREATE INDEX ix_notification_rules_owner ON notification_rules (user_id, created_at, id);
CREATE TABLE notification_feeds (
    user_id VARCHAR(36) NOT NULL, last_seq INTEGER NOT NULL, CONSTRAINT pk_notification_feeds PRIMARY KEY
    (user_id), CONSTRAINT fk_notification_feeds_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE
    CASCADE
);
CREATE TABLE notifications (
    user_id VARCHAR(36) NOT NULL, seq INTEGER NOT NULL, id VARCHAR(36) NOT NULL, kind VARCHAR(24) NOT NULL,
    task_id VARCHAR(36), content JSON NOT NULL, created_at {moment} NOT NULL, read_at {moment}, CONSTRAINT
    pk_notifications PRIMARY KEY (user_id, seq), CONSTRAINT fk_notifications_user_id FOREIGN KEY(user_id)
    REFERENCES users (id) ON DELETE CASCADE, CONSTRAINT uq_notifications_id UNIQUE (id)
);
CREATE INDEX ix_notifications_created_at ON notifications (created_at);
CREATE INDEX ix_notifications_task ON notifications (task_id, kind, created_at);
CREATE INDEX ix_notifications_unread ON notifications (user_id, seq) WHERE read_at IS NULL;
CREATE TABLE told_findings (
    rule_id VARCHAR(36) NOT NULL, owner_id VARCHAR(36) NOT NULL, target_domain VARCHAR(253) NOT NULL, known JSON
    NOT NULL, CONSTRAINT pk_told_findings PRIMARY KEY (rule_id, owner_id, target_domain), CONSTRAINT
    fk_told_findings_rule_id FOREIGN KEY(rule_id) REFERENCES notification_rules (id) ON DELETE CASCADE
);
CREATE TABLE digest_items (
    rule_id VARCHAR(36) NOT NULL, notification_id VARCHAR(36) NOT NULL, content JSON NOT NULL, CONSTRAINT
    pk_digest_items PRIMARY KEY (rule_id, notification_id), CONSTRAINT fk_digest_items_rule_id FOREIGN
    KEY(rule_id) REFERENCES notification_rules (id) ON DELETE CASCADE
);
CREATE TABLE deliveries (
    id VARCHAR(36) NOT NULL, channel_id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL, source VARCHAR(80)
    NOT NULL, contents JSON NOT NULL, status VARCHAR(8) NOT NULL, attempts INTEGER NOT NULL, created_at {moment}
    NOT NULL, next_at {moment} NOT NULL, expires_at {moment} NOT NULL, sent_at {moment}, error JSON, CONSTRAINT
    pk_deliveries PRIMARY KEY (id), CONSTRAINT fk_deliveries_channel_id FOREIGN KEY(channel_id) REFERENCES
    channels (id) ON DELETE CASCADE, CONSTRAINT fk_deliveries_user_id FOREIGN KEY(user_id) REFERENCES users (id)
    ON DELETE CASCADE
);
CREATE INDEX ix_deliveries_created_at ON deliveries (created_at);
CREATE INDEX ix_deliveries_owner ON deliveries (user_id, created_at, id, status);
CREATE INDEX ix_deliveries_waiting ON deliveries (channel_id, next_at, id) WHERE status = 'waiting';
CREATE UNIQUE INDEX uq_deliveries_source ON deliveries (channel_id, source);
"""


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    statements = TABLES.format(moment="DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE")
    if not is_sqlite:  # texts are compared by their bytes, as in SQLite
        statements = re.sub(r"\b(VARCHAR\(\d+\)|TEXT\b)", r'\1 COLLATE "C"', statements)
    for statement in statements.split(";\n"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement.strip())
