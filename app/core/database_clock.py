"""The database's clock, which processes on machines with different clocks share."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from app.core.tables import UtcDateTime


def database_time(connection: Connection) -> datetime:
    """Return its now: on PostgreSQL when the transaction began, on SQLite in whole seconds."""
    now: datetime = connection.execute(select(func.now(type_=UtcDateTime))).scalar_one()
    return now
