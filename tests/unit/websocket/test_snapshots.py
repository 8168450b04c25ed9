"""How many snapshots are read for how many who ask."""

import asyncio

import pytest

from app.websocket.snapshots import SnapshotCache
from tests.support.clock import FakeClock
from tests.support.realtime import Stack, warning

STORM_S = 5.0


@pytest.fixture
async def shared(tmp_path):
    """A task whose snapshots are counted, and the cache."""
    stack, clock = Stack(tmp_path), FakeClock()
    user = stack.add_user("a")
    task = await stack.add_task(user)
    reads = []
    read = stack.manager.reader.snapshot

    def count(connection, task_id, log_tail):
        reads.append(log_tail)
        return read(connection, task_id, log_tail)

    stack.manager.reader.snapshot = count
    yield (
        stack,
        task,
        reads,
        SnapshotCache(db=stack.db, reader=stack.manager.reader, clock=clock, epoch=stack.manager.epoch),
        clock,
    )
    await stack.db.close()


async def test_a_storm_is_served_by_one_read_while_nothing_happens(shared):
    stack, task, reads, cache, clock = shared
    head = await stack.say(task, warning("newest"))
    for _ in range(10):
        found = await asyncio.gather(*(cache.get(task, 200, at_least=head) for _ in range(100)))
        assert {snapshot.seq for snapshot in found} == {head}
        clock.advance(STORM_S / 10)
    assert reads == [200]


async def test_an_event_makes_a_new_one(shared):
    stack, task, reads, cache, _ = shared
    for number in range(3):
        head = await stack.say(task, warning(str(number)))
        assert (await cache.get(task, 200, at_least=head)).seq == head
    assert len(reads) == 3


async def test_where_nobody_knows_the_newest_event_only_one_under_way_is_shared(shared):
    _, task, reads, cache, _ = shared
    await asyncio.gather(*(cache.get(task, 200) for _ in range(20)))
    assert len(reads) == 1
    await cache.get(task, 200)
    assert len(reads) == 2


async def test_what_changes_without_an_event_is_seen_after_a_while(shared):
    stack, task, reads, cache, clock = shared
    head = await stack.say(task, warning("newest"))
    await cache.get(task, 200, at_least=head)
    clock.advance(11)
    await cache.get(task, 200, at_least=head)
    assert len(reads) == 2
