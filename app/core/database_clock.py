"""The database's own clock, by which processes agree whose own clocks differ."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from app.core.tables import UtcDateTime


def database_time(connection: Connection) -> datetime:
    """Return its now: on PostgreSQL when the transaction began, on SQLite in whole seconds."""
    now: datetime = connection.execute(select(func.now(type_=UtcDateTime))).scalar_one()
    return now
