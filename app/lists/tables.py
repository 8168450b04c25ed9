"""Versions of the lists of hosts and URLs that the deployment names, and how their updates went."""

from sqlalchemy import JSON, BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table

from app.core.tables import UtcDateTime, metadata

# What lists were made into. `list_key` tells definitions apart (`domain.reputation_lists.ListDefinition.key`).
list_versions = Table(
    "list_versions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("list_key", String(32), nullable=False),
    Column("name", String(40), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("source", String(500), nullable=False),  # as anybody may see it
    Column("layout", String(16), nullable=False),  # the format that it was read in
    Column("list_date", String(10), nullable=False),  # ISO
    Column("sha256", String(64), nullable=False),  # of the list as it came
    Column("bytes", BigInteger, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("refused", JSON, nullable=False),  # numbers by `domain.reputation_lists.Refused`
    Column("examples", JSON, nullable=False),  # [line, text, reason] of the first ones
    Column("file_sha256", String(64), nullable=False),  # of the file that scans look into
    Column("file_bytes", BigInteger, nullable=False),
    Column("etag", String(500), nullable=False),  # as the source said them, to be asked with; "" none
    Column("last_modified", String(100), nullable=False),
    Column("judged_by", String(64), nullable=False),  # digest of what its entries were judged by
    Column("fetched_at", UtcDateTime, nullable=False),
    Column("superseded_at", UtcDateTime),  # None: in effect
)
Index("ix_list_versions_list_key_superseded_at", list_versions.c.list_key, list_versions.c.superseded_at)

# How the last update of each list went. There is a row for each list of the setting, sixteen at most.
list_states = Table(
    "list_states",
    metadata,
    Column("list_key", String(32), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("fault", String(32)),  # `domain.reputation_lists.ListFault`; None: it went well
    Column("detail", String(200), nullable=False),  # of the fault, in no language: an HTTP status, a number of entries
    Column("failing_since", UtcDateTime),
    Column("took_s", Float, nullable=False),
    # To how many entries it may shrink, as an administrator has said since the last update; None: nobody has.
    Column("taken_entries", Integer),
)

# The files of a deployment with several machines, compressed, in parts; elsewhere they lie in the data folder alone.
list_parts = Table(
    "list_parts",
    metadata,
    Column("file_sha256", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 0
    Column("data", LargeBinary, nullable=False),
)
