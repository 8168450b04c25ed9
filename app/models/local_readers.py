"""Versions of the local reader that the deployment has taught itself (ADR 0050)."""

from sqlalchemy import JSON, Column, Integer, LargeBinary, String, Table

from app.core.tables import UtcDateTime, metadata

# In the database, which all workers of a deployment reach. A version is never changed but for its two times.
local_readers = Table(
    "local_readers",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),  # from 1; none is used again
    Column("made_at", UtcDateTime, nullable=False),
    Column("data", LargeBinary, nullable=False),  # the model, at most `domain.local_reading.MAX_MODEL_BYTES`
    Column("sha256", String(64), nullable=False),  # of the data
    Column("report", JSON, nullable=False),
    Column("reported_at", UtcDateTime),  # when somebody was shown the report first; NULL: nobody has seen it
    Column("enabled_at", UtcDateTime),  # NULL: not switched on; the newest one is what scans begin with
)
