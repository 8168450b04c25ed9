"""A page of sites is read with as many queries however many sites, scans and days it shows."""

import orjson
import pytest
from sqlalchemy import event

from app.domain.verdict import Result
from app.sites.queries.sites import SiteFilter
from tests.support.monitored_tasks import HandClock
from tests.support.watched_sites import WatchedSites

DAY_S = 86_400


@pytest.fixture
def world(db):
    return WatchedSites(db, HandClock(), schedule_spread_s=0)


async def page(world, owner, size):
    """Return the sites of a page, and how many statements were sent for it."""
    sent = []
    note = event.listens_for(world.db.engine, "before_cursor_execute")(lambda *what: sent.append(what[2]))
    try:
        document = await world.parts.service.list_page(owner, SiteFilter(), page=1, page_size=size)
    finally:
        event.remove(world.db.engine, "before_cursor_execute", note)
    return orjson.loads(b"".join(document))["items"], len([one for one in sent if one.lstrip().startswith("SELECT")])


async def test_a_page_takes_as_many_queries_for_one_site_as_for_many(world):
    mei = world.add_user()
    for number in range(30):
        target = f"site-{number:02}.example"
        world.add(mei, target, tags=("a", "b"))
        await world.scans.create(mei, target)
    for task in world.unfinished()[::2]:
        await world.finish(task, Result.CLEAN)
    one, few = await page(world, mei, 1)
    thirty, many = await page(world, mei, 30)
    assert (len(one), len(thirty)) == (1, 30)
    assert few == many <= 8
    assert [site["last_scan"] is None for site in thirty] == [False, True] * 15
    assert [site["unfinished"] is None for site in thirty] == [True, False] * 15
    assert all(site["tags"] == ["a", "b"] for site in thirty)


async def test_the_trend_is_what_was_open_at_the_end_of_each_day(world):
    mei = world.add_user()
    world.add(mei, "a.example")
    for found in (2, 2, 1):
        task = await world.scans.create(mei, "a.example")
        row = next(one for one in world.tasks() if one.id == task["id"])
        counts = {"total": found, "high": found}
        mine = world.only(row.id)
        world.db.write_sync(lambda c, mine=mine, counts=counts: c.execute(mine.values(finding_counts=counts)) and None)
        await world.finish(row, Result.VIOLATIONS)
        world.clock.advance(DAY_S)
    ((site,), _) = await page(world, mei, 1)
    assert site["trend"][-5:] == [0, 2, 2, 1, 1]
    assert (site["finding_counts"]["high"], site["last_scan"]["status"]) == (1, "completed")
