"""Feeds, catch-ups and the sweep where the ordinary way is closed."""

import asyncio

from sqlalchemy import delete, update

from app.core.db import DatabaseUnavailable
from app.events.bus.base import TaskHint
from app.events.types import Statistics
from app.models import scan_tasks, task_events
from tests.support.realtime import warning


async def lose(*_):
    raise DatabaseUnavailable("the database is busy")


async def test_a_log_that_went_back_gives_everybody_a_snapshot(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    last = await stack.say(task, warning(), warning())
    await desk.settle()

    def restore(connection):
        connection.execute(delete(task_events).where(task_events.c.seq > 3))
        connection.execute(update(scan_tasks).values(last_seq=3))

    stack.db.write_sync(restore)
    await desk.delivery.sweep()
    await desk.settle()
    assert watcher.kinds() == ["task_warning", "task_warning", "task_snapshot"]
    assert (watcher.follower.last, last) == (3, 4)
    await stack.say(task, warning("goes on"))
    await desk.settle()
    assert watcher.frames()[-1]["prev_seq"] == 3


async def test_a_task_whose_row_is_gone_is_told_as_deleted_without_a_seq(desk):
    stack, user, task = await desk.open_task()
    follower, other = await desk.connect(user), await desk.connect(user)
    await desk.follow(follower, task)
    stack.db.write_sync(lambda c: c.execute(delete(scan_tasks)) and None)
    await desk.delivery.sweep()
    for watcher in (follower, other):
        (frame,) = watcher.frames()
        assert (frame["type"], frame["task_id"], "seq" in frame) == ("task_deleted", task, False)
    assert desk.delivery.feeds == {}
    assert follower.connection.subscriptions == set()


async def test_a_purge_after_the_deletion_is_not_told_again(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    await stack.journal.write(stack.lifecycle.complete(task, 1, Statistics()))
    await stack.journal.write(stack.lifecycle.delete(task, by="a"))
    await desk.settle()
    assert watcher.kinds() == ["task_completed", "task_deleted"]
    stack.db.write_sync(lambda c: c.execute(delete(scan_tasks)) and None)
    await desk.delivery.sweep()
    assert watcher.frames() == []
    assert watcher.connection.subscriptions == set()


async def test_rows_pruned_under_a_live_follower_become_a_snapshot(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    desk.bus_is_dead = True
    await stack.say(task, *[warning() for _ in range(5)])

    def prune(connection):
        connection.execute(delete(task_events).where(task_events.c.seq < 6))
        connection.execute(update(scan_tasks).values(min_seq=6))

    stack.db.write_sync(prune)
    await desk.delivery.sweep()
    await desk.settle()
    assert watcher.kinds() == ["task_snapshot"]
    assert watcher.follower.last == 7
    assert watcher.follower.gaps == 0


async def test_a_retry_unseen_while_the_bus_is_dead_is_noticed_from_its_beginning(desk):
    stack, user, task = await desk.open_task()
    await stack.journal.write(stack.lifecycle.complete(task, 1, Statistics()))
    watcher = await desk.connect(user)
    desk.bus_is_dead = True
    await stack.journal.write(stack.lifecycle.retry(task, by="a"))
    await desk.delivery.sweep()
    await desk.settle()
    frames = watcher.frames()
    assert [(frame["type"], frame["seq"]) for frame in frames] == [("task_retrying", 4)]


async def test_a_hint_without_bodies_for_an_unknown_task_starts_before_its_seq(desk):
    stack = desk.stack
    user = stack.add_user("a")
    desk.bus_is_dead = True
    task = await stack.add_task(user)
    await stack.journal.write(stack.lifecycle.complete(task, 1, Statistics()))
    watcher = await desk.connect(user)
    desk.delivery.on_hint(TaskHint(task, user, 3, "completed"))
    await desk.settle()
    assert watcher.kinds() == ["task_completed"]


async def test_a_pull_that_fails_with_the_database_is_repaired_by_the_sweep(desk, monkeypatch):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    desk.bus_is_dead = True
    last = await stack.say(task, warning("one"))
    with monkeypatch.context() as broken:
        broken.setattr(stack.db, "read", lose)
        desk.delivery.on_hint(TaskHint(task, user, last, "running"))
        await desk.settle()
        assert watcher.frames() == []
    await desk.delivery.sweep()
    await desk.settle()
    assert watcher.follower.last is not None
    assert watcher.kinds() == ["task_warning"]


async def test_a_catch_up_that_fails_goes_on_with_the_next_sweep(desk, monkeypatch):
    stack, user, task = await desk.open_task()
    last = await stack.say(task, warning("one"), warning("two"))
    await desk.settle()  # the hint is heard by nobody
    watcher = await desk.connect(user)
    with monkeypatch.context() as broken:
        broken.setattr(desk.delivery._pages, "after", lose)
        assert await desk.manager.subscribe_to_task(watcher.connection, task, last_seq=2)
        await desk.settle()
        assert watcher.kinds() == ["subscription_result"]
    watcher.follower.last = 2
    await desk.delivery.sweep()
    await desk.settle()
    assert [frame["seq"] for frame in watcher.frames()] == [3, last]
    assert watcher.follower.gaps == 0


async def test_a_subscription_while_the_database_is_away_changes_nothing_and_says_so(desk, monkeypatch):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    with monkeypatch.context() as broken:
        broken.setattr(stack.db, "read", lose)
        assert not await desk.manager.subscribe_to_task(watcher.connection, task)
    (frame,) = watcher.frames()
    assert frame["error"]["code"] == "server_busy"
    assert watcher.connection.subscriptions == set()


async def test_unfollowing_behind_the_live_stream_sends_the_notices_between(desk):
    stack, user, task = await desk.open_task()
    watcher, level = await desk.connect(user), await desk.connect(user)
    await desk.follow(level, task)
    await desk.follow(watcher, task)
    watcher.peer.stalled = True
    desk.delivery.feeds[task].hold(watcher.connection.followers[task])  # as one that is still catching up
    await stack.say(task, stack.lines("x"), warning("between"))
    await desk.settle()
    watcher.peer.drain()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    frames = watcher.frames()
    assert [frame["type"] for frame in frames] == ["subscription_result", "task_warning"]
    assert "prev_seq" not in frames[1]
    await stack.say(task, warning("later"))
    await desk.settle()
    assert [frame["message"] for frame in watcher.frames()] == ["later"]


async def test_a_finished_feed_is_dropped_after_a_while(desk):
    stack = desk.stack
    user = stack.add_user("a")
    watcher = await desk.connect(user)
    task = await stack.add_task(user)
    await stack.journal.write(stack.lifecycle.complete(task, 1, Statistics()))
    await desk.settle()
    await desk.delivery.sweep()
    feed = desk.delivery.feeds[task]
    feed.finished_at -= 61
    await desk.delivery.sweep()
    assert desk.delivery.feeds == {}
    assert watcher.kinds()[-1] == "task_completed"


async def test_hints_of_people_who_are_not_here_are_not_kept(desk):
    stack = desk.stack
    await stack.add_task(stack.add_user("absent"))
    await asyncio.sleep(0)
    assert desk.delivery.feeds == {}


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
        if watcher.connection.followers == {}:
            await stack.say(task, warning("overtakes"))
            await asyncio.sleep(0)
        return value

    stack.db.read = read_and_be_overtaken
    assert await desk.manager.subscribe_to_task(watcher.connection, task)
    stack.db.read = reads
    await desk.settle()
    frames = watcher.frames()
    assert [frame["type"] for frame in frames] == ["subscription_result", "task_snapshot", "task_warning"]
    assert watcher.follower.gaps == 0
