"""On PostgreSQL: events, log lines and audit rows in partitions by time, and texts that are compared by their bytes.

What is there already goes to the partition of all others.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations.collation import compare_bytes

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TASK = 'varchar(36) COLLATE "C" NOT NULL'
OF_TASK = "CONSTRAINT fk_{0}_task_id FOREIGN KEY (task_id) REFERENCES scan_tasks (id) ON DELETE CASCADE"
TABLES = {
    "task_events": f"""
        task_id {TASK}, seq integer NOT NULL, attempt integer NOT NULL, type varchar(32) COLLATE "C" NOT NULL,
        event_id varchar(36) COLLATE "C" NOT NULL, body text COLLATE "C" NOT NULL, created_at timestamptz NOT NULL,
        CONSTRAINT pk_task_events PRIMARY KEY (task_id, seq),
        CONSTRAINT uq_task_events_event_id UNIQUE (event_id, task_id),
        {OF_TASK.format("task_events")}
    ) PARTITION BY RANGE (task_id""",
    "task_logs": f"""
        task_id {TASK}, log_seq integer NOT NULL, attempt integer NOT NULL, level varchar(8) COLLATE "C" NOT NULL,
        module varchar(64) COLLATE "C" NOT NULL, message text COLLATE "C" NOT NULL, created_at timestamptz NOT NULL,
        text_key varchar(64) COLLATE "C", params json,
        CONSTRAINT pk_task_logs PRIMARY KEY (task_id, log_seq),
        {OF_TASK.format("task_logs")}
    ) PARTITION BY RANGE (task_id""",
    "audit_log": """
        id integer NOT NULL DEFAULT nextval('audit_log_id_seq'), at timestamptz NOT NULL,
        action varchar(48) COLLATE "C" NOT NULL, outcome varchar(16) COLLATE "C" NOT NULL,
        user_id varchar(36) COLLATE "C", address varchar(45) COLLATE "C", object_id varchar(64) COLLATE "C",
        detail json NOT NULL,
        CONSTRAINT pk_audit_log PRIMARY KEY (id, at)
    ) PARTITION BY RANGE (at""",
}


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        return
    compare_bytes(connection)
    op.execute("ALTER SEQUENCE audit_log_id_seq OWNED BY NONE")
    for table, columns in TABLES.items():
        op.execute(f"CREATE TEMPORARY TABLE kept_{table} ON COMMIT DROP AS TABLE {table}")
        op.execute(f"DROP TABLE {table}")
        op.execute(f"CREATE TABLE {table} ({columns})")
        op.execute(f"CREATE TABLE {table}_other PARTITION OF {table} DEFAULT")
    op.execute("ALTER SEQUENCE audit_log_id_seq OWNED BY audit_log.id")
    # Each event and each heartbeat changes its task's row, and no index: with room in the page the change stays there.
    op.execute("ALTER TABLE scan_tasks SET (fillfactor = 70)")
    _create_indexes()
    for table in TABLES:
        names = ", ".join(column["name"] for column in sa.inspect(connection).get_columns(table))
        op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM kept_{table}")  # noqa: S608 - ours


def _create_indexes() -> None:
    completed, observed = sa.text("type = 'task_completed'"), sa.text("type IN ('task_retrying', 'task_warning')")
    op.create_index(
        "uq_task_events_one_completion",
        "task_events",
        ["task_id", "attempt"],
        unique=True,
        postgresql_where=completed,
    )
    op.create_index("ix_task_events_observed", "task_events", ["task_id", "type", "attempt"], postgresql_where=observed)
    # What has not ended comes before what has, as in SQLite.
    for name, first in (("list", ()), ("owner", ("user_id",))):
        index, columns = f"ix_scan_tasks_{name}_completed_at", ["id", "status", "target_domain", "deleted_at"]
        op.drop_index(index, "scan_tasks")
        ends = sa.text("completed_at NULLS FIRST")
        op.create_index(index, "scan_tasks", [*first, ends, *columns], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_index("ix_audit_log_action", "audit_log", ["action", "id"])
