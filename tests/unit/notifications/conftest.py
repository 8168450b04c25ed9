"""A world of scans and rules on each kind of database."""

from collections.abc import AsyncIterator

import pytest

from app.core.db import Database
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.notified import NotifiedWorld


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def world(database_url: str, clock: FakeClock) -> AsyncIterator[NotifiedWorld]:
    db = Database(database_url, busy_timeout_s=30)
    create_tables(db)
    yield NotifiedWorld(db, clock)
    await db.close()
