"""Things that happen in an unlucky order: commands during a catch-up, a log that changes under a reader."""

import asyncio

from tests.support.realtime import warning


async def follow(desk, watcher, task, **fields):
    assert await desk.manager.subscribe_to_task(watcher.connection, task, **fields)
    await desk.settle()
    watcher.frames()


async def turns(count=50):
    """Let what is under way go on, as far as it can without the socket."""
    for _ in range(count):
        await asyncio.sleep(0.001)


async def test_a_catch_up_ends_when_the_task_is_no_longer_followed(desk):
    stack = desk.stack
    user = stack.add_user("a")
    task = await stack.add_task(user)
    await stack.say(task, *[warning(str(number)) for number in range(8)])
    watcher = await desk.connect(user)
    watcher.follower.last = 2
    assert await desk.manager.subscribe_to_task(watcher.connection, task, last_seq=2)
    watcher.peer.stalled = True
    await turns()
    assert watcher.peer.paused
    watcher.frames()
    assert await desk.manager.unsubscribe_from_task(watcher.connection, task)
    watcher.peer.drain()
    await desk.settle()
    frames = watcher.frames()
    assert frames[0]["type"] == "subscription_result"
    assert not [frame for frame in frames if "prev_seq" in frame]
