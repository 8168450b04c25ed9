"""When lists are updated, and what becomes of it, over a real database; the update itself is told what to say."""

import asyncio
import os
from hashlib import sha256

import pytest
from sqlalchemy.exc import StatementError

from app.core.config import Settings
from app.core.db import Database
from app.core.lease import SoleProcess
from app.core.live_settings import LiveSettings
from app.domain.reputation_lists import ListFault, ListUpdate, read_definitions
from app.lists import queries as lists
from app.lists.files import ListFiles
from app.lists.service import list_states
from app.lists.updater import LOOK_S, ListUpdater
from app.migrations.runner import migrate
from tests.support.clock import FakeClock
from tests.support.logs import captured_log

HOUR = 3_600
FEED = "feed=https://lists.example/a.txt class=fraud"
FINE = "fine=https://lists.example/fine.txt kind=allow"


class Source:
    """Remembers the orders, and says what it was told for each list."""

    def __init__(self, folder):
        self.folder = folder
        self.orders = []
        self.says = {}

    async def __call__(self, order, settings):
        self.orders.append(order)
        said = self.says.get(order.definition.name, b"first")
        said = said() if callable(said) else said
        if isinstance(said, ListUpdate):
            return said
        digest = sha256(said).hexdigest()
        if order.known_sha256 == digest:
            return ListUpdate(etag='"same"')
        if len(said) * 2 < order.known_entries:
            return ListUpdate(fault=ListFault.SHRUNK, detail=f"{len(said)}/{order.known_entries}")
        (self.folder / digest).write_bytes(said)
        return ListUpdate(
            is_new=True,
            etag='"e"',
            layout="auto",
            sha256=digest,
            file_sha256=digest,
            entries=len(said),
            date="2026-11-20",
        )

    def names(self):
        """Of the lists that were asked for since the last call."""
        names = [order.definition.name for order in self.orders]
        self.orders.clear()
        return names


class World:
    """An updater with its surroundings."""

    def __init__(self, db, tmp_path, *entries, **settings):
        self.db = db
        self.clock = FakeClock()
        self.live = LiveSettings(Settings(data_dir=tmp_path, **settings))
        self.set_lists(*entries)
        self.files = ListFiles(db=db, data_dir=tmp_path, shared=False)
        self.source = Source(self.files.folder)
        self.counted = {}
        self.updater = self.make_updater()

    def make_updater(self, **parts):
        return ListUpdater(
            db=self.db,
            clock=self.clock,
            settings=self.live,
            files=self.files,
            update=self.source,
            lease=parts.get("lease", SoleProcess()),
            on_update=lambda definition, fault, entries: self.counted.update({definition.name: (fault, entries)}),
            chance=lambda: 0.5,
        )

    def set_lists(self, *entries):
        self.live.apply(1, {"reputation_lists": list(entries)})

    async def look(self, after=0.0):
        self.clock.advance(after)
        await self.updater.look()
        return self.source.names()

    def take(self, entries):
        """As an administrator does. Return whether the list has shrunk to that."""
        (key,) = [one.key for one in read_definitions([FEED])]
        return self.db.write_sync(lambda c: lists.take_shrunk(c, key, entries))

    def states(self):
        found = self.db.read_sync(lambda c: list_states(c, self.live.current.reputation_lists))
        return {state.definition.name: state for state in found}


@pytest.fixture
async def make_world(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'compliance.db'}")
    migrate(db, clock=FakeClock())
    yield lambda *entries, **settings: World(db, tmp_path, *entries, **settings)
    await db.close()


async def test_a_list_is_fetched_at_once_and_then_on_its_schedule(make_world):
    world = make_world(FEED)
    assert await world.look() == ["feed"]
    assert await world.look(HOUR - 1) == []
    assert await world.look(1) == ["feed"]
    state = world.states()["feed"]
    assert (state.version.entries, state.version.list_date, state.last.fault) == (5, "2026-11-20", None)
    assert state.last.checked_at == world.clock.now()
    assert world.counted == {"feed": (None, 5)}


async def test_the_schedule_is_a_setting_and_has_a_jitter(make_world):
    world = make_world(FEED, reputation_lists_interval_s=600)
    world.updater.chance = lambda: 1.0
    await world.look()
    assert await world.look(600 * 1.1 - 1) == []
    world.updater.chance = lambda: 0.0
    assert await world.look(1) == ["feed"]
    assert await world.look(600 * 0.9) == ["feed"]


async def test_what_is_known_of_the_source_goes_with_the_next_question(make_world):
    world = make_world(FEED)
    await world.updater.look()
    (first,) = world.source.orders
    assert (first.etag, first.known_sha256, first.known_entries) == ("", "", 0)
    world.source.names()
    world.clock.advance(HOUR)
    await world.updater.look()
    (second,) = world.source.orders
    assert (second.etag, second.known_sha256, second.known_entries) == ('"e"', sha256(b"first").hexdigest(), 5)
    assert world.states()["feed"].version.etag == '"same"'


