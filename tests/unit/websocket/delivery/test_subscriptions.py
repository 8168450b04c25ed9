"""Commands that move a position, beside a database that is away and events that come meanwhile."""

import asyncio
from dataclasses import replace

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.domain.task_row import TaskRow
from app.events.tables import scan_tasks
from app.sites.queries import sites
from tests.support.realtime import until, warning
from tests.support.rows import add_site


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


# Keys that are for one group of sites


async def of_group(desk, user):
    """A connection with a key of the group North, and the id of the site there whose tasks it may follow."""
    site_id = add_site(desk.stack.db, desk.stack.clock, user, "example.org", "North")
    watcher = await desk.connect(user)
    watcher.connection.principal = replace(watcher.connection.principal, key_id="k", group="North")
    return watcher, site_id


async def test_a_site_that_leaves_the_group_before_its_scan_is_followed_ends_the_connection(desk):
    """The hint comes when the look at the group is over, and nothing is followed yet."""
    stack, user, task = await desk.open_task()
    watcher, site_id = await of_group(desk, user)
    reads = stack.db.read

    async def read_and_leave(work):
        value = await reads(work)
        if isinstance(value, TaskRow):
            stack.db.write_sync(lambda c: sites.change(c, site_id, {"group_name": None}, None))
            stack.db.read = reads
            desk.manager.revocation.on_hint(user)
            await desk.settle()
            assert not watcher.transport.closed
        return value

    stack.db.read = read_and_leave
    assert await desk.manager.subscribe_to_task(watcher.connection, task)
    await desk.settle()
    assert watcher.transport.closed_with == (4500, "role_changed")


async def test_a_resumed_subscription_is_refused_when_the_site_has_left_the_group(desk):
    stack, user, task = await desk.open_task()
    watcher, site_id = await of_group(desk, user)
    await desk.follow(watcher, task)
    stack.db.write_sync(lambda c: sites.change(c, site_id, {"group_name": "South"}, None))
    assert not await desk.manager.subscriptions.resume(watcher.connection, task, 1, None, None)
    assert watcher.frames()[-1]["error"]["code"] == "not_found"


async def test_with_a_key_of_a_group_nothing_comes_of_what_is_not_followed(desk):
    stack, user, task = await desk.open_task()
    watcher, _ = await of_group(desk, user)
    other = await stack.add_task(user)
    await desk.follow(watcher, task)
    watcher.transport.stalled = True
    await stack.say(task, warning("fills the socket"))
    await desk.settle()
    await stack.say(task, warning("waits"))
    await stack.say(other, warning("of another scan"))
    await desk.settle()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    await stack.say(task, warning("later"))
    stack.db.write_sync(lambda c: c.execute(scan_tasks.delete()) and None)
    await desk.manager.sweep.run_once()
    watcher.transport.drain()
    await desk.settle()
    assert [frame.get("message") for frame in watcher.frames()] == ["fills the socket", None]
