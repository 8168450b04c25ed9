"""When a server wakes workers: at once, for what nobody was told of, and again after a minute."""

import asyncio
import time

import pytest

from app.core.errors import Unavailable
from app.core.lease import SoleProcess
from app.scans.ports import ScanRunner
from app.tasks.dispatch.celery_runner import MAX_MESSAGES, CeleryRunner
from tests.support.clock import FakeClock
from tests.support.logs import captured_log


class FakeQueue:
    """Messages that nobody takes; `away`: Redis is."""

    def __init__(self):
        self.messages = 0
        self.away = False

    def send(self, count):
        if self.away:
            raise Unavailable(text="queue_unavailable")
        self.messages += count

    def count_waiting(self):
        if self.away:
            raise Unavailable(text="queue_unavailable")
        return self.messages


class FakeLease(SoleProcess):
    held = True

    async def is_held(self):
        return self.held


class Hall:
    def __init__(self, db):
        self.queue, self.lease, self.clock = FakeQueue(), FakeLease(), FakeClock()
        self.runner = CeleryRunner(db=db, wakeups=self.queue, lease=self.lease, clock=self.clock, look_s=0.02)

    async def taken(self):
        """How many messages were sent by one round; workers take them all."""
        await self.runner.run_once()
        sent, self.queue.messages = self.queue.messages, 0
        return sent


@pytest.fixture
def hall(backend):
    return Hall(backend.db)


async def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_each_wake_is_a_message_whoever_holds_the_lease(hall):
    hall.lease.held = False
    for _ in range(3):
        hall.runner.wake()
    assert await hall.taken() == 3
    assert await hall.taken() == 0


async def test_what_nobody_was_told_of_is_found_by_the_holder_and_told_again_after_a_minute(hall, backend):
    backend.create("task-1")
    backend.create("task-2")
    hall.lease.held = False
    assert await hall.taken() == 0
    hall.lease.held = True
    assert [await hall.taken(), await hall.taken()] == [2, 0]
    hall.clock.advance(59)
    assert await hall.taken() == 0
    hall.clock.advance(1)
    backend.claim("task-1")
    assert await hall.taken() == 1


async def test_messages_that_nobody_takes_do_not_pile_up(hall, backend):
    backend.create("task-1")
    for _ in range(5):
        await hall.runner.run_once()
        hall.clock.advance(60)
    assert hall.queue.messages == 1
    for number in range(10 * MAX_MESSAGES):
        hall.runner.wake()
        if number % 7 == 0:
            await hall.runner.run_once()
    await hall.runner.run_once()
    assert hall.queue.messages == MAX_MESSAGES


async def test_a_queue_that_is_away_is_said_once_and_what_waits_is_told_when_it_is_back(hall, backend):
    backend.create("task-1")
    hall.queue.away = True
    with captured_log() as said:
        await hall.runner.start()
        hall.runner.wake()
        await until(lambda: "workers_not_woken" in said.getvalue())
        await asyncio.sleep(0.1)
        hall.queue.away = False
        await until(lambda: hall.queue.messages == 1)
        await hall.runner.stop()
        await hall.runner.stop()
    assert said.getvalue().count("workers_not_woken") == 1
    assert "workers_woken_again" in said.getvalue()


async def test_processes_are_elsewhere(hall):
    runner: ScanRunner = hall.runner
    runner.cancel("task-1")
    assert (await hall.runner.kill("task-1"), hall.runner.is_responsive("task-1")) == (False, False)
