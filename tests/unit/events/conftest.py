import pytest

from app.core.db import Database
from app.events.bus.memory import MemoryBus
from app.events.journal import Journal
from app.models import metadata
from app.services.lifecycle import Lifecycle
from app.services.texts import Texts
from tests.support.clock import FakeClock
from tests.support.rows import add_user


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def db(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/test.db", busy_timeout_s=0.2)
    metadata.create_all(database.engine)
    yield database
    await database.close()


@pytest.fixture
def bus():
    return MemoryBus()


@pytest.fixture
def journal(db, bus):
    return Journal(db=db, bus=bus)


@pytest.fixture
def lifecycle(clock):
    return Lifecycle(clock=clock, texts=Texts("en"))


@pytest.fixture
def user_id(db, clock):
    return add_user(db, clock, "owner")
