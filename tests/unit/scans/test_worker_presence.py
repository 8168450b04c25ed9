"""A worker that is there, one that ends, and one whose database is away."""

import asyncio
import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from app.core.clock import SystemClock
from app.core.db import Database
from app.scans.queries import workers
from app.scans.queries.workers import WorkerDescription
from app.scans.worker_presence import WorkerPresence
from tests.support.logs import captured_log

pytestmark = pytest.mark.system
WORKER = WorkerDescription("worker-1", "host", "1.0", ("scan",), 2)


@pytest.fixture
async def db(postgres_database):
    db = Database(postgres_database, busy_timeout_s=0.2)
    yield db
    await db.close()


class StepClock(SystemClock):
    """Sleeps until it is told to go on."""

    def __init__(self):
        self.waiting = asyncio.Event()
        self._steps = asyncio.Queue()

    async def sleep(self, seconds):
        self.waiting.set()
        await self._steps.get()

    async def step(self):
        """Until the next sleep."""
        self.waiting.clear()
        self._steps.put_nowait(None)
        await self.waiting.wait()


@pytest.fixture
async def presence(db):
    presence = WorkerPresence(db=db, clock=StepClock(), worker=WORKER, interval_s=5.0)
    yield presence
    await presence.stop()


async def known(db):
    return await db.read(workers.known)


async def test_a_worker_is_there_from_its_start_to_its_end(db, presence):
    await presence.start()
    (first,) = await known(db)
    await presence.clock.waiting.wait()
    await presence.clock.step()
    (again,) = await known(db)
    assert (first.id, again.started_at) == ("worker-1", first.started_at)
    assert again.heartbeat_at > first.heartbeat_at
    await presence.stop()
    await presence.stop()
    assert await known(db) == []


async def test_a_database_that_is_away_costs_beats_alone(db, presence):
    await presence.start()
    await presence.clock.waiting.wait()
    with captured_log() as said, db.engine.connect() as other:
        other.execute(text("LOCK TABLE workers IN EXCLUSIVE MODE"))
        await presence.clock.step()
        other.rollback()
    assert "worker_beat_missed" in said.getvalue()
    (before,) = await known(db)
    await presence.clock.step()
    (after,) = await known(db)
    assert after.heartbeat_at > before.heartbeat_at


async def test_a_beat_that_fails_as_nobody_has_thought_of_is_not_the_last(db, presence, monkeypatch):
    failed = []
    presence = replace(presence, on_failure=failed.append)
    await presence.start()
    await presence.clock.waiting.wait()
    (before,) = await known(db)
    write = db.write
    monkeypatch.setattr(db, "write", fails)
    await presence.clock.step()  # the loop has failed, and begins again
    monkeypatch.setattr(db, "write", write)
    await presence.clock.step()
    (after,) = await known(db)
    assert (failed, after.heartbeat_at > before.heartbeat_at) == (["worker-presence"], True)
    await presence.stop()


async def fails(_work):
    raise RuntimeError("unheard of")


async def test_a_row_that_cannot_be_removed_is_left_to_the_monitor(db, presence):
    await presence.start()
    with captured_log() as said, db.engine.connect() as other:
        other.execute(text("LOCK TABLE workers IN EXCLUSIVE MODE"))
        await presence.stop()
        other.rollback()
    assert "worker_row_left" in said.getvalue()
    assert [worker.id for worker in await known(db)] == ["worker-1"]


async def test_a_beat_that_is_under_way_does_not_bring_the_row_back(db, presence, monkeypatch):
    await presence.start()
    beat, has_begun, may_go_on = workers.beat, threading.Event(), threading.Event()

    def late(connection, *fields):
        has_begun.set()
        may_go_on.wait(60)
        return beat(connection, *fields)

    monkeypatch.setattr(workers, "beat", late)
    await presence.clock.waiting.wait()
    stepping = asyncio.create_task(presence.clock.step())
    await asyncio.to_thread(has_begun.wait, 60)
    ending = asyncio.create_task(presence.stop())
    await asyncio.wait({ending}, timeout=1)  # in which the row would go
    may_go_on.set()
    await ending
    stepping.cancel()
    await asyncio.sleep(0.5)  # in which it would come back
    assert await known(db) == []
