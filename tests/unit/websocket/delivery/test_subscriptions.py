"""Commands that move a position, beside a database that is away and events that come meanwhile."""

import asyncio

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from tests.support.realtime import until, warning


async def lose(*_):
    raise DatabaseUnavailable(Failure.BUSY)


async def test_a_subscription_while_the_database_is_away_changes_nothing_and_says_so(desk, monkeypatch):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    with monkeypatch.context() as broken:
        broken.setattr(stack.db, "read", lose)
        assert not await desk.manager.subscribe_to_task(watcher.connection, task)
    (frame,) = watcher.frames()
    assert frame["error"]["code"] == "server_busy"
    assert watcher.connection.subscriptions == set()


async def test_a_shared_snapshot_is_read_once_for_everybody_who_asks_at_the_same_time(desk):
    stack, user, task = await desk.open_task()
    watchers = [await desk.connect(user) for _ in range(8)]
    reads = 0
    snapshot = stack.manager.reader.snapshot

    def counted(*arguments):
        nonlocal reads
        reads += 1
        return snapshot(*arguments)

    stack.manager.reader.snapshot = counted
    async with asyncio.TaskGroup() as group:
        for watcher in watchers:
            group.create_task(desk.manager.subscribe_to_task(watcher.connection, task))
    assert reads == 1
    assert all(watcher.kinds() == ["subscription_result", "task_snapshot"] for watcher in watchers)


async def test_an_event_between_the_read_and_the_following_does_not_wait_for_the_sweep(desk):
    stack = desk.stack
    owner, admin = stack.add_user("absent"), stack.add_user("root")
    task = await stack.add_task(owner)
    watcher = await desk.connect(f"admin:{admin}")
    reads = stack.db.read

    async def read_and_be_overtaken(work):
        value = await reads(work)
        if watcher.connection.followed == {}:
            await stack.say(task, warning("overtakes"))
            await asyncio.sleep(0)
        return value

    stack.db.read = read_and_be_overtaken
    assert await desk.manager.subscribe_to_task(watcher.connection, task)
    stack.db.read = reads
    await desk.settle()
    frames = watcher.frames()
    assert [frame["type"] for frame in frames] == ["subscription_result", "task_snapshot", "task_warning"]
    assert watcher.subscriber.gaps == 0


async def test_a_connection_that_ends_while_its_task_is_read_follows_nothing(desk):
    """What is put in its name by then, nobody would take out again."""
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    reads = stack.db.read

    async def read_and_be_left(work):
        value = await reads(work)
        watcher.transport.retire()
        return value

    stack.db.read = read_and_be_left
    assert not await desk.manager.subscribe_to_task(watcher.connection, task)
    stack.db.read = reads
    assert watcher.connection.followed == {}


async def test_what_was_read_waits_while_the_connection_takes_nothing(desk):
    """A snapshot in its queue would take the place of events, and end a connection that is slow for a moment."""
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    reads = stack.db.read

    async def read_and_be_filled(work):
        value = await reads(work)
        watcher.transport.stalled = True
        watcher.connection.send(b"{}")
        return value

    stack.db.read = read_and_be_filled
    async with asyncio.TaskGroup() as group:
        subscribing = group.create_task(desk.manager.subscribe_to_task(watcher.connection, task))
        await until(lambda: watcher.connection.drain_waiters)
        assert (len(watcher.connection.outbox), watcher.connection.followed) == (0, {})
        watcher.transport.drain()
    assert subscribing.result()
    stack.db.read = reads
    assert [len(payload) > 2 for payload in watcher.transport.wire][-2:] == [True, True]


async def test_what_still_waited_for_a_subscription_comes_as_notices_after_unsubscribing(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    watcher.transport.stalled = True
    await stack.say(task, warning("fills the socket"))
    await desk.settle()
    await stack.say(task, warning("waits"))
    await desk.settle()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    watcher.transport.drain()
    await desk.settle()
    kinds = [(frame["type"], frame.get("message"), "prev_seq" in frame) for frame in watcher.frames()]
    assert kinds == [
        ("task_warning", "fills the socket", True),
        ("subscription_result", None, False),
        ("task_warning", "waits", False),
    ]
