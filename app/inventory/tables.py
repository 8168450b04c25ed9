"""Differences between scans, as they were made."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from app.core.tables import UtcDateTime, metadata

# One row a pair of runs that somebody has compared (`inventory.differences`): two stores are read once for it.
scan_differences = Table(
    "scan_differences",
    metadata,
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("against_task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("against_run", Integer, primary_key=True),
    Column("version", Integer, nullable=False),  # of the comparison: a row of another one is made anew
    Column("made_at", UtcDateTime, nullable=False),
    Column("counts", JSON, nullable=False),  # of all, by section and change
    Column("body", LargeBinary, nullable=False),  # the differences themselves, the most urgent first: JSON, by zlib
)
Index("ix_scan_differences_against", scan_differences.c.against_task_id)
