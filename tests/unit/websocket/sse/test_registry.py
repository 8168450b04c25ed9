"""All streams of a process: what the sweep does, and that nothing is kept alive."""

import gc
from datetime import timedelta

import pytest

from app.core.db import Database
from app.core.errors import NotFound, Unavailable
from app.core.metrics import Metrics
from app.core.principal import Principal
from app.domain.messages import MessageCatalog
from app.events.bus.memory import MemoryBus
from app.events.epoch import LogEpoch
from app.events.writer import EventWriter
from app.scans.lifecycle import Lifecycle
from app.websocket.connections.peer_servers import Nowhere
from app.websocket.connections.registry import Registry
from app.websocket.delivery.sweep import Sweep
from app.websocket.sse.registry import StreamRegistry
from app.websocket.state.log_reader import LogReader
from app.websocket.state.snapshot_cache import SnapshotCache
from app.websocket.state.state_reader import StateReader
from tests.support.backend import make_settings
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.following import Following
from tests.support.realtime import until
from tests.support.rows import add_user


def is_let_go(kept):
    """A thread of the database may hold what it has read for one more moment."""
    gc.collect()
    return not kept


class NoFeeds:
    """Of a server on which nobody follows notifications."""

    def begin_sweep(self):
        return ()

    def end_sweep(self, heads, *, restored): ...


class Hall:
    def __init__(self, folder):
        self.clock = FakeClock()
        self.db = Database(f"sqlite:///{folder}/test.db")
        create_tables(self.db)
        self.user = add_user(self.db, self.clock, "mei")
        self.audited = []
        self.following = Following()
        settings = make_settings(folder)
        epoch = LogEpoch(db=self.db)
        reader = StateReader(clock=self.clock, max_snapshot_bytes=1 << 18, epoch=epoch)
        self.streams = StreamRegistry(
            settings=settings,
            db=self.db,
            reader=reader,
            log_reader=LogReader(db=self.db, clock=self.clock, epoch=epoch),
            snapshots=SnapshotCache(db=self.db, reader=reader, clock=self.clock, epoch=epoch),
            epoch=epoch,
            clock=self.clock,
            metrics=Metrics(),
            record=lambda *row, **fields: self.audited.append((row, fields)),
            following=self.following,
            peer_servers=Nowhere(),
        )

        self.sweep = Sweep(
            db=self.db,
            epoch=epoch,
            registry=Registry(MemoryBus()),
            swept=[self.streams],
            feeds=NoFeeds(),
            clock=self.clock,
            interval_s=2,
        )

    async def add_task(self, name="t"):
        lifecycle = Lifecycle(clock=self.clock, texts=MessageCatalog("en"))
        event_writer = EventWriter(db=self.db, bus=MemoryBus())
        await event_writer.write(lifecycle.create(name, user_id=self.user, target_domain="example.org", config={}))
        return name

    def open(self, task="t", *, expires_in_s=3_600, last_seq=1, epoch=None):
        expires_at = self.clock.now() + timedelta(seconds=expires_in_s)
        return self.streams.open(
            task, Principal(self.user, "mei", "user", "s", expires_at), address="a", last_seq=last_seq, epoch=epoch
        )


@pytest.fixture
async def hall(tmp_path):
    found = Hall(tmp_path)
    await found.add_task()
    yield found
    await found.db.close()


async def test_an_expired_token_ends_its_stream(hall):
    _short, _long = await hall.open(expires_in_s=5), await hall.open()
    await hall.sweep.run_once()
    assert [stream.ended for stream in hall.streams] == [None, None]
    hall.clock.advance(6)
    await hall.sweep.run_once()
    assert sorted(str(stream.ended) for stream in hall.streams) == ["None", "token_expired"]


@pytest.mark.parametrize(("epoch", "is_replaced"), [(None, False), ("0", False), ("another", True)])
async def test_a_position_of_another_epoch_is_replaced_by_a_snapshot(hall, epoch, is_replaced):
    """Although the log of this one has come as far."""
    response = await hall.open(epoch=epoch)
    assert (b"task_snapshot" in response._stream._prepared) is is_replaced


async def test_a_response_that_was_never_sent_keeps_nothing(hall):
    response = await hall.open()
    assert len(hall.streams) == 1
    del response
    await until(lambda: is_let_go(hall.streams))
    await hall.sweep.run_once()
    assert hall.streams._by_task == {}


async def test_reader_and_owner_are_followed_while_there_is_a_stream(hall):
    response = await hall.open()
    admin = Principal("admin", "admin", "admin", "s", hall.clock.now() + timedelta(hours=1))
    other = await hall.streams.open("t", admin, address="a", last_seq=1)
    assert hall.following.users == {hall.user: 3, "admin": 1}
    hall.streams._closed(response._stream)
    assert hall.following.users == {hall.user: 1, "admin": 1}
    del other
    await until(lambda: is_let_go(hall.following.users))
    with pytest.raises(NotFound):
        await hall.open("missing")
    assert hall.following.users == {}


async def test_a_missing_task_leaves_nothing_and_is_audited_without_its_name(hall):
    with pytest.raises(NotFound):
        await hall.open("missing")
    assert hall.streams._by_task == {}
    assert hall.audited == [(("stream.open", "denied"), {"user_id": hall.user, "address": "a"})]


async def test_after_the_stop_none_is_opened(hall):
    _response = await hall.open()
    hall.streams.stop()
    assert [stream.ended for stream in hall.streams] == ["restart"]
    with pytest.raises(Unavailable):
        await hall.open()
