import asyncio
import threading

import pytest

from app.events.bus.base import TaskHint
from app.events.bus.memory import MemoryBus


def hint(seq):
    return TaskHint("t1", "u1", seq, "running", (), 1)


async def settle():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_every_listener_gets_every_hint_in_order_until_it_leaves():
    bus, first, second = MemoryBus(), [], []
    leave = bus.subscribe(first.append)
    bus.subscribe(second.append)
    for seq in (1, 2):
        bus.publish(hint(seq))
    await settle()
    leave()
    leave()  # twice is fine
    bus.publish(hint(3))
    await settle()
    assert [one.seq for one in first] == [1, 2]
    assert [one.seq for one in second] == [1, 2, 3]
    assert bus.healthy


async def test_a_thread_may_publish_and_the_loop_listens():
    bus, heard = MemoryBus(), []
    loop_thread = threading.get_ident()
    bus.subscribe(lambda one: heard.append((one.seq, threading.get_ident() == loop_thread)))
    thread = threading.Thread(target=bus.publish, args=(hint(7),))
    thread.start()
    await asyncio.to_thread(thread.join)
    await settle()
    assert heard == [(7, True)]


async def test_the_mistake_of_one_listener_does_not_silence_the_others():
    bus, heard = MemoryBus(), []

    def broken(_hint):
        raise ValueError("no")

    bus.subscribe(broken)
    bus.subscribe(heard.append)
    bus.publish(hint(1))
    await settle()
    assert len(heard) == 1


def test_a_loop_that_has_ended_hears_nothing_more():
    bus = MemoryBus()

    async def listen():
        bus.subscribe(pytest.fail)

    asyncio.run(listen())
    bus.publish(hint(1))
