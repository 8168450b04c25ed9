"""What stands for each site is written down with whatever changes it, and says what counting anew would."""

import asyncio
from datetime import timedelta

import pytest

from app.core.db import Database
from app.domain.messages import MessageCatalog
from app.domain.verdict import Coverage, reach_verdict
from app.events.tables import scan_tasks
from app.events.types import Statistics
from app.scans.lifecycle import Lifecycle
from app.site_counts import queries as sites
from app.site_counts.service import SiteKeeper, recount
from app.site_counts.tables import NOW, open_counts, site_changes
from tests.support.databases import create_tables
from tests.unit.overview.test_queries import World
from tests.unit.scans.queries.test_tasks import ADMIN


@pytest.fixture
async def world(database_url):
    db = Database(database_url)
    create_tables(db)
    yield World(db)
    await db.close()


def now_of(world, principal=ADMIN):
    counts = world.db.read_sync(lambda c: sites.totals(c, principal, ())).get(NOW)
    return None if counts is None else (counts["sites"], counts["high"])


def shown(world):
    rows = world.db.read_sync(lambda c: sites.worst(c, ADMIN, 9))
    return [(row.target_domain, row.task_id, row.shown_task_id, row.high) for row in rows]


def waiting(world, principal=ADMIN, **asked):
    return [row[0] for row in world.db.read_sync(lambda c: sites.waiting_scans(c, principal, upto=None, limit=9))]


def finish(world, task_id, found=0, *, run=1):
    """Let a scan end as the product does, with so many violations of a high risk."""
    life = Lifecycle(clock=world.clock, texts=MessageCatalog("en"))
    world.db.write_sync(life.claim(task_id, run, "w", "a.test"))
    values = {"finding_counts": {"total": found, "high": found}}
    world.db.write_sync(
        lambda c: c.execute(scan_tasks.update().where(scan_tasks.c.id == task_id).values(**values)) and None
    )
    verdict = reach_verdict(Coverage(), found)
    assert world.db.write_sync(life.complete(task_id, run, Statistics(total_violations=found), verdict=verdict))


def order(world, owner="mei", target="a.test"):
    task_id = world.add(owner, target, None, status="pending", started_at=None)
    world.clock.advance(60)
    return task_id


def life_of(world):
    return Lifecycle(clock=world.clock, texts=MessageCatalog("en"))


async def test_a_scan_that_ends_is_counted_in_the_same_transaction_and_what_stood_before_no_longer(world):
    first = order(world)
    finish(world, first, 3)
    assert (shown(world), now_of(world)) == ([("a.test", first, first, 3)], (1, 3))
    second = order(world)
    finish(world, second, 1)
    finish(world, order(world, "li"), 5)
    assert ("a.test", second, second, 1) in shown(world)
    assert (now_of(world), now_of(world, world.principal("mei"))) == ((2, 6), (1, 1))


async def test_what_is_deleted_counts_no_longer_and_what_was_before_stands_again(world):
    first, second = order(world), order(world)
    finish(world, first, 3)
    finish(world, second, 1)
    assert world.db.write_sync(life_of(world).delete(second, by="mei"))
    assert (shown(world), now_of(world)) == ([("a.test", first, first, 3)], (1, 3))
    assert world.db.write_sync(life_of(world).delete(first, by="mei"))
    assert (shown(world), now_of(world)) == ([], (0, 0))


async def test_the_newest_completed_scan_waits_for_a_person_while_something_in_it_does(world):
    first, second, foreign = order(world), order(world), order(world, "li")
    for task_id in (first, second, foreign):
        world.find(task_id, "casino.test", needs_review=True)
    for task_id in (first, foreign, second):
        finish(world, task_id, 1)
        world.clock.advance(60)
    assert (waiting(world), waiting(world, world.principal("li"))) == ([second, foreign], [foreign])
    assert world.db.write_sync(life_of(world).retry(second, by="mei"))
    assert waiting(world) == [foreign, first]
    finish(world, second, 0, run=2)
    assert waiting(world) == [second, foreign]
    clean = order(world)
    finish(world, clean)
    assert waiting(world) == [foreign]


