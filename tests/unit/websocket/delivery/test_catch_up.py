"""Those that are behind, whatever happens to the log, the task or the socket meanwhile."""

import asyncio

import pytest
from sqlalchemy import delete, update

from app.core.db import DatabaseDamaged, DatabaseUnavailable
from app.core.db_backend import Failure
from app.events.tables import scan_tasks, task_events
from app.events.types import Statistics
from app.websocket.connections.connection import PAGE_BYTES
from tests.support.realtime import until, warning


async def lose(*_):
    raise DatabaseUnavailable(Failure.BUSY)


async def damaged(*_):
    raise DatabaseDamaged


async def turns(count):
    """Let what is under way go on, as far as it can without the socket."""
    for _ in range(count):
        await asyncio.sleep(0.001)


async def test_a_catch_up_that_fails_goes_on_with_the_next_sweep(desk, monkeypatch):
    stack, user, task = await desk.open_task()
    last = await stack.say(task, warning("one"), warning("two"))
    await desk.settle()  # the hint is heard by nobody
    watcher = await desk.connect(user)
    with monkeypatch.context() as broken:
        broken.setattr(desk.dispatcher.log_reader, "shared_rows", lose)
        assert await desk.manager.subscribe_to_task(watcher.connection, task, last_seq=2)
        await desk.settle()
        assert watcher.kinds() == ["subscription_result"]
    watcher.subscriber.last = 2
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert [frame["seq"] for frame in watcher.frames()] == [3, last]
    assert watcher.subscriber.gaps == 0


async def test_who_needs_what_is_damaged_is_told_so_and_follows_no_longer(desk, monkeypatch):
    """The sweep would start it again for ever, and the client would wait."""
    stack, user, task = await desk.open_task()
    last = await stack.say(task, warning("one"), warning("two"))
    await desk.settle()
    behind, live = await desk.connect(user), await desk.connect(user)
    await desk.follow(live, task)
    monkeypatch.setattr(desk.dispatcher.log_reader, "shared_rows", damaged)
    assert await desk.manager.subscribe_to_task(behind.connection, task, last_seq=2)
    await desk.settle()
    placed, ended = behind.frames()
    assert placed["success"]
    assert (ended["type"], ended["task_id"], ended["action"]) == ("subscription_result", task, "unsubscribe")
    assert (ended["success"], ended["error"]["code"], "id" in ended) == (True, "database_damaged", False)
    assert (task in behind.connection.followed, task in live.connection.followed) == (False, True)
    monkeypatch.setattr(desk.dispatcher.log_reader, "page", damaged)
    desk.dispatcher.channels[task].raise_target(last + 1)
    desk.dispatcher._pull_if_behind(desk.dispatcher.channels[task])
    await desk.settle()
    assert [frame["error"]["code"] for frame in live.frames()] == ["database_damaged"]
    assert not live.connection.followed
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert behind.frames() == live.frames() == []


async def test_unfollowing_behind_the_live_events_sends_the_notices_between(desk):
    stack, user, task = await desk.open_task()
    watcher, level = await desk.connect(user), await desk.connect(user)
    await desk.follow(level, task)
    await desk.follow(watcher, task)
    watcher.transport.stalled = True
    desk.dispatcher.channels[task].hold(watcher.connection.followed[task])  # as one that is still catching up
    await stack.say(task, stack.lines("x"), warning("between"))
    await desk.settle()
    watcher.transport.drain()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    frames = watcher.frames()
    assert [frame["type"] for frame in frames] == ["subscription_result", "task_warning"]
    assert "prev_seq" not in frames[1]
    await stack.say(task, warning("later"))
    await desk.settle()
    assert [frame["message"] for frame in watcher.frames()] == ["later"]


@pytest.mark.parametrize("length", [1, PAGE_BYTES // 3])  # all in one write, or a part of what was read
async def test_a_catch_up_ends_when_the_task_is_no_longer_followed(desk, length):
    stack, user, task = await desk.open_task()
    await stack.say(task, *[warning(str(number) * length) for number in range(8)])
    watcher = await desk.connect(user)
    watcher.subscriber.last = 2
    assert await desk.manager.subscribe_to_task(watcher.connection, task, last_seq=2)
    watcher.transport.stalled = True
    await until(lambda: watcher.transport.paused)  # what it needs is read in a thread
    watcher.frames()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    watcher.transport.drain()
    await desk.settle()
    frames = watcher.frames()
    assert frames[0]["type"] == "subscription_result"
    assert not [frame for frame in frames if "prev_seq" in frame]


async def test_unsubscribing_far_behind_sends_all_notices_between(desk):
    stack, user, task = await desk.open_task()
    watcher, other = await desk.connect(user), await desk.connect(user)
    await desk.follow(other, task)
    await desk.follow(watcher, task)
    desk.dispatcher.channels[task].hold(watcher.connection.followed[task])  # as one that is still catching up
    for _ in range(5):
        await stack.say(task, *[warning() for _ in range(90)])
    await desk.settle()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    notices = [frame["seq"] for frame in watcher.frames() if frame["type"] == "task_warning"]
    assert notices == list(range(3, 453))


async def test_what_came_as_a_notice_before_the_task_was_followed_comes_as_none_afterwards(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await stack.say(task, warning("told already"))
    await desk.settle()
    told = [frame["seq"] for frame in watcher.frames() if frame["type"] == "task_warning"]
    assert await desk.manager.subscribe_to_task(watcher.connection, task, last_seq=told[0] - 1)
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)  # before the replay has left
    await stack.say(task, warning("later"))
    await desk.settle()
    frames = watcher.frames()
    assert [frame["type"] for frame in frames] == ["subscription_result", "subscription_result", "task_warning"]
    assert frames[2]["message"] == "later"


async def test_a_subscription_that_needs_a_snapshot_of_a_deleted_task_is_told(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    channel, subscriber = desk.dispatcher.channels[task], watcher.connection.followed[task]
    channel.hold(subscriber)
    subscriber.needs_snapshot = True  # as after its rows were pruned
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
    await stack.event_writer.write(stack.lifecycle.delete(task, by="a"))
    await desk.settle()
    for _ in range(2):
        await desk.manager.sweep.run_once()
        await desk.settle()
    assert [frame["type"] for frame in watcher.frames()] == ["task_deleted"]
    assert watcher.connection.subscriptions == set()


async def test_who_follows_a_log_that_went_back_before_the_sweep_saw_it_gets_few_snapshots(desk):
    stack, user, task = await desk.open_task()
    watcher, late = await desk.connect(user), await desk.connect(user)
    await desk.follow(watcher, task)
    await stack.say(task, *[warning() for _ in range(5)])
    await desk.settle()
    watcher.frames()

    def restore(connection):
        connection.execute(delete(task_events).where(task_events.c.seq > 3))
        connection.execute(update(scan_tasks).values(last_seq=3))

    stack.db.write_sync(restore)
    assert await desk.manager.subscribe_to_task(late.connection, task)
    await turns(100)
    assert 1 <= late.kinds().count("task_snapshot") <= 2
    assert watcher.kinds() == ["task_snapshot"]
    await stack.say(task, warning("goes on"))
    await desk.settle()
    for each in (watcher, late):
        (frame,) = each.frames()
        assert (frame["seq"], frame["prev_seq"]) == (4, 3)
