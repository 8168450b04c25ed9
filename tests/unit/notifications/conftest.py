"""A world of scans and rules on each kind of database."""

from collections.abc import AsyncIterator

import pytest

from app.compose.tables import metadata
from app.core.db import Database
from tests.support.clock import FakeClock
from tests.support.notified import NotifiedWorld


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def world(database_url: str, clock: FakeClock) -> AsyncIterator[NotifiedWorld]:
    db = Database(database_url, busy_timeout_s=30)
    metadata.create_all(db.engine)
    yield NotifiedWorld(db, clock)
    await db.close()
