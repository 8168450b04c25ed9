"""The outbox: written with the event, by nobody else, and once for each thing that happened."""

import pytest

from app.core.db import Database
from app.domain.violations import RiskLevel
from app.events.outbox import Kind
from app.events.tables import outbox
from app.events.types import ErrorInfo, Statistics
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.notified import NotifiedWorld


@pytest.fixture
async def world(database_url):
    db = Database(database_url, busy_timeout_s=30)
    create_tables(db)
    yield NotifiedWorld(db, FakeClock())
    await db.close()


async def test_what_nobody_wants_to_hear_of_leaves_nothing(world):
    task_id = await world.begin()
    await world.writer.write(world.lifecycle.request_cancel(task_id, by="owner"))
    assert world.outbox() == []


async def test_violations_leave_one_row_however_many_there_are(world):
    task_id = await world.begin()
    for number in range(3):
        await world.find(task_id, f"bets{number}.example", risk=RiskLevel.LOW)
    (row,) = world.rows(outbox)
    assert (row.kind, row.subject_id, row.number, row.version) == (Kind.FOUND, task_id, 1, 3)


async def test_the_end_leaves_one_of_its_own(world):
    task_id = await world.begin()
    await world.complete(task_id)
    assert world.outbox() == [(Kind.ENDED, task_id, 1)]


async def test_a_retry_after_an_unknown_outcome_leaves_the_same(world):
    task_id = await world.begin()
    unit = world.lifecycle.fail(task_id, 1, ErrorInfo(code="x", message="x"), Statistics())
    for _ in range(2):
        await world.writer.write(unit)
    (row,) = world.rows(outbox)
    assert row.version == 1
