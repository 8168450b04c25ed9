"""What administrators have set while the service runs: every version of it."""

from sqlalchemy import JSON, Column, Integer, String, Table

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
