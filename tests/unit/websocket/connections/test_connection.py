"""A connection writes at once while nothing waits, keeps order when something does, and says why it ends."""

import asyncio

import orjson
import pytest

from app.domain.close_codes import CloseCode
from app.websocket.messages.frames import Ping
from tests.support.realtime import warning
from tests.support.transports import FakeTransport

NOW = "2026-01-01T00:00:00.000Z"


@pytest.fixture
async def watcher(desk):
    return await desk.connect(desk.stack.add_user("a"))


def say(watcher, text):
    watcher.connection.send(orjson.dumps({"n": text}))


def said(watcher):
    frames, watcher.read = watcher.transport.wire[watcher.read :], len(watcher.transport.wire)
    return [orjson.loads(frame)["n"] for frame in frames]


async def test_what_comes_while_the_transport_is_full_waits_and_keeps_its_order(watcher):
    watcher.transport.stalled = True
    for text in "abc":
        say(watcher, text)
    assert said(watcher) == ["a"]
    assert not watcher.connection.drained
    watcher.transport.drain()
    assert said(watcher) == ["b", "c"]
    assert watcher.connection.drained


async def test_bytes_that_wait_are_those_here_and_in_the_transport(watcher):
    watcher.transport.stalled = True
    say(watcher, "fills")
    say(watcher, "waits")
    assert watcher.connection.backlog_bytes == watcher.transport.unsent_bytes + len(b'{"n":"waits"}')


async def test_more_than_it_may_hold_is_cut_off_without_a_close_frame(watcher):
    watcher.transport.stalled = True
    for number in range(1_100):
        say(watcher, str(number))
    assert (watcher.transport.aborted, watcher.transport.closed_with) == (True, None)
    assert (watcher.connection.close_code, watcher.connection.close_reason) == (4008, "too_slow")


async def test_the_first_reason_of_an_end_stands(watcher):
    watcher.connection.close(CloseCode.RESTART)
    watcher.connection.close(CloseCode.LOGGED_OUT, "role_changed")
    watcher.connection.note_close(1006, "")
    assert (watcher.connection.close_code, watcher.connection.close_reason) == (1012, "restart")


async def test_nobody_waits_for_a_socket_that_has_closed(watcher):
    watcher.transport.stalled = True
    say(watcher, "fills")
    waiting = asyncio.create_task(watcher.connection.wait_drained())
    await asyncio.sleep(0)
    watcher.connection.close(CloseCode.RESTART)
    assert await waiting is False


async def test_whoever_waits_goes_on_when_the_socket_has_drained(watcher):
    watcher.transport.stalled = True
    say(watcher, "fills")
    say(watcher, "waits")
    waiting = asyncio.create_task(watcher.connection.wait_drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    watcher.transport.drain()
    assert await waiting is True


async def test_a_reply_comes_behind_what_was_published_before_it(desk):
    stack, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    await stack.say(task, warning())
    desk.dispatcher.fanout.touch = lambda _group: None  # its turn does not come
    await asyncio.sleep(0)
    watcher.connection.send_frame(Ping(sequence=1, server_time=NOW, timestamp=NOW))
    assert watcher.kinds() == ["task_warning", "ping"]


async def test_a_closed_connection_keeps_nothing_for_later(watcher):
    watcher.transport.stalled = True
    say(watcher, "fills")
    watcher.transport.retire()
    say(watcher, "never")
    assert len(watcher.connection.outbox) == 0


async def test_it_tells_its_tasks_as_a_set(desk):
    _, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    assert isinstance(watcher.transport, FakeTransport)
    await desk.follow(watcher, task)
    assert watcher.connection.subscriptions == {task}
