"""How much of what runs have found is decided by now."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.events.tables import scan_tasks
from app.site_counts import decided_counts
from app.site_counts import queries as sites
from app.site_counts.decided_counts import read_decided, read_expired
from tests.support.databases import create_tables
from tests.unit.overview.test_queries import World


@pytest.fixture
async def world(database_url):
    db = Database(database_url)
    create_tables(db)
    yield World(db)
    await db.close()


def scan(world, owner, target, *domains, key="gambling", run=1):
    task_id = world.add(owner, target, 1)
    world.keep(task_id, run, 1)
    for domain in domains:
        world.find(task_id, domain, key=key, run=run)
    return task_id


def read(world):
    def work(connection):
        tasks = select(scan_tasks.c.user_id, scan_tasks.c.target_domain).distinct()
        runs = [run for site in connection.execute(tasks) for run in sites.ended_runs(connection, tuple(site))]
        return read_decided(connection, [(run.task_id, run.run) for run in runs])

    decided = world.db.read_sync(work)
    return {key[0]: [(one.at, dict(one.taken)) for one in found] for key, found in decided.items() if found}


async def test_a_dismissal_takes_its_finding_out_of_every_run_of_the_site_and_of_no_other_owners(world):
    first, again = (scan(world, "mei", "a.test", "x.test", "y.test") for _ in range(2))
    scan(world, "li", "a.test", "x.test")
    scan(world, "mei", "b.test", "x.test")
    world.decide("mei", "a.test", "x.test", 3)
    expected = [(world.now + timedelta(hours=3), {"needs_review": 0, "total": 1, "high": 1})]
    assert read(world) == {first: expected, again: expected}


async def test_what_is_being_mended_is_open_and_what_was_taken_back_was_never_decided(world):
    task_id = scan(world, "mei", "a.test", "x.test", "y.test")
    world.decide("mei", "a.test", "x.test", 3, state="mending")
    world.decide("mei", "a.test", "y.test", 3, state="open")
    assert read(world) == {task_id: [(world.now + timedelta(hours=3), {"needs_review": 0})]}


async def test_a_decision_about_less_than_was_found_takes_nothing(world):
    task_id = scan(world, "mei", "a.test", "x.test")
    world.decide("mei", "a.test", "x.test", 3)
    world.find(task_id, "x.test", key="hidden_link")
    assert read(world) == {}


async def test_of_a_run_counts_what_that_run_found(world):
    task_id = scan(world, "mei", "a.test", "x.test")
    world.find(task_id, "x.test", run=2)  # of a run that has not ended
    world.decide("mei", "a.test", "x.test", 3)
    assert len(read(world)[task_id]) == 1


async def test_no_more_is_looked_at_than_there_may_be(world, monkeypatch):
    scan(world, "mei", "a.test", "x.test", "y.test")
    for name in ("x.test", "y.test"):
        world.decide("mei", "a.test", name, 3)
    monkeypatch.setattr(decided_counts, "MAX_FINDINGS", 1)
    assert sum(len(found) for found in read(world).values()) == 1


async def test_what_expired_is_compared_once_where_all_runs_found_the_same(world, monkeypatch):
    """With 500 of it and 30 runs, every later decision of the site took 1.3 s of the write lock."""
    names = [f"{number}.x.test" for number in range(4)]
    tasks = [scan(world, "mei", "a.test", *names) for _ in range(3)]
    today = world.now.date()
    for name in names:
        world.decide("mei", "a.test", name, 3, expires_on=today, expired_at=world.now)
    compared = []
    real = decided_counts.holds
    monkeypatch.setattr(decided_counts, "holds", lambda *basis: compared.append(1) or real(*basis))
    site = (world.owners["mei"], "a.test")
    runs = [(task_id, 1) for task_id in tasks]
    found = world.db.read_sync(lambda c: read_expired(c, site, runs, today - timedelta(days=1)))
    assert {key: len(rows) for key, rows in found.items()} == dict.fromkeys(runs, len(names))
    assert len(compared) == len(names)