async def test_counting_again_changes_nothing(world):
    finish(world, order(world), 2)
    finish(world, order(world, target="b.test"), 4)

    def rows():
        tables = (open_counts, site_changes)
        return world.db.read_sync(lambda c: [sorted(map(tuple, c.execute(table.select()))) for table in tables])

    before = rows(), shown(world)
    for _ in range(2):
        world.recount(world.clock.now())
    assert (rows(), shown(world)) == before


async def test_what_had_ended_before_the_upgrade_is_counted_once_and_later_what_another_version_ends(world):
    assert world.db.read_sync(sites.is_all_counted)  # there is nothing yet
    for number in range(3):
        task_id = world.add("mei", f"{number}.test", number)
        world.keep(task_id, 1, number, finding_counts={"total": 1, "high": 1})
    gone = world.add("mei", "gone.test", 1, deleted_at=world.now)
    world.keep(gone, 1, 1)
    keeper = SiteKeeper(db=world.db, clock=world.clock)
    world.clock.advance(5 * 3_600)
    assert not world.db.read_sync(sites.is_all_counted)
    await keeper.look()
    assert world.db.read_sync(sites.is_all_counted)
    assert (now_of(world), world.db.read_sync(sites.filled_until)) == ((3, 3), world.clock.now())
    later = world.add("mei", "0.test", 5)
    world.keep(later, 1, 5, finding_counts={"total": 2, "high": 2})
    await keeper.look()
    assert now_of(world) == (3, 4)


async def test_a_day_that_has_gone_by_keeps_what_was_open_at_its_end(world):
    task_id = order(world)
    finish(world, task_id, 3)
    world.clock.advance(86_400)
    finish(world, order(world), 1)
    day = world.clock.now().date()
    found = world.db.read_sync(lambda c: sites.totals(c, ADMIN, [day - timedelta(days=ago) for ago in range(3)]))
    assert {at: (counts["sites"], counts["high"]) for at, counts in found.items()} == {
        day - timedelta(days=1): (1, 3),
        day: (0, -2),
        NOW: (1, 1),
    }
    world.db.write_sync(lambda c: recount(c, (world.owners["mei"], "a.test"), now=world.clock.now() + timedelta(40)))
    later = world.db.read_sync(lambda c: sites.totals(c, ADMIN, [day - timedelta(days=ago) for ago in range(3)]))
    assert {at for at, counts in later.items() if any(counts.values())} == {NOW}


async def test_what_ends_at_the_same_moment_is_all_counted_and_nobody_waits_in_a_circle(world):
    """Eight scans of two sites of one owner, and whoever counts all sites anew beside them."""
    tasks = [order(world, target=f"{number % 2}.test") for number in range(8)]
    keeper = SiteKeeper(db=world.db, clock=world.clock)
    ended = [asyncio.to_thread(finish, world, task_id, number) for number, task_id in enumerate(tasks)]
    await asyncio.gather(*ended, *(keeper.look() for _ in range(4)))
    world.recount(world.clock.now())
    counted = now_of(world)
    assert counted is not None
    assert counted == (2, sum(row[3] for row in shown(world)))


async def test_runs_that_stand_no_more_take_no_room_among_what_is_read_of_decisions(world, monkeypatch):
    monkeypatch.setattr("app.site_counts.decided_counts.MAX_FINDINGS", 2)
    for hours in (0.1, 0.2, 0.3):
        task_id = world.add("mei", "a.test", hours)
        world.keep(task_id, 1, hours, finding_counts={"total": 2, "high": 2})
        for domain in ("b.test", "c.test"):
            world.find(task_id, domain)
    for domain in ("b.test", "c.test"):
        world.decide("mei", "a.test", domain, 0)
    world.recount()
    assert now_of(world) == (1, 0)
