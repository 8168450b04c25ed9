"""When written frames leave: the share of the time that fan-out takes, and what waits meanwhile."""

import asyncio

import pytest

from app.websocket.connections import fanout
from app.websocket.connections.fanout import BURST_S, LONGEST_WAIT_S, Share
from tests.support.realtime import warning


class TestShare:
    def test_an_idle_process_never_waits(self):
        share = Share(0.5)
        for start in range(10):
            assert share.wait_s(float(start)) == 0
            share.use(start, start + BURST_S)

    def test_half_of_the_time_in_the_long_run(self):
        share, now, writing = Share(0.5), 0.0, 0.0
        while now < 10:
            now += share.wait_s(now)
            share.use(now, now + 0.004)
            now, writing = now + 0.004, writing + 0.004
        assert writing / now == pytest.approx(0.5, abs=0.01)

    def test_all_of_it_never_waits(self):
        share, now = Share(1), 0.0
        for _ in range(1_000):
            assert share.wait_s(now) == 0
            share.use(now, now + 0.1)
            now += 0.1

    def test_a_long_one_waits_no_longer_than_the_limit(self):
        share = Share(0.1)
        share.use(0, 1)
        assert share.wait_s(1) == pytest.approx(LONGEST_WAIT_S)


class Always(Share):
    """Not fan-out's turn until somebody says so, or for a second."""

    def wait_s(self, now):
        return 1


@pytest.fixture
async def busy(desk):
    """A user, a task, and a fan-out that has used up its share."""
    desk.dispatcher.fanout._share = Always(0.5)
    user = desk.stack.add_user("a")
    return user, await desk.stack.add_task(user)


async def take_turn(desk):
    """It is fan-out's turn now."""
    desk.dispatcher.fanout.hurry()
    await asyncio.sleep(0)


async def follow(desk, user, task):
    watcher = await desk.connect(user)
    assert await desk.manager.subscribe_to_task(watcher.connection, task)
    await desk.settle()
    watcher.frames()
    return watcher


async def test_what_is_published_while_fan_out_waits_leaves_together_and_in_order(desk, busy):
    user, task = busy
    watcher = await follow(desk, user, task)
    for number in range(3):
        await desk.stack.say(task, warning(str(number)))
        await desk.settle()
    assert watcher.frames() == []
    await take_turn(desk)
    assert [frame["message"] for frame in watcher.frames()] == ["0", "1", "2"]
    assert watcher.subscriber.gaps == 0


async def test_a_reply_comes_behind_what_waits(desk, busy):
    user, task = busy
    watcher = await follow(desk, user, task)
    await desk.stack.say(task, warning("first"))
    await desk.settle()
    await desk.manager.handle_client_message(watcher.connection, '{"type": "ping"}')
    assert watcher.kinds() == ["task_warning", "pong"]


async def test_so_much_that_it_fills_a_socket_does_not_wait(desk, busy, monkeypatch):
    user, task = busy
    watcher = await follow(desk, user, task)
    monkeypatch.setattr(fanout, "HURRY_BYTES", 1_000)
    await desk.stack.say(task, warning("x" * 2_000))
    await desk.settle()
    assert watcher.kinds() == ["task_warning"]


async def test_a_backpressured_subscription_joins_the_others_between_two_events_that_wait(desk, busy):
    user, task = busy
    steady, slow = await follow(desk, user, task), await follow(desk, user, task)
    slow.transport.stalled = True
    await desk.manager.handle_client_message(slow.connection, '{"type": "ping"}')  # the answer fills it
    await desk.stack.say(task, warning("1"))
    await desk.settle()
    slow.transport.drain()  # "1" is on its way to the others, and has left here
    subscription = slow.connection.followed[task]
    assert subscription.group is None
    await take_turn(desk)
    assert subscription.group is steady.connection.followed[task].group
    await desk.stack.say(task, warning("2"))
    await take_turn(desk)
    for watcher in (steady, slow):
        assert [frame["message"] for frame in watcher.frames() if "message" in frame] == ["1", "2"]
        assert watcher.subscriber.gaps == 0
