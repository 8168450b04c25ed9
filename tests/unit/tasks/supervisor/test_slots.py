import asyncio

import pytest
from structlog.testing import capture_logs

from app.tasks.supervisor.slots import UNASKED_LOOK_S, Slots, look_unasked
from tests.support.clock import FakeClock
from tests.unit.tasks.worker.test_scan_job import until


class WaitingClock(FakeClock):
    """A sleep lasts until the clock was moved so far."""

    def __init__(self):
        super().__init__()
        self.sleeping = []

    async def sleep(self, seconds):
        ended = asyncio.Event()
        self.sleeping.append((self.seconds + seconds, ended))
        await ended.wait()

    def advance(self, seconds):
        super().advance(seconds)
        for end, ended in self.sleeping:
            if end <= self.seconds:
                ended.set()


class Waiting:
    """Scans that wait; one that runs does so until it is told to end."""

    def __init__(self, count):
        self.count = count
        self.running = []

    async def run_next(self):
        await asyncio.sleep(0)
        if not self.count:
            return False
        self.count -= 1
        end = asyncio.get_running_loop().create_future()
        self.running.append(end)
        await end
        return True

    async def until_running(self, count):
        await until(lambda: len(self.running) >= count)

    async def end_all(self, work):
        while not work.done():
            for end in self.running:
                if not end.done():
                    end.set_result(None)
            await asyncio.sleep(0)
        return await work


async def test_a_slot_runs_one_after_the_other_until_nothing_waits():
    slots, waiting = Slots(1), Waiting(3)
    work = asyncio.create_task(slots.work(waiting.run_next))
    await waiting.until_running(1)
    assert not slots.has_free
    assert await waiting.end_all(work) == 3
    assert slots.has_free


async def test_all_slots_are_taken_at_most():
    slots, waiting = Slots(2), Waiting(3)
    works = [asyncio.create_task(slots.work(waiting.run_next)) for _ in range(2)]
    await waiting.until_running(2)
    assert await slots.work(waiting.run_next) == 0
    assert len(waiting.running) == 2
    assert sum([await waiting.end_all(work) for work in works]) == 3


async def test_what_is_asked_for_while_all_look_in_vain_is_looked_for_again():
    slots, looks, go_on = Slots(1), [], asyncio.Event()

    async def find_nothing():
        looks.append(slots.has_free)
        await go_on.wait()
        return False

    work = asyncio.create_task(slots.work(find_nothing))
    await until(lambda: looks)
    assert await slots.work(find_nothing) == 0
    go_on.set()
    assert await work == 0
    assert looks == [False, False]


async def test_a_slot_whose_work_fails_is_free_again():
    slots = Slots(1)

    async def fail():
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await slots.work(fail)
    assert slots.has_free


@pytest.fixture
async def looking():
    """What counts how often it was asked, with a clock; each look fails after the first."""
    clock, slots = WaitingClock(), Slots(1)

    class Looks:
        count = 0

        async def run_waiting(self):
            self.count += 1
            if self.count > 1:
                raise OSError("no")
            return 1

    looks = Looks()
    task = asyncio.create_task(look_unasked(slots, looks.run_waiting, clock))
    yield looks, slots, clock
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def after(clock, seconds):
    """What waits for the clock has done its part when this returns."""
    for _ in range(5):
        await asyncio.sleep(0)
    clock.advance(seconds)
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_free_slot_looks_without_being_asked_and_goes_on_after_a_failure(looking):
    looks, _, clock = looking
    with capture_logs() as logs:
        await after(clock, UNASKED_LOOK_S - 1)
        assert looks.count == 0
        await after(clock, 1)
        assert looks.count == 1
        await after(clock, UNASKED_LOOK_S)
        await after(clock, UNASKED_LOOK_S)
    assert looks.count == 3
    assert [(log["event"], log.get("scans")) for log in logs] == [
        ("scans_run_unasked", 1),
        ("unasked_look_failed", None),
        ("unasked_look_failed", None),
    ]


async def test_nobody_looks_unasked_while_all_slots_are_taken(looking):
    looks, slots, clock = looking
    waiting = Waiting(1)
    work = asyncio.create_task(slots.work(waiting.run_next))
    await waiting.until_running(1)
    await after(clock, UNASKED_LOOK_S)
    assert looks.count == 0
    await waiting.end_all(work)
