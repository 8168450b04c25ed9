"""What browser workers read of the stored settings, and where from."""

from collections.abc import Iterator

import pytest

from app.configuration import browser_settings
from app.configuration.queries import configuration
from app.configuration.watch import ConfigurationWatch, read_at_start
from app.core.config import Settings
from app.core.db import Database
from app.core.live_settings import LiveSettings
from tests.support.backend import HandClock
from tests.support.postgres import Cluster

pytestmark = pytest.mark.system
ROLE = "reading"
NAMES = ("blocked_targets", "host_busy_s")
STORED = {"blocked_targets": ["oa.corp.test"], "default_max_pages": 7}


@pytest.fixture
def db(postgres: Cluster, postgres_database: str) -> Iterator[Database]:
    db = Database(postgres_database)
    with postgres.connection(postgres_database.rpartition("/")[2]) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN")
        yield db
        db.close_sync()
        connection.execute(f"DROP FUNCTION IF EXISTS {browser_settings.FUNCTION}()")
        connection.execute(f"DROP OWNED BY {ROLE}")
        connection.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def reading(postgres_database: str) -> Iterator[Database]:
    """The same database for the role."""
    db = Database(postgres_database.replace("://postgres@", f"://{ROLE}@"))
    yield db
    db.close_sync()


def add(db, version, **stored):
    values = {"version": version, "mark": f"m{version}", "at": HandClock().now(), "username": "admin", "changes": []}
    db.write_sync(lambda connection: configuration.add(connection, {**values, "stored": stored}))


def offer(db):
    db.write_sync(lambda c: browser_settings.offer(c, schema="public", role=ROLE, names=NAMES))


def settings_of(db):
    return Settings(database_url=db.url, redis_url="redis://127.0.0.1:1/0")


def test_the_newest_version_is_shown_with_the_named_settings_alone(db, reading):
    offer(db)
    assert reading.read_sync(browser_settings.is_offered)
    assert reading.read_sync(browser_settings.newest) is None
    assert reading.read_sync(browser_settings.newest_mark) is None
    add(db, 1, host_busy_s=5)
    add(db, 2, **STORED)
    row = reading.read_sync(browser_settings.newest)
    assert (row.version, row.mark, row.stored) == (2, "m2", {"blocked_targets": ["oa.corp.test"]})
    assert reading.read_sync(browser_settings.newest_mark) == "m2"


def test_a_role_that_is_not_named_cannot_call_it(db, reading, postgres, postgres_database):
    offer(db)
    with postgres.connection(postgres_database.rpartition("/")[2]) as connection:
        connection.execute(f"REVOKE EXECUTE ON FUNCTION {browser_settings.FUNCTION}() FROM {ROLE}")
    assert not reading.read_sync(browser_settings.is_offered)


async def test_a_browser_worker_takes_them_at_its_start_and_later(db, reading):
    offer(db)
    add(db, 1, **STORED)
    live = read_at_start(reading, settings_of(db), for_rendering=True)
    assert live.current.blocked_targets == ("oa.corp.test",)
    watch = ConfigurationWatch(db=reading, clock=HandClock(), live=live, for_rendering=True)
    add(db, 2, blocked_targets=["ehr.corp.test"])
    await watch.look()
    assert (live.version, live.current.blocked_targets) == (2, ("ehr.corp.test",))


async def test_a_browser_worker_with_the_role_of_the_program_reads_the_table_where_there_is_no_function(db):
    add(db, 1, **STORED)
    live = read_at_start(db, settings_of(db), for_rendering=True)
    assert live.current.default_max_pages == 7
    live = LiveSettings(settings_of(db))
    await ConfigurationWatch(db=db, clock=HandClock(), live=live, for_rendering=True).look()
    assert live.current.blocked_targets == ("oa.corp.test",)
