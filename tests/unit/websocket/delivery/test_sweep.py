"""What the sweep repairs: a log that went back or was pruned, rows that are gone, hints that were lost."""

from sqlalchemy import delete, update

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.events.bus.base import TaskHint
from app.events.tables import scan_tasks, task_events
from app.events.types import Statistics
from tests.support.realtime import warning


async def lose(*_):
    raise DatabaseUnavailable(Failure.BUSY)


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
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert watcher.kinds() == ["task_warning", "task_warning", "task_snapshot"]
    assert (watcher.subscriber.last, last) == (3, 4)
    await stack.say(task, warning("goes on"))
    await desk.settle()
    assert watcher.frames()[-1]["prev_seq"] == 3


async def test_a_task_whose_row_is_gone_is_told_as_deleted_without_a_seq(desk):
    stack, user, task = await desk.open_task()
    subscriber, other = await desk.connect(user), await desk.connect(user)
    await desk.follow(subscriber, task)
    stack.db.write_sync(lambda c: c.execute(delete(scan_tasks)) and None)
    await desk.manager.sweep.run_once()
    for watcher in (subscriber, other):
        (frame,) = watcher.frames()
        assert (frame["type"], frame["task_id"], "seq" in frame) == ("task_deleted", task, False)
    assert desk.dispatcher.channels == {}
    assert subscriber.connection.subscriptions == set()


async def test_a_purge_after_the_deletion_is_not_told_again(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
    await stack.event_writer.write(stack.lifecycle.delete(task, by="a"))
    await desk.settle()
    assert watcher.kinds() == ["task_completed", "task_deleted"]
    stack.db.write_sync(lambda c: c.execute(delete(scan_tasks)) and None)
    await desk.manager.sweep.run_once()
    assert watcher.frames() == []
    assert watcher.connection.subscriptions == set()


async def test_rows_pruned_under_a_live_subscription_become_a_snapshot(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    desk.bus_is_dead = True
    await stack.say(task, *[warning() for _ in range(5)])

    def prune(connection):
        connection.execute(delete(task_events).where(task_events.c.seq < 6))
        connection.execute(update(scan_tasks).values(min_seq=6))

    stack.db.write_sync(prune)
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert watcher.kinds() == ["task_snapshot"]
    assert watcher.subscriber.last == 7
    assert watcher.subscriber.gaps == 0


async def test_a_retry_unseen_while_the_bus_is_dead_is_noticed_from_its_beginning(desk):
    stack, user, task = await desk.open_task()
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
    watcher = await desk.connect(user)
    desk.bus_is_dead = True
    await stack.event_writer.write(stack.lifecycle.retry(task, by="a"))
    await desk.manager.sweep.run_once()
    await desk.settle()
    frames = watcher.frames()
    assert [(frame["type"], frame["seq"]) for frame in frames] == [("task_retrying", 4)]


async def test_a_pull_that_fails_with_the_database_is_repaired_by_the_sweep(desk, monkeypatch):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    desk.bus_is_dead = True
    last = await stack.say(task, warning("one"))
    with monkeypatch.context() as broken:
        broken.setattr(stack.db, "read", lose)
        desk.dispatcher.on_hint(TaskHint(task, user, last, "running"))
        await desk.settle()
        assert watcher.frames() == []
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert watcher.subscriber.last is not None
    assert watcher.kinds() == ["task_warning"]


async def test_a_subscription_that_is_behind_when_the_rows_of_a_deleted_task_go_is_told(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    desk.dispatcher.channels[task].hold(watcher.connection.followed[task])  # as one that is still catching up
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
    await stack.event_writer.write(stack.lifecycle.delete(task, by="a"))
    await desk.settle()
    stack.db.write_sync(lambda c: c.execute(delete(scan_tasks)) and None)
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert [frame["type"] for frame in watcher.frames()] == ["task_deleted"]
    assert watcher.connection.subscriptions == set()


async def test_rows_pruned_to_the_end_under_a_live_subscription_become_a_snapshot(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    desk.bus_is_dead = True
    last = await stack.say(task, *[warning() for _ in range(5)])

    def prune(connection):
        connection.execute(delete(task_events))
        connection.execute(update(scan_tasks).values(min_seq=last + 1))

    stack.db.write_sync(prune)
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert watcher.kinds() == ["task_snapshot"]
    assert watcher.subscriber.last == last
