"""Other servers, their connections, and broadcasts."""

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
    text,
)

from app.core.tables import UtcDateTime, metadata

servers = Table(
    "servers",
    metadata,
    Column("id", String(36), primary_key=True),  # of one run of the program
    Column("host", String(255), nullable=False),
    Column("version", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("heartbeat_at", UtcDateTime, nullable=False),
    Column("numbers", JSON, nullable=False),  # what it said of itself at that moment
)

# Sockets and event streams. No foreign key: a server that was forgotten while it stood still writes its rows again.
open_connections = Table(
    "open_connections",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("server_id", String(36), nullable=False, index=True),
    Column("user_id", String(36), nullable=False, index=True),
    Column("network", String(64), nullable=False, index=True),  # as `core.limits.network_of` writes it
    Column("is_stream", Boolean, nullable=False),
    Column("is_excess", Boolean, nullable=False),  # its user has too many, and it is to be closed
    Column("opened_at", UtcDateTime, nullable=False),
    # An administrator wants it closed; `is_excess` is true then, too: by that its server finds it, and one of the
    # version before closes it all the same.
    Column("is_closed_by_admin", Boolean, nullable=False, server_default=false()),
)
EXCESS: Final = text("is_excess")  # of a partial index: queries take this very word
Index("ix_open_connections_excess", open_connections.c.server_id, sqlite_where=EXCESS, postgresql_where=EXCESS)

# What administrators have said to connected users, until all servers know of it or it expires.
broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("frame", Text, nullable=False),  # JSON, as it is sent
    Column("size", Integer, nullable=False),  # of the frame, in bytes
    Column("user_ids", JSON(none_as_null=True)),  # to whom; NULL: to all
    Column("task_id", String(36)),  # to whose followers; NULL: to all
    Column("is_kept", Boolean, nullable=False),  # also for those who come later
    Column("ends_at", UtcDateTime, nullable=False, index=True),  # by the database's clock
)
