"""A scan's way to what the scan before has found."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from app.core.db import Database
from app.domain.inventory import Party, Showing
from app.domain.party_memory import PartyMemory
from app.domain.rechecks import Recheck, with_recheck
from app.domain.risk import stated
from app.domain.violations import RiskLevel
from app.engines.model import RecheckConfig
from app.findings.tables import findings
from app.inventory.memories import own_text_of, text_of
from app.inventory.queries import parties
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


@pytest.mark.parametrize(("days", "is_known"), [(20, True), (31, False)])
async def test_what_an_earlier_scan_has_seen_once_is_known(world, days, is_known):
    """A page that shows something to each visitor once a week would be refuted each time, and never announced."""
    earlier = scan(world, -24 * days)
    scan(world, -1)
    running = world.add("mei", "a.test", None)
    world.find(earlier, "other.test")
    world.find(earlier, "casino.test")
    reasons = with_recheck(stated(RiskLevel.HIGH), Recheck.NOT_CONFIRMED).reasons
    values = {"reasons": [{"code": reason.code, "points": reason.points} for reason in reasons], "risk_level": "low"}
    once = update(findings).where(findings.c.domain == "casino.test").values(**values)
    world.db.write_sync(lambda c: c.execute(once) and None)
    found = await EarlierFindings(world.db, world.clock, 60.0).load(running)
    assert found.known == ({("casino.test", "gambling")} if is_known else frozenset())


async def test_it_has_what_pages_of_the_site_and_of_its_third_parties_showed(world):
    scan(world, -1)
    running = world.add("mei", "a.test", None)
    own = Showing("content", "a.test", "http://a.test/", "Harbour")
    foreign = Showing("content", "b.test", "http://b.test/", "Pumps")
    site = (world.owners["mei"], "a.test")
    row = dict.fromkeys(
        ("category", "relation", "script", "outcome", "registrar", "registered_on", "title", "page"), ""
    )
    row |= {"user_id": site[0], "target_domain": site[1], "reference_count": 1, "hidden": 0, "task_id": "t"}
    row |= {"first_seen_at": world.now, "last_seen_at": world.now, "attempt": 1, "run": 1}

    def work(connection):
        for name, is_present in (("b.test", True), ("gone.test", False)):
            memory = PartyMemory(Party(name, showings={f"http://{name}/": replace(foreign, url=f"http://{name}/")}))
            parties.put(connection, [{**row, "domain": name, "is_present": is_present, "memory": text_of(memory)}])
        key = {"user_id": site[0], "target_domain": site[1], "completed_at": world.now}
        run = SimpleNamespace(**key, task_id="t", attempt=1, run=1)
        parties.note_listed(connection, run, own_text_of({own.url: own}))

    world.db.write_sync(work)
    found = await EarlierFindings(world.db, world.clock, 60.0).load(running)
    assert found.shown == {own.url: own, foreign.url: foreign}


async def test_a_first_scan_has_nothing_before(world):
    running = world.add("mei", "a.test", None)
    assert await EarlierFindings(world.db, world.clock, 60.0).load(running) is None


async def test_a_scan_that_finds_the_database_away_looks_at_nothing_again(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'none' / 'main.db'}", busy_timeout_s=0.1)
    try:
        assert await EarlierFindings(db, FakeClock(), 60.0).load("task") is None
    finally:
        await db.close()
