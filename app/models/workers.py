"""Who works: the workers of a deployment with PostgreSQL and Redis."""

from sqlalchemy import JSON, Column, Integer, String, Table

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
