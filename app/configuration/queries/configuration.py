"""Versions of what administrators have set. They are added; the oldest go when there are too many."""

from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select

from app.configuration.tables import configuration_versions

MAX_KEPT: Final = 1_000  # versions

v = configuration_versions.c


def newest_mark(connection: Connection) -> str | None:
    """Return what tells the newest version apart from all others; None when there is none."""
    return connection.execute(select(v.mark).order_by(v.version.desc()).limit(1)).scalar()


def newest(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(configuration_versions).order_by(v.version.desc()).limit(1)).first()


def find(connection: Connection, version: int) -> Row[Any] | None:
    return connection.execute(select(configuration_versions).where(v.version == version)).first()


def page(connection: Connection, *, offset: int, limit: int) -> tuple[list[Row[Any]], int]:
    """Return a page without the stored values, the newest first, and how many versions are kept."""
    columns = (v.version, v.at, v.username, v.changes, v.restored_from)
    found: list[Row[Any]] = list(
        connection.execute(select(*columns).order_by(v.version.desc()).offset(offset).limit(limit))
    )
    # There are no holes; each end is read from the index.
    last, first = (connection.execute(select(end(v.version))).scalar() for end in (func.max, func.min))
    return found, 0 if last is None or first is None else last - first + 1


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Add a version. Another with its number is an IntegrityError, for which the unit runs again (`core.db`)."""
    connection.execute(insert(configuration_versions).values(**values))
    connection.execute(delete(configuration_versions).where(v.version <= values["version"] - MAX_KEPT))
