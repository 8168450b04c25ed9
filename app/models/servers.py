"""The servers of a deployment that has several, and who is connected to each."""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, Index, String, Table, false, text

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
