"""Tables of idempotent requests and of workers."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from app.core.tables import UtcDateTime, metadata

# One row a process, which renews it every few seconds and removes it when it ends. Empty in the embedded mode.
workers = Table(
    "workers",
    metadata,
    Column("id", String(64), primary_key=True),  # as `scan_tasks.worker_id` has it
    Column("host", String(255), nullable=False),  # name of the machine
    Column("version", String(64), nullable=False),  # of the program
    Column("queues", JSON, nullable=False),  # names of `core.deployment.QUEUES`
    Column("concurrency", Integer, nullable=False),  # how much it does at once
    Column("started_at", UtcDateTime, nullable=False),  # both by the database's clock, which is one for all
    Column("heartbeat_at", UtcDateTime, nullable=False, index=True),
)

# One row a request that named a key (`Idempotency-Key`): a repeated one gets the same answer.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),  # SHA-256 of what was asked for
    Column("response", Text, nullable=False),  # JSON: the answer without what the request itself says
    Column("created_at", UtcDateTime, nullable=False, index=True),
)
