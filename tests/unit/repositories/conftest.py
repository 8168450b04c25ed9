import pytest

from app.core.db import Database
from app.models import metadata
from tests.support.clock import FakeClock


@pytest.fixture
async def db(database_url):
    database = Database(database_url)
    metadata.create_all(database.engine)
    yield database
    await database.close()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def run(db):
    """Run one query or change in a transaction of its own."""
    return lambda function, *arguments, **named: db.write_sync(lambda c: function(c, *arguments, **named))
