"""Versions of the local classifier. They are added, switched on and off; the oldest go when there are too many."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from app.configuration.tables import local_readers

MAX_KEPT: Final = 20  # versions, of two MB each; one that is switched on stays
r = local_readers.c
_ABOUT: Final = (r.version, r.made_at, r.sha256, r.report, r.reported_at, r.enabled_at)


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a version and return its number. Another with its number is an IntegrityError, for which the unit runs again
    (`core.db`).
    """
    newest = connection.execute(select(r.version).order_by(r.version.desc()).limit(1)).scalar() or 0
    connection.execute(insert(local_readers).values(**values, version=newest + 1))
    connection.execute(delete(local_readers).where(r.version <= newest + 1 - MAX_KEPT, r.enabled_at.is_(None)))
    return newest + 1


def find(connection: Connection, version: int) -> Row[Any] | None:
    """Return a version with its data."""
    return connection.execute(select(local_readers).where(r.version == version)).first()


def find_enabled(connection: Connection) -> Row[Any] | None:
    """Return the version that is switched on, with its data; None: none is."""
    version = enabled_version(list_all(connection))
    return None if version is None else find(connection, version)


def enabled_version(rows: Iterable[Row[Any]]) -> int | None:
    """Return which of all versions is switched on; None: none is. Of two that were switched on at once the later."""
    switched = [(row.enabled_at, row.version) for row in rows if row.enabled_at is not None]
    return max(switched)[1] if switched else None


def list_all(connection: Connection) -> list[Row[Any]]:
    """Return all versions without their data, the newest first."""
    return list(connection.execute(select(*_ABOUT).order_by(r.version.desc()).limit(2 * MAX_KEPT)))


def note_reported(connection: Connection, version: int, at: datetime) -> None:
    """Note that somebody was shown the report."""
    first = update(local_readers).where(r.version == version, r.reported_at.is_(None))
    connection.execute(first.values(reported_at=at))


def enable(connection: Connection, version: int, at: datetime) -> None:
    """Switch one version on and all others off."""
    disable(connection)
    connection.execute(update(local_readers).where(r.version == version).values(enabled_at=at))


def disable(connection: Connection) -> None:
    """Switch off whatever is on."""
    versions = [row.version for row in list_all(connection) if row.enabled_at is not None]
    connection.execute(update(local_readers).where(r.version.in_(versions)).values(enabled_at=None))
