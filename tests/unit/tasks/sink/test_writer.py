import asyncio
import threading
import time

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.tasks.sink.writer import LEAVE_FREE, MAX_PAUSE_S, RetryingWriter
from app.tasks.worker.priority import ThreadSpawner


class TimedEventWriter:
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
    event_writer = TimedEventWriter()
    writer = RetryingWriter(event_writer)
    await write_all(writer, lambda _: time.sleep(0.03), lambda _: None)
    (began, ended), (next_began, _) = event_writer.held
    assert next_began - ended >= min(MAX_PAUSE_S, LEAVE_FREE * (ended - began)) * 0.99
    writer.close()


async def test_a_lock_that_was_held_long_is_not_left_free_for_ever():
    event_writer = TimedEventWriter()
    writer = RetryingWriter(event_writer)
    await write_all(writer, lambda _: time.sleep(MAX_PAUSE_S))
    assert writer._free_until - time.monotonic() <= MAX_PAUSE_S
    writer.close()


async def test_a_unit_is_prepared_before_each_try_and_never_under_the_lock():
    steps = []

    class UnitOfWork:
        def prepare(self):
            steps.append("prepare")

        def __call__(self, connection):
            steps.append("write")

    class AwayOnce:
        def write_sync(self, unit):
            steps.append("lock")
            unit(None)
            if steps.count("lock") == 1:
                raise DatabaseUnavailable(Failure.BUSY)

    writer = RetryingWriter(AwayOnce())
    await write_all(writer, UnitOfWork())
    assert steps == ["prepare", "lock", "write"] * 2
    writer.close()


async def test_its_thread_comes_from_where_it_was_told():
    names = []
    spawner = ThreadSpawner()

    def start(work):
        return spawner.call(lambda: names.append(threading.current_thread().name) or work())

    writer = RetryingWriter(TimedEventWriter(), start)
    assert names == ["spawner"]
    assert await writer.run(lambda: threading.current_thread().name) == "writer_0"
    writer.close()
