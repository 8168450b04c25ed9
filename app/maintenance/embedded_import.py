"""Moves the data folder of an embedded service into PostgreSQL, and compares the numbers of rows.

Captures and the files of scans go first, each by itself; what is there already is left alone. All tables follow in one
transaction, which commits when the numbers are equal. So an import that was interrupted is begun again, and goes on
where that saves time; and nobody can sign in to a half of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from psycopg import Connection as RawConnection
from psycopg import Error as PostgresError
from psycopg.types.json import Json
from sqlalchemy import JSON, Connection, Table, func, select

from app.captures.port import ContentStorage
from app.configuration.tables import configuration_versions, local_readers
from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import ConfigurationError
from app.core.tables import marks
from app.events.log_identity import FORGET_FOLDER
from app.events.tables import outbox, scan_runs, scan_tasks, task_events, task_logs
from app.findings.tables import assignments, comments, decisions, findings, violations
from app.identity.tables import api_keys, audit_log, known_addresses, scan_links, sessions, users
from app.inventory.tables import party_changes, scan_differences, site_inventories, site_parties, site_services
from app.migrations.partitions import make_ahead
from app.migrations.runner import current_revision, head_revision, migrate
from app.notifications.tables import (
    channels,
    crowded_items,
    deliveries,
    digest_items,
    feeds,
    notifications,
    rules,
    told_findings,
)
from app.orders.tables import order_tasks, scan_orders
from app.scans.tables import idempotency_keys
from app.scanstore.files import SCANS_FOLDER
from app.scanstore.postgres.file_import import CountsDiffer, files_in, import_file
from app.site_counts.tables import open_counts, site_changes, sites
from app.sites.tables import managed_sites, site_tags
from app.websocket.tables import broadcasts

# A row after what it refers to.
TABLES: Final = (
    users,
    sessions,
    known_addresses,
    api_keys,
    idempotency_keys,
    scan_tasks,
    scan_links,
    scan_orders,
    order_tasks,
    scan_runs,
    scan_differences,
    violations,
    findings,
    decisions,
    assignments,
    comments,
    task_events,
    task_logs,
    audit_log,
    broadcasts,
    configuration_versions,
    local_readers,
    sites,
    site_changes,
    open_counts,
    managed_sites,
    site_tags,
    site_parties,
    site_services,
    party_changes,
    site_inventories,
    channels,
    rules,
    feeds,
    notifications,
    told_findings,
    digest_items,
    crowded_items,
    deliveries,
    outbox,
    marks,
)
ROWS: Final = 2_000  # read at a time
MONTH: Final = timedelta(days=28)  # no longer than one, so that none is left out
_PATIENCE: Final = ("SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0")
_NEXT_AUDIT_ID: Final = "SELECT setval('audit_log_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM audit_log), false)"


class TableRefused(Exception):
    """PostgreSQL did not take the rows of a table; none was changed."""

    def __init__(self, table: str, reason: str) -> None:
        """`reason` is the server's, without values."""
        super().__init__(f"{table}: {reason}")
        self.table = table
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Imported:
    """How many of each there are now: rows by table, stores of runs, contents of captures."""

    rows: Mapping[str, int]
    stores: int
    captures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedImport:
    """From `source`, the database in `data_dir`, into `target`. The caller holds the folder's lock."""

    data_dir: Path
    source: Database
    target: Database
    captures_from: ContentStorage
    captures_to: ContentStorage
    clock: Clock

    def run(self) -> Imported:
        """Blocking.

        Raises:
            ConfigurationError: the target has data already, or the source is of another version.
            CountsDiffer, TableRefused: no table was changed.
            DatabaseUnavailable, ScanStoreError, OSError: the same call may be made again.
        """
        if self.source.read_sync(current_revision) != head_revision():
            raise ConfigurationError(text="import_source_revision", path=self.data_dir)
        migrate(self.target, clock=self.clock)
        self.target.read_sync(_require_empty)
        captures = self._copy_captures()
        stores = self._copy_stores()
        self._make_partitions()
        counts = self.target.write_sync(lambda connection: self.source.read_sync(lambda c: _copy_tables(c, connection)))
        return Imported(counts, stores, captures)

    def _copy_captures(self) -> int:
        there = {sha256 for sha256, _ in self.captures_to.list_all()}
        number = 0
        for number, (sha256, _) in enumerate(self.captures_from.list_all(), start=1):  # noqa: B007 - how many
            if sha256 not in there:
                self.captures_to.write(sha256, self.captures_from.read(sha256))
        return number

    def _copy_stores(self) -> int:
        number = 0
        with self.target.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, RawConnection)
            for number, (task_id, run, path) in enumerate(files_in(self.data_dir / SCANS_FOLDER), start=1):  # noqa: B007
                import_file(raw, path, task_id, run)
        return number

    def _make_partitions(self) -> None:
        """Of the time since the first row, so that old rows go with their partitions as new ones do."""
        at = self.source.read_sync(_first_moment) or self.clock.now()
        while at < self.clock.now():
            self.target.write_sync(_make_partitions_of(at))
            at += MONTH


def _make_partitions_of(at: datetime) -> Callable[[Connection], None]:
    return lambda connection: make_ahead(connection, at)


def _first_moment(connection: Connection) -> datetime | None:
    oldest = (select(func.min(column)) for column in (scan_tasks.c.created_at, audit_log.c.at))
    found = [at for at in (connection.execute(query).scalar_one() for query in oldest) if at is not None]
    return min(found).astimezone(UTC) if found else None


def _require_empty(connection: Connection) -> None:
    for table in (users, scan_tasks):
        if connection.execute(select(table.c.id).limit(1)).first() is not None:
            raise ConfigurationError(text="import_target_used")


def _copy_tables(source: Connection, target: Connection) -> dict[str, int]:
    """Look again under the transaction: somebody may have begun to use the target meanwhile."""
    _require_empty(target)
    for statement in _PATIENCE:
        target.exec_driver_sql(statement)
    counts = {table.name: _copy_table(source, target, table) for table in TABLES}
    for table in TABLES:
        arrived = target.execute(select(func.count()).select_from(table)).scalar_one()
        if arrived != counts[table.name]:
            raise CountsDiffer(table.name, counts[table.name], arrived)
    target.exec_driver_sql(_NEXT_AUDIT_ID)
    # The folder may be used again by mistake: from here on this is another log.
    target.exec_driver_sql(FORGET_FOLDER)
    return counts


def _copy_table(source: Connection, target: Connection, table: Table) -> int:
    """Copy all rows and return how many the source has."""
    raw = target.connection.driver_connection
    assert isinstance(raw, RawConnection)
    names = ", ".join(column.name for column in table.columns)
    try:
        with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in _rows_of(source, table):
                copy.write_row(row)
    except PostgresError as error:
        raise TableRefused(table.name, error.diag.message_primary or type(error).__name__) from error
    return source.execute(select(func.count()).select_from(table)).scalar_one()


def _rows_of(source: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    is_json = [isinstance(column.type, JSON) for column in table.columns]
    found = source.execution_options(yield_per=ROWS).execute(select(table))
    for row in found:
        yield tuple(_value(value, json) for value, json in zip(row, is_json, strict=True))


def _value(value: Any, json: bool) -> Any:
    if json and value is not None:
        return Json(value)
    # Which PostgreSQL has no place for. Our own texts have none, and what comes from pages is cleaned before.
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value