@pytest.mark.parametrize("fault", list(ListFault))
async def test_no_fault_takes_the_last_good_version_away(make_world, fault):
    world = make_world(FEED)
    await world.look()
    version = world.states()["feed"].version
    world.source.says["feed"] = ListUpdate(fault=fault, detail="404")
    with captured_log() as log:
        await world.look(HOUR)
    state = world.states()["feed"]
    assert state.version == version
    assert (state.last.fault, state.last.detail, state.last.failing_since) == (fault, "404", world.clock.now())
    assert world.counted == {"feed": (fault, 5)}
    assert "list_not_updated" in log.getvalue()


async def test_a_source_that_fails_is_asked_again_after_pauses_that_grow(make_world):
    world = make_world(FEED)
    world.source.says["feed"] = ListUpdate(fault=ListFault.STATUS)
    since = world.clock.now()
    await world.look()
    for pause in (60, 120, 240, 480, 960, 1_920, HOUR, HOUR):
        assert await world.look(pause - 1) == []
        assert await world.look(1) == ["feed"]
    assert world.states()["feed"].last.failing_since == since
    world.source.says["feed"] = b"well again"
    assert await world.look(HOUR) == ["feed"]
    state = world.states()["feed"]
    assert (state.last.fault, state.last.failing_since, state.version.entries) == (None, None, 10)


async def test_a_restart_asks_nobody_before_the_time(make_world):
    world = make_world(FEED)
    await world.look()
    world.clock.advance(HOUR / 2)
    world.updater = world.make_updater()
    assert await world.look() == []
    assert await world.look(HOUR / 2) == ["feed"]


async def test_a_restart_asks_at_once_for_a_list_that_failed(make_world):
    """How often it has failed in a row, nobody knows any more; until the next time, a day may pass."""
    world = make_world(FEED)
    world.source.says["feed"] = ListUpdate(fault=ListFault.SHRUNK, detail="40/100")
    assert await world.look() == ["feed"]
    world.clock.advance(1)
    world.updater = world.make_updater()
    assert await world.look() == ["feed"]


async def test_a_version_whose_file_was_lost_is_fetched_whole(make_world):
    world = make_world(FEED)
    await world.look()
    (world.files.folder / world.states()["feed"].version.file_sha256).unlink()
    await world.updater.look()
    (order,) = world.source.orders
    assert (order.etag, order.known_sha256) == ("", "")
    assert world.files.find(world.states()["feed"].version.file_sha256).exists()


async def test_block_lists_wait_for_allow_lists_and_are_judged_anew_when_these_change(make_world):
    world = make_world(FEED, FINE)
    await world.updater.look()
    allow, block = world.source.orders
    assert (allow.definition.name, allow.allow_files) == ("fine", ())
    assert block.allow_files == (str(world.files.folder / sha256(b"first").hexdigest()),)
    world.source.names()
    world.source.says["fine"] = b"second"
    world.clock.advance(HOUR)
    await world.updater.look()
    assert world.source.orders[1].allow_files == (str(world.files.folder / sha256(b"second").hexdigest()),)
    assert world.source.orders[1].known_sha256 == ""  # it was judged by another allow list
    world.source.names()
    world.set_lists(FEED)
    assert await world.look() == ["feed"]


async def test_a_block_list_is_not_read_while_the_file_of_an_allow_list_is_lost(make_world):
    world = make_world(FEED, FINE)
    await world.look()
    world.source.says["fine"] = ListUpdate(fault=ListFault.STATUS)
    (world.files.folder / world.states()["fine"].version.file_sha256).unlink()
    world.source.says["feed"] = b"new"
    await world.look(HOUR)
    assert world.states()["feed"].last.fault == ListFault.FAILED


async def test_a_file_is_read_again_as_soon_as_it_changes(make_world, tmp_path):
    world = make_world("own=own.txt")
    path = tmp_path / "lists.d" / "own.txt"
    path.parent.mkdir()
    path.write_text("a.example\n")
    assert await world.look() == ["own"]
    assert await world.look(LOOK_S) == []
    path.write_text("a.example\nb.example\n")
    assert await world.look(LOOK_S) == ["own"]
    os.utime(path, (1, 1))
    await world.updater.look()
    assert world.source.orders[0].path == str(path)
    world.source.names()
    assert await world.look(9 * HOUR) == []


async def test_a_file_that_is_not_there_is_looked_for_again(make_world, tmp_path):
    world = make_world(f"own={tmp_path}/own.txt")
    world.source.says["own"] = ListUpdate(fault=ListFault.MISSING)
    assert await world.look() == ["own"]
    assert await world.look(LOOK_S) == []
    (tmp_path / "own.txt").write_text("a.example\n")
    assert await world.look(LOOK_S) == ["own"]


async def test_a_file_that_was_being_written_is_read_again_at_the_next_look(make_world, tmp_path):
    (tmp_path / "own.txt").write_text("a.example\n")
    world = make_world(f"own={tmp_path}/own.txt")
    world.source.says["own"] = ListUpdate(fault=ListFault.CHANGING)
    assert await world.look() == ["own"]
    assert await world.look(LOOK_S) == ["own"]


