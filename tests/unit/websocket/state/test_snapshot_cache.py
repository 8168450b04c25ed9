"""How many snapshots are read for how many who ask."""

import asyncio

import pytest

from app.domain.messages import Language
from app.websocket.state.snapshot_cache import SnapshotCache
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

    def count(connection, task_id, log_tail, language):
        reads.append(log_tail)
        return read(connection, task_id, log_tail, language)

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
        found = await asyncio.gather(*(cache.get(task, 200, Language.EN, at_least=head) for _ in range(100)))
        assert {snapshot.seq for snapshot in found} == {head}
        clock.advance(STORM_S / 10)
    assert reads == [200]


async def test_an_event_makes_a_new_one(shared):
    stack, task, reads, cache, _ = shared
    for number in range(3):
        head = await stack.say(task, warning(str(number)))
        assert (await cache.get(task, 200, Language.EN, at_least=head)).seq == head
    assert len(reads) == 3


async def test_where_nobody_knows_the_newest_event_only_one_under_way_is_shared(shared):
    _, task, reads, cache, _ = shared
    await asyncio.gather(*(cache.get(task, 200, Language.EN) for _ in range(20)))
    assert len(reads) == 1
    await cache.get(task, 200, Language.EN)
    assert len(reads) == 2


async def test_what_changes_without_an_event_is_seen_after_a_while(shared):
    stack, task, reads, cache, clock = shared
    head = await stack.say(task, warning("newest"))
    await cache.get(task, 200, Language.EN, at_least=head)
    clock.advance(11)
    await cache.get(task, 200, Language.EN, at_least=head)
    assert len(reads) == 2


async def test_a_snapshot_that_was_begun_before_an_event_is_not_given_as_one_after_it(desk):
    stack, _user, task = await desk.open_task()
    snapshots = desk.dispatcher.catch_ups.snapshots
    reads, held, has_read = stack.db.read, asyncio.Event(), asyncio.Event()

    async def wait_with_the_result(work):
        result = await reads(work)
        has_read.set()
        await held.wait()
        return result

    stack.db.read = wait_with_the_result
    early = asyncio.create_task(snapshots.get(task, 0, Language.EN, at_least=2))
    await has_read.wait()
    last = await stack.say(task, warning())
    late = asyncio.create_task(snapshots.get(task, 0, Language.EN, at_least=last))
    await asyncio.sleep(0.005)
    held.set()
    assert ((await early).seq, (await late).seq) == (2, last)
    stack.db.read = reads
