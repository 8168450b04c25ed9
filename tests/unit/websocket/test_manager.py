"""What the real-time side does under the names that routes and the server use."""

import gc

from app.events.types import Statistics
from tests.support.realtime import until, warning


async def open_stream(desk, user, task):
    principal = await desk.stack.auth.authenticate(user)
    return await desk.manager.open_stream(task, principal, address="a", last_seq=1, epoch=None)


async def test_a_session_that_ended_while_its_stream_was_opened_ends_the_stream(desk):
    stack, user, task = await desk.open_task()
    stack.auth.endings[user] = "logged_out"
    _response = await open_stream(desk, user, task)
    await desk.settle()
    (stream,) = desk.manager.streams
    assert stream.ended == "logged_out"


async def test_a_stream_of_a_finished_task_sends_its_past_to_no_socket_of_the_owner(desk):
    """One sweep asks for the tasks of streams and of sockets: an answer is for those who have asked."""
    stack, user, task = await desk.open_task()
    last = await stack.say(task, warning("long ago"))
    await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
    watcher = await desk.connect(user)
    _response = await open_stream(desk, user, task)
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert watcher.frames() == []
    (stream,) = desk.manager.streams
    assert stream.target_seq == last + 1  # it was told where the log ends


async def test_a_task_is_watched_by_a_socket_or_a_stream(desk):
    _, user, task = await desk.open_task()
    assert not desk.manager.is_watched(task)
    response = await open_stream(desk, user, task)
    assert desk.manager.is_watched(task)
    await desk.settle()
    del response

    def is_let_go():  # a thread of the database may hold what it has read for one more moment
        gc.collect()
        return not desk.manager.is_watched(task)

    await until(is_let_go)
    await desk.follow(await desk.connect(user), task)
    assert desk.manager.is_watched(task)