async def test_a_list_that_leaves_the_setting_is_forgotten_and_its_version_kept_for_scans(make_world):
    world = make_world()
    world.set_lists(FEED)
    await world.look()
    file = world.files.folder / world.states()["feed"].version.file_sha256
    world.source.says["other"] = b"another"
    world.set_lists("other=https://lists.example/b.txt")
    assert await world.look(LOOK_S) == ["other"]
    keys = [one.key for one in read_definitions([FEED])]
    assert world.db.read_sync(lambda c: (lists.in_effect(c, keys), lists.states(c, keys))) == ({}, {})
    assert file.exists()
    world.clock.advance(HOUR)
    os.utime(file, (1, 1))
    await world.look()
    assert not file.exists()


async def test_one_alone_updates(make_world):
    class Nobodys(SoleProcess):
        async def is_held(self):
            return False

    world = make_world(FEED)

    class Looking(FakeClock):
        looks = 0

        async def sleep(self, seconds):
            self.looks += 1
            if self.looks == 3:
                raise asyncio.CancelledError

    for lease, asked in ((Nobodys(), []), (SoleProcess(), ["feed"])):
        world.clock = Looking()
        with pytest.raises(asyncio.CancelledError):
            await world.make_updater(lease=lease).keep_current()
        assert world.source.names() == asked


async def test_a_look_that_fails_is_not_the_last(make_world):
    world = make_world(FEED)
    calls = []

    class Lease(SoleProcess):
        async def is_held(self):
            calls.append(1)
            if len(calls) == 1:
                raise RuntimeError("broken")
            raise asyncio.CancelledError

    with captured_log() as log, pytest.raises(asyncio.CancelledError):
        await world.make_updater(lease=Lease()).keep_current()
    assert "lists_not_looked_at" in log.getvalue()


async def test_a_list_that_cannot_be_kept_is_not_fetched_at_each_look_and_stops_no_other(make_world):
    world = make_world(FEED, "other=https://lists.example/b.txt")
    world.source.says["feed"] = ListUpdate(is_new=True, refused={"local_name": object()})  # no database takes that
    with pytest.raises(StatementError):
        await world.look()
    assert world.source.names() == ["feed"]
    assert await world.look(LOOK_S) == ["other"]
    assert await world.look(LOOK_S) == []
    with pytest.raises(StatementError):
        await world.look(60)


@pytest.fixture
async def shrunk(make_world):
    """A world whose list has shrunk from 100 to 40 entries, which are not used."""
    world = make_world(FEED)
    world.source.says["feed"] = b"x" * 100
    await world.look()
    world.source.says["feed"] = b"x" * 40
    await world.look(HOUR)
    assert world.states()["feed"].shrunk_to == 40
    return world


async def test_a_list_that_has_shrunk_is_used_within_seconds_once_somebody_takes_it(shrunk):
    assert await shrunk.look(LOOK_S) == []
    assert shrunk.take(40)
    assert shrunk.states()["feed"].is_taken
    assert await shrunk.look(LOOK_S) == ["feed"]
    state = shrunk.states()["feed"]
    assert (state.version.entries, state.last.fault, state.shrunk_to, state.is_taken) == (40, None, None, False)
    assert await shrunk.look(LOOK_S) == []


async def test_what_has_shrunk_to_another_number_is_not_taken(shrunk):
    assert not shrunk.take(4)
    assert not shrunk.take(400)
    assert await shrunk.look(LOOK_S) == []


async def test_what_shrinks_further_after_it_was_taken_is_not_used_and_waits_again(shrunk):
    shrunk.source.says["feed"] = b"x" * 19
    shrunk.take(40)
    assert await shrunk.look(LOOK_S) == ["feed"]
    state = shrunk.states()["feed"]
    assert (state.version.entries, state.shrunk_to, state.is_taken) == (100, 19, False)
    assert await shrunk.look(LOOK_S) == []


async def test_what_was_taken_stays_so_while_the_source_is_away_which_is_asked_after_its_pauses(shrunk):
    shrunk.source.says["feed"] = ListUpdate(fault=ListFault.STATUS, detail="503")
    shrunk.take(40)
    assert await shrunk.look(LOOK_S) == ["feed"]
    assert await shrunk.look(LOOK_S) == []
    shrunk.source.says["feed"] = b"x" * 40
    assert await shrunk.look(240) == ["feed"]
    assert shrunk.states()["feed"].version.entries == 40


async def test_a_restart_knows_what_was_taken(shrunk):
    shrunk.take(40)
    shrunk.updater = shrunk.make_updater()
    assert await shrunk.look() == ["feed"]
    assert shrunk.states()["feed"].version.entries == 40


async def test_what_is_taken_while_an_update_is_under_way_is_not_forgotten(shrunk):
    def taken_meanwhile():
        shrunk.take(40)
        return ListUpdate(fault=ListFault.SHRUNK, detail="40/100")

    shrunk.source.says["feed"] = taken_meanwhile
    assert await shrunk.look(60) == ["feed"]
    shrunk.source.says["feed"] = b"x" * 40
    assert await shrunk.look(LOOK_S) == ["feed"]
    assert shrunk.states()["feed"].version.entries == 40
