"""What administrators have set while the service runs: every version of it."""

from sqlalchemy import JSON, Column, Integer, LargeBinary, String, Table

from app.core.tables import UtcDateTime, metadata

# The newest version holds; none: all is as the environment says. A version is never changed.
configuration_versions = Table(
    "configuration_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),  # from 1, without holes
    Column("mark", String(36), nullable=False),  # by which the version of another, restored log is told apart
    Column("at", UtcDateTime, nullable=False),
    Column("user_id", String(36)),  # no foreign key: what was done stays when its user goes
    Column("username", String(64), nullable=False),  # as it was then
    Column("stored", JSON, nullable=False),  # values by name, of `core.changeable_settings`
    Column("changes", JSON, nullable=False),  # [name, before, after]; null: not stored
    Column("restored_from", Integer),  # the older version whose values these are
)

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
