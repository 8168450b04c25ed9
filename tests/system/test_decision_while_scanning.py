"""A decision about a finding that a scan is writing at the same moment, where there are several writers."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import text, update

from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.decisions import DecisionState
from app.events.tables import scan_tasks
from app.findings.queries import findings
from app.migrations.partitions import make_ahead
from app.migrations.runner import migrate
from tests.support.violations import new_violation, write_violations
from tests.unit.overview.test_queries import World

pytestmark = pytest.mark.system
PATIENCE_S = 60.0
SOMEBODY_WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def world(postgres_database):
    database = Database(postgres_database)
    migrate(database, clock=SystemClock())
    world = World(database)
    for days in (0, 30):
        database.write_sync(lambda c, ahead=days: make_ahead(c, world.now + timedelta(days=ahead)))
    yield world
    asyncio.run(database.close())


@pytest.mark.parametrize("is_known", [False, True], ids=["new", "known"])
def test_it_is_not_overwritten_by_what_the_scan_read_before(world, is_known):
    task_id = world.add("mei", "corp.test", None)
    found = new_violation("bad.example")
    if is_known:
        world.db.write_sync(lambda c: write_violations(c, task_id, found, at=world.now, run=1))
    is_written, is_decided = Event(), Event()

    def scan(connection):
        """As `Record`: the task is locked, then decisions are read and findings written; the commit takes its time."""
        connection.execute(update(scan_tasks).where(scan_tasks.c.id == task_id).values(heartbeat=1))
        findings.put(connection, task_id, 1, [found.finding], world.now)
        is_written.set()
        until = time.monotonic() + PATIENCE_S
        while not is_decided.is_set() and not connection.execute(SOMEBODY_WAITS).scalar_one():
            assert time.monotonic() < until, "the decision neither waits nor ends"
            time.sleep(0.01)

    def decide():
        assert is_written.wait(PATIENCE_S)
        world.decide("mei", "corp.test", "bad.example", 1)
        is_decided.set()

    with ThreadPoolExecutor() as threads:
        both = [threads.submit(world.db.write_sync, scan), threads.submit(decide)]
        for one in both:
            one.result(PATIENCE_S)
    (row,) = world.db.read_sync(lambda c: findings.of_run(c, task_id, 1))
    assert row.state == DecisionState.DISMISSED
