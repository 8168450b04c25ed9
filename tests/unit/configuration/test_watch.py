"""A change by one process holds in another within seconds, whatever the database does meanwhile."""

import asyncio
import re

import pytest

from app.configuration.queries import configuration
from app.configuration.watch import LOOK_EVERY_S, ConfigurationWatch, read_at_start
from app.core.clock import SystemClock
from app.core.config import Settings
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.live_settings import LiveSettings
from app.migrations.runner import migrate
from tests.support.backend import HandClock
from tests.support.logs import captured_log


def events(log):
    return re.findall(r"configuration_(?:taken|not_read|refused)", log.getvalue())


@pytest.fixture
async def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'compliance.db'}")
    migrate(db, clock=HandClock())
    yield db
    await db.close()


def add(db, version, mark="", **stored):
    values = {"version": version, "mark": mark or f"m{version}", "at": HandClock().now(), "username": "admin"}
    db.write_sync(lambda connection: configuration.add(connection, {**values, "stored": stored, "changes": []}))


class StepClock(SystemClock):
    """Sleeps until it is told to go on."""

    def __init__(self):
        self.asleep = asyncio.Event()
        self.slept = []
        self._steps = asyncio.Queue()

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.asleep.set()
        await self._steps.get()

    async def step(self):
        """Until the next sleep."""
        self.asleep.clear()
        self._steps.put_nowait(None)
        await self.asleep.wait()


class Flaky:
    """A database that is away as often as it is told to be."""

    def __init__(self, db):
        self._db = db
        self.refusals = 0

    async def read(self, work):
        if self.refusals:
            self.refusals -= 1
            raise DatabaseUnavailable(Failure.UNREACHABLE)
        return await self._db.read(work)


class Slow:
    """A database whose first answer is held back until it is let go."""

    def __init__(self, db):
        self._db = db
        self.has_read, self.let_go = asyncio.Event(), asyncio.Event()

    async def read(self, work):
        found = await self._db.read(work)
        if not self.has_read.is_set():
            self.has_read.set()
            await self.let_go.wait()
        return found


def watch_of(db, clock=None):
    return ConfigurationWatch(db=db, clock=clock or HandClock(), live=LiveSettings(Settings()))


async def test_a_look_takes_what_is_new_and_once(db):
    watch = watch_of(db)
    await watch.look()
    assert watch.live.version == 0
    add(db, 1, scans_per_user=5)
    with captured_log() as log:
        await watch.look()
        await watch.look()
    assert (watch.live.version, watch.live.current.scans_per_user) == (1, 5)
    assert events(log) == ["configuration_taken"]


async def test_a_version_of_a_restored_log_is_told_from_its_namesake(db):
    watch = watch_of(db)
    add(db, 1, scans_per_user=5)
    await watch.look()
    db.write_sync(lambda connection: connection.exec_driver_sql("DELETE FROM configuration_versions"))
    await watch.look()
    assert (watch.live.version, watch.live.current.scans_per_user) == (0, 2)
    add(db, 1, mark="other", scans_per_user=6)
    await watch.look()
    assert watch.live.current.scans_per_user == 6


async def test_an_answer_of_before_a_change_takes_nothing_back_that_a_faster_look_has_taken(db):
    add(db, 1, scans_per_user=5)
    slow = Slow(db)
    slow.has_read.set()
    watch = watch_of(slow)
    await watch.look()
    slow.has_read.clear()
    late = asyncio.create_task(watch.look())
    await slow.has_read.wait()
    add(db, 2, scans_per_user=6)
    await watch.look()
    slow.let_go.set()
    await late
    assert (watch.live.version, watch.live.current.scans_per_user) == (2, 6)


async def test_changes_hold_within_ten_seconds_also_after_the_database_was_away(db):
    clock, flaky = StepClock(), Flaky(db)
    watch = watch_of(flaky, clock)
    running = asyncio.create_task(watch.keep_current())
    await clock.asleep.wait()
    add(db, 1, scans_per_user=5)
    flaky.refusals = 2
    with captured_log() as log:
        await clock.step()
        await clock.step()
    assert watch.live.version == 0
    assert events(log) == ["configuration_not_read"]  # once, not each time
    await clock.step()
    assert watch.live.current.scans_per_user == 5
    assert set(clock.slept) == {LOOK_EVERY_S}
    assert LOOK_EVERY_S < 10
    running.cancel()
    await asyncio.wait([running])


async def test_one_look_that_fails_for_whatever_reason_is_not_the_last(db):
    class Broken(Flaky):
        async def read(self, work):
            if self.refusals:
                self.refusals -= 1
                raise RuntimeError("nobody has thought of it")
            return await self._db.read(work)

    clock, broken = StepClock(), Broken(db)
    broken.refusals = 1
    watch = watch_of(broken, clock)
    add(db, 1, scans_per_user=5)
    with captured_log() as log:
        running = asyncio.create_task(watch.keep_current())
        await asyncio.wait_for(clock.asleep.wait(), 60)
    assert events(log) == ["configuration_not_read"]
    await clock.step()
    assert watch.live.current.scans_per_user == 5
    running.cancel()
    await asyncio.wait([running])


async def test_a_start_has_all_that_is_stored(db, tmp_path):
    add(db, 1, reports_at_once=9)
    live = read_at_start(db, Settings(data_dir=tmp_path))
    assert (live.version, live.current.reports_at_once, live.waits_for_restart("reports_at_once")) == (1, 9, False)


async def test_a_start_without_a_database_or_with_one_of_before_has_the_environment_alone(tmp_path):
    settings = Settings(data_dir=tmp_path)
    db = Database(settings.resolved_database_url)
    assert read_at_start(db, settings).current is settings
    assert not (tmp_path / "compliance.db").exists()
    db.write_sync(lambda connection: connection.exec_driver_sql("CREATE TABLE old (id INTEGER)"))
    assert read_at_start(db, settings).current is settings
    await db.close()


async def test_a_start_with_a_damaged_database_leaves_it_to_the_start_to_say_so(tmp_path):
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "compliance.db").write_bytes(b"no database" * 1_000)
    db = Database(settings.resolved_database_url)
    with captured_log() as log:
        assert read_at_start(db, settings).current is settings
    assert "configuration_not_read" in events(log)
    await db.close()
