"""Sites that are watched, with their schedules, and their tags. The version before knows nothing of them."""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE managed_sites (
    id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL, target_domain VARCHAR(253) NOT NULL,
    group_name VARCHAR(100), config JSON NOT NULL, cron VARCHAR(100), time_zone VARCHAR(64), every_hours INTEGER,
    scheduled_at {moment} NOT NULL, paused BOOLEAN NOT NULL, due_at {moment}, next_run_at {moment}, try_at {moment},
    waits_for VARCHAR(64), last_task_id VARCHAR(36), last_due_at {moment}, last_started_at {moment},
    last_missed INTEGER, overdue_after_days INTEGER, overdue_since {moment}, created_at {moment} NOT NULL,
    CONSTRAINT pk_managed_sites PRIMARY KEY (id),
    CONSTRAINT fk_managed_sites_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_managed_sites_target ON managed_sites (user_id, target_domain);
CREATE INDEX ix_managed_sites_list ON managed_sites (target_domain, id, group_name, overdue_since);
CREATE INDEX ix_managed_sites_owner ON managed_sites (user_id, target_domain, id, group_name, overdue_since);
CREATE INDEX ix_managed_sites_groups ON managed_sites (group_name, target_domain, id, overdue_since);
CREATE INDEX ix_managed_sites_group ON managed_sites (user_id, group_name, target_domain);
CREATE INDEX ix_managed_sites_due ON managed_sites (try_at, next_run_at, id) WHERE try_at IS NOT NULL;
CREATE INDEX ix_managed_sites_overdue ON managed_sites (overdue_since) WHERE overdue_since IS NOT NULL;
CREATE TABLE site_tags (
    site_id VARCHAR(36) NOT NULL, tag VARCHAR(50) NOT NULL,
    CONSTRAINT pk_site_tags PRIMARY KEY (site_id, tag),
    CONSTRAINT fk_site_tags_site_id FOREIGN KEY(site_id) REFERENCES managed_sites (id) ON DELETE CASCADE
);
CREATE INDEX ix_site_tags_tag ON site_tags (tag, site_id);
"""
MOMENTS = {"sqlite": "DATETIME", "postgresql": "TIMESTAMP WITH TIME ZONE"}


def upgrade() -> None:
    connection = op.get_bind()
    schema = SCHEMA.format(moment=MOMENTS[connection.dialect.name])
    for statement in filter(str.strip, schema.split(";")):
        connection.exec_driver_sql(statement)
