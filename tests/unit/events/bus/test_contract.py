"""What every bus does: started or not, followed or not, hints arrive and nothing breaks."""

import asyncio
import time

import pytest

from app.core.clock import SystemClock
from app.events.bus.base import AccessHint, BroadcastHint, FeedHint, TaskHint
from app.events.bus.memory import MemoryBus
from app.events.bus.redis import RedisBus
from tests.support.redis_server import running_redis


def hint(seq, user="u"):
    return TaskHint("t", user, seq, "running", (), 0)


async def until(condition, within_s=60.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


@pytest.fixture(scope="module")
def redis_server():
    with running_redis() as server:
        yield server


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.system)])
def make_bus(request):
    if request.param == "memory":
        return MemoryBus
    url = request.getfixturevalue("redis_server").url
    return lambda: RedisBus(url, clock=SystemClock(), keys=(b"k" * 32,))


async def test_a_started_bus_carries_hints_to_its_own_listeners(make_bus):
    bus, heard = make_bus(), []
    await bus.start()
    bus.subscribe(heard.append)
    bus.follow("u")
    await asyncio.to_thread(bus.publish, hint(1))
    bus.publish(AccessHint("u", "s"))
    bus.publish(BroadcastHint())
    bus.publish(FeedHint("u"))
    await until(lambda: len(heard) == 4)
    assert set(heard) == {hint(1), AccessHint("u", "s"), BroadcastHint(), FeedHint("u")}
    assert bus.healthy
    await bus.stop()


async def test_one_that_was_never_started_carries_them_too_and_may_be_stopped(make_bus):
    bus, heard = make_bus(), []
    bus.subscribe(heard.append)
    bus.publish(hint(1))
    await until(lambda: heard == [hint(1)])
    await bus.stop()


async def test_it_may_be_stopped_twice_and_a_late_publish_is_harmless(make_bus):
    bus = make_bus()
    await bus.start()
    await bus.stop()
    await bus.stop()
    bus.publish(hint(1))
    bus.follow("u")
    bus.unfollow("u")


async def test_following_is_counted_and_an_own_listener_hears_of_everybody(make_bus):
    bus, heard = make_bus(), []
    await bus.start()
    bus.subscribe(heard.append)
    for _ in range(2):
        bus.follow("u")
    bus.unfollow("u")
    bus.publish(hint(1))
    bus.unfollow("u")
    bus.publish(hint(2))
    await until(lambda: heard == [hint(1), hint(2)])
    await bus.stop()


async def test_a_listener_that_left_hears_nothing_more_and_may_leave_twice(make_bus):
    bus, gone, heard = make_bus(), [], []
    await bus.start()
    leave = bus.subscribe(gone.append)
    bus.subscribe(heard.append)
    leave()
    leave()
    bus.publish(hint(1))
    await until(lambda: heard)
    assert gone == []
    await bus.stop()
