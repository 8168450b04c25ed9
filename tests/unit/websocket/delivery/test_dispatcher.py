"""Channels that begin with a hint, and those that end."""

import asyncio

from sqlalchemy import delete

from app.events.bus.base import TaskHint
from app.events.tables import scan_tasks
from app.events.types import Statistics
from tests.support.following import Following


async def test_a_hint_without_bodies_for_an_unknown_task_starts_before_its_seq(desk):
    stack = desk.stack
    user = stack.add_user("a")
    desk.bus_is_dead = True
    task = await stack.add_task(user)
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
    watcher = await desk.connect(user)
    desk.dispatcher.on_hint(TaskHint(task, user, 3, "completed"))
    await desk.settle()
    assert watcher.kinds() == ["task_completed"]


async def test_a_finished_channel_is_dropped_after_a_while(desk):
    stack = desk.stack
    user = stack.add_user("a")
    watcher = await desk.connect(user)
    task = await stack.add_task(user)
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
    await desk.settle()
    await desk.manager.sweep.run_once()
    channel = desk.dispatcher.channels[task]
    channel.finished_at -= 61
    await desk.manager.sweep.run_once()
    assert desk.dispatcher.channels == {}
    assert watcher.kinds()[-1] == "task_completed"


async def test_the_owners_of_followed_tasks_are_followed_on_the_bus_until_the_last_goes(desk):
    """An administrator follows somebody else's task: its hints come on its owner's channel."""
    stack = desk.stack
    desk.dispatcher.following = following = Following()
    owner = stack.add_user("owner")
    first, second = await stack.add_task(owner), await stack.add_task(owner)
    watcher = await desk.connect(f"admin:{stack.add_user('boss')}")
    await desk.follow(watcher, first)
    await desk.follow(watcher, second)
    assert following.users == {owner: 2}
    await desk.manager.unsubscribe_from_task(watcher.connection, first)
    assert following.users == {owner: 1}
    stack.db.write_sync(lambda c: c.execute(delete(scan_tasks)) and None)
    await desk.manager.sweep.run_once()
    assert following.users == {}


async def test_a_connection_that_ends_leaves_nobody_followed(desk):
    _, user, task = await desk.open_task()
    desk.dispatcher.following = desk.manager.registry._following = following = Following()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    assert following.users == {user: 2}
    await desk.manager.disconnect(watcher.connection)
    assert following.users == {}


async def test_hints_of_people_who_are_not_here_are_not_kept(desk):
    stack = desk.stack
    await stack.add_task(stack.add_user("absent"))
    await asyncio.sleep(0)
    assert desk.dispatcher.channels == {}
