import asyncio
import threading
import time

from app.core.db import DatabaseUnavailable
from app.tasks.priority import Foreground
from app.tasks.writer import LEAVE_FREE, MAX_PAUSE_S, UnitWriter


class TimedJournal:
    """Runs units at once, and remembers when each had the lock."""

    def __init__(self):
        self.held = []

    def write_sync(self, unit):
        began = time.monotonic()
        unit(None)
        self.held.append((began, time.monotonic()))


async def write_all(writer, *units):
    for unit in units:
        await writer.write(unit, asyncio.Event())


async def test_between_two_transactions_the_lock_is_left_free_for_longer_than_it_was_held():
    journal = TimedJournal()
    writer = UnitWriter(journal)
    await write_all(writer, lambda _: time.sleep(0.03), lambda _: None)
    (began, ended), (next_began, _) = journal.held
    assert next_began - ended >= min(MAX_PAUSE_S, LEAVE_FREE * (ended - began)) * 0.99
    writer.close()


async def test_a_lock_that_was_held_long_is_not_left_free_for_ever():
    journal = TimedJournal()
    writer = UnitWriter(journal)
    await write_all(writer, lambda _: time.sleep(MAX_PAUSE_S))
    assert writer._free_until - time.monotonic() <= MAX_PAUSE_S
    writer.close()


async def test_a_unit_is_prepared_before_each_try_and_never_under_the_lock():
    steps = []

    class Unit:
        def prepare(self):
            steps.append("prepare")

        def __call__(self, connection):
            steps.append("write")

    class AwayOnce:
        def write_sync(self, unit):
            steps.append("lock")
            unit(None)
            if steps.count("lock") == 1:
                raise DatabaseUnavailable("busy")

    writer = UnitWriter(AwayOnce())
    await write_all(writer, Unit())
    assert steps == ["prepare", "lock", "write"] * 2
    writer.close()


async def test_its_thread_comes_from_where_it_was_told():
    names = []
    foreground = Foreground()

    def start(work):
        return foreground.call(lambda: names.append(threading.current_thread().name) or work())

    writer = UnitWriter(TimedJournal(), start)
    assert names == ["foreground"]
    assert await writer.run(lambda: threading.current_thread().name) == "writer_0"
    writer.close()
