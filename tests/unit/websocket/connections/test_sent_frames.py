"""What leaves on sockets is counted when it leaves, and live events are late by the time until then."""

import asyncio

import pytest

from app.events.bus.base import TaskHint
from tests.support.realtime import until, warning


@pytest.fixture
async def watched(desk):
    """(desk, a connection that follows a task, the task)"""
    _, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.follow(watcher, task)
    return desk, watcher, task


def value(desk, name, **labels):
    return desk.stack.metrics.registry.get_sample_value(name, labels) or 0


def observed(desk):
    return value(desk, "websocket_delivery_latency_seconds_count")


async def test_latency_is_taken_for_every_frame_of_a_live_event(watched):
    desk, watcher, task = watched
    await desk.follow(await desk.connect(watcher.connection.user_id), task)
    await desk.stack.say(task, warning(), warning())
    await desk.settle()
    assert observed(desk) == 2 * 2
    assert value(desk, "task_notifications_sent_total", type="task_warning") == 2 * 2


async def test_the_wait_of_the_fan_out_is_part_of_the_latency(watched):
    desk, watcher, task = watched
    desk.dispatcher.fanout._share.wait_s = lambda _now: 0.03
    await desk.stack.say(task, warning())
    await asyncio.sleep(0)
    assert observed(desk) == 0
    await until(watcher.frames)
    assert observed(desk) == 1
    assert value(desk, "websocket_delivery_latency_seconds_sum") >= 0.03


async def test_the_wait_for_a_slow_client_is_part_of_the_latency(watched):
    desk, watcher, task = watched
    watcher.transport.stalled = True
    await desk.stack.say(task, warning("fills the transport"))
    await desk.settle()
    await desk.stack.say(task, warning("waits"))
    await desk.settle()
    assert observed(desk) == 1
    watcher.transport.drain()
    assert observed(desk) == 2


async def test_a_hint_that_comes_twice_counts_once(watched):
    desk, watcher, task = watched
    hints = []
    desk.stack.bus.subscribe(hints.append)
    await desk.stack.say(task, warning())
    await desk.settle()
    (hint,) = [hint for hint in hints if isinstance(hint, TaskHint)]
    desk.dispatcher.on_hint(hint)
    await desk.settle()
    assert len(watcher.frames()) == observed(desk) == 1


async def test_a_task_that_nobody_follows_counts_nothing(desk):
    _, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.stack.say(task, desk.stack.lines("no notice"))
    await desk.settle()
    assert watcher.frames() == []
    assert observed(desk) == 0


async def test_rows_that_were_pulled_count_as_those_of_hints(watched):
    desk, watcher, task = watched
    desk.bus_is_dead = True
    await desk.stack.say(task, warning())
    await desk.manager.sweep.run_once()
    await desk.settle()
    assert len(watcher.frames()) == observed(desk) == 1


async def test_a_replay_is_sent_and_counted_but_not_late(desk):
    _, user, task = await desk.open_task()
    last = await desk.stack.say(task, warning(), warning())
    await desk.settle()  # a hint that came after the subscription would make a live delivery of them
    watcher = await desk.connect(user)
    sent = value(desk, "websocket_messages_sent_total")
    await desk.manager.subscribe_to_task(watcher.connection, task, last_seq=last - 2)
    await desk.settle()
    assert value(desk, "websocket_messages_sent_total") - sent == 1 + 2  # the result, and what was missed
    assert value(desk, "task_notifications_sent_total", type="task_warning") == 2
    assert observed(desk) == 0


async def test_a_notice_is_counted_but_not_late(desk):
    _, user, task = await desk.open_task()
    watcher = await desk.connect(user)
    await desk.stack.say(task, warning())
    await desk.settle()
    assert len(watcher.frames()) == value(desk, "task_notifications_sent_total", type="task_warning") == 1
    assert observed(desk) == 0
