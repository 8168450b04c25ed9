"""Waits until a transaction of a PostgreSQL waits for the lock of another."""

from sqlalchemy import text

from app.core.db import Database
from tests.support.realtime import until

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


async def until_locked_out(db: Database) -> None:
    await until(lambda: bool(db.read_sync(lambda c: c.execute(WAITING).scalar_one())))
