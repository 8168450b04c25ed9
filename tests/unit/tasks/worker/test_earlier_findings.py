"""A scan's way to what the scan before has found."""

import pytest

from app.core.db import Database
from app.engines.model import RecheckConfig
from app.tasks.worker.earlier_findings import EarlierFindings
from tests.support.clock import FakeClock
from tests.unit.inventory.queries.test_differences import scan
from tests.unit.overview.test_queries import World


@pytest.fixture
def world(db):
    return World(db)


async def test_it_has_the_findings_by_domain_and_kind_and_how_long_a_recheck_waits(world):
    earlier, running = scan(world, -1), world.add("mei", "a.test", None)
    world.find(earlier, "casino.test")
    world.find(earlier, "a.b.test", key="fraud")
    found = await EarlierFindings(world.db, world.clock, 60.0).load(running)
    assert found == RecheckConfig(known=frozenset({("casino.test", "gambling"), ("a.b.test", "fraud")}), after_s=60.0)


async def test_a_first_scan_has_nothing_before(world):
    running = world.add("mei", "a.test", None)
    assert await EarlierFindings(world.db, world.clock, 60.0).load(running) is None


async def test_a_scan_that_finds_the_database_away_looks_at_nothing_again(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'none' / 'main.db'}", busy_timeout_s=0.1)
    try:
        assert await EarlierFindings(db, FakeClock(), 60.0).load("task") is None
    finally:
        await db.close()
