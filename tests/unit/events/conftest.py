import pytest

from app.core.db import Database
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from tests.support.databases import create_tables
from tests.support.rows import add_user


@pytest.fixture
async def db(database_url):
    database = Database(database_url, busy_timeout_s=30)
    create_tables(database)
    yield database
    await database.close()


@pytest.fixture
def bus():
    return MemoryBus()


@pytest.fixture
def event_writer(db, bus):
    return EventWriter(db=db, bus=bus)


@pytest.fixture
def lifecycle(clock):
    return Lifecycle(clock=clock, texts=MessageCatalog("en"))


@pytest.fixture
def user_id(db, clock):
    return add_user(db, clock, "owner")
