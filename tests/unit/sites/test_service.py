"""Two changes of one site at the same time: none is lost, and the plan is that of the site as it is."""

from dataclasses import replace

import pytest

from app.core.errors import NotFound
from app.core.scopes import Scope
from app.domain.messages import Language
from tests.support.monitored_tasks import HandClock
from tests.support.watched_sites import HOURLY, WatchedSites, at

MONTHLY = {"cron": "0 5 1 * *", "time_zone": "UTC"}


class Overtaken:
    """A database in which another change comes between what is read and the next write."""

    def __init__(self, db, other):
        self._db, self._other = db, other

    def __getattr__(self, name):
        return getattr(self._db, name)

    async def write(self, work):
        other, self._other = self._other, None
        if other is not None:
            await other
        return await self._db.write(work)


@pytest.fixture
def world(db):
    return WatchedSites(db, HandClock(), schedule_spread_s=0)


async def overtaken(world, mei, site_id, change, other):
    """Make a change that another one of another process comes before; return the site."""
    elsewhere = WatchedSites(world.db, world.clock, schedule_spread_s=0)
    world.parts.service.db = Overtaken(world.db, elsewhere.parts.service.change(mei, site_id, other))
    await world.parts.service.change(mei, site_id, change)
    return world.site(site_id)


async def test_a_schedule_that_is_set_while_the_site_is_resumed_is_the_one_that_is_planned(world):
    mei = world.add_user()
    site_id = world.add(mei, "a.example", schedule=HOURLY, paused=True)
    site = await overtaken(world, mei, site_id, {"paused": False}, {"schedule": MONTHLY})
    assert (site.cron, site.every_hours, site.paused) == ("0 5 1 * *", None, False)
    assert (site.due_at, site.next_run_at) == (at(5), at(5))


async def test_a_site_that_is_paused_while_its_schedule_is_set_has_no_plan(world):
    mei = world.add_user()
    site_id = world.add(mei, "a.example")
    site = await overtaken(world, mei, site_id, {"schedule": MONTHLY}, {"paused": True})
    assert (site.cron, site.paused) == ("0 5 1 * *", True)
    assert (site.due_at, site.next_run_at, site.try_at) == (None, None, None)


async def test_a_run_that_is_started_while_the_site_is_changed_is_not_planned_again(world):
    mei = world.add_user()
    site_id = world.add(mei, "a.example")
    world.clock.advance(3 * 3_600)
    scheduler = WatchedSites(world.db, world.clock, schedule_spread_s=0).parts.scheduler
    world.parts.service.db = Overtaken(world.db, scheduler.look())
    await world.parts.service.change(mei, site_id, {"paused": False})
    assert len(world.tasks()) == 1
    assert (world.site(site_id).last_due_at, world.site(site_id).due_at) == (at(3), at(27))


@pytest.mark.parametrize("change", [{"schedule": HOURLY}, {"group_name": "North", "tags": ("a",)}])
async def test_a_site_that_is_removed_while_it_is_changed_is_missing(world, change):
    mei = world.add_user()
    site_id = world.add(mei, "a.example")
    elsewhere = WatchedSites(world.db, world.clock).parts.service
    world.parts.service.db = Overtaken(world.db, elsewhere.remove(mei, site_id, with_scans=False))
    with pytest.raises(NotFound):
        await world.parts.service.change(mei, site_id, change)


@pytest.mark.parametrize("leave", ["change", "remove"])
async def test_a_site_that_leaves_the_group_of_a_key_meanwhile_is_not_scanned(world, leave):
    mei = world.add_user()
    site_id = world.add(mei, "a.example", group="North")
    key = replace(mei, key_id="k", scopes=frozenset({Scope.SCAN}), group="North")
    elsewhere = WatchedSites(world.db, world.clock).parts.service
    if leave == "change":
        other = elsewhere.change(mei, site_id, {"group_name": "South"})
    else:
        other = elsewhere.remove(mei, site_id, with_scans=False)
    world.scans.event_writer = Overtaken(world.writer, other)
    with pytest.raises(NotFound):
        await world.parts.service.run(key, site_id, Language.EN)
    assert world.tasks() == []
