"""A site without a conclusive scan raises an alert by itself; a plan that a wrong clock has made is made anew."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.verdict import Result
from app.events.outbox import Kind
from app.events.tables import outbox
from app.identity.tables import users
from app.sites.tables import managed_sites
from tests.support.monitored_tasks import HandClock
from tests.support.watched_sites import DAILY, START, WatchedSites, at

WEEKLY = {"cron": "0 3 * * THU", "time_zone": "UTC", "every_hours": None}


@pytest.fixture
def world(db):
    return WatchedSites(db, HandClock(), schedule_spread_s=0)


@pytest.fixture
def mei(world):
    return world.add_user()


def alerts(world):
    value = world.metrics.registry.get_sample_value
    return value("site_overdue_alerts_total"), value("sites_overdue_count")


async def watch_at(world, days):
    world.clock.advance((START + timedelta(days=days) - world.clock.now()).total_seconds())
    await world.parts.scheduler.watch.look()


async def test_a_site_that_was_never_scanned_is_overdue_after_its_days_and_the_alert_is_raised_once(world, mei):
    site_id = world.add(mei, "a.example", schedule=None, overdue_after_days=3)
    await watch_at(world, 2.9)
    assert (world.site(site_id).overdue_since, alerts(world)) == (None, (0, 0))
    for days in (3, 3.1, 9):
        await watch_at(world, days)
        assert (world.site(site_id).overdue_since, alerts(world)) == (START + timedelta(days=3), (1, 1))


async def test_who_wants_to_be_told_of_it_is_told_once(world, mei):
    world.add(mei, "a.example", schedule=None, overdue_after_days=3)
    for days in (2, 4, 5):
        await watch_at(world, days)
    (row,) = world.db.read_sync(lambda c: c.execute(select(outbox)).all())
    assert (row.kind, row.version) == (Kind.OVERDUE, 1)
    assert row.detail == {"user_id": mei.user_id, "target_domain": "a.example", "since": None, "days": 4}


async def test_only_a_conclusive_scan_ends_it(world, mei):
    site_id = world.add(mei, "a.example", schedule=None, overdue_after_days=3)
    await watch_at(world, 4)
    for result, is_overdue in ((Result.INCONCLUSIVE, True), (Result.CLEAN, False)):
        task = await world.scans.create(mei, "a.example")
        await world.finish(next(one for one in world.tasks() if one.id == task["id"]), result)
        await world.parts.scheduler.watch.look()
        assert (world.site(site_id).overdue_since is not None) is is_overdue
    assert alerts(world) == (1, 0)
    await watch_at(world, 7.1)
    assert world.site(site_id).overdue_since == START + timedelta(days=7)
    assert alerts(world) == (2, 1)


async def test_without_a_number_it_is_the_second_due_time_of_the_schedule_and_a_week_at_least(world, mei):
    daily, weekly = world.add(mei, "a.example", schedule=DAILY), world.add(mei, "b.example", schedule=WEEKLY)
    none = world.add(mei, "c.example", schedule=None)
    await watch_at(world, 35)
    since = {site_id: world.site(site_id).overdue_since for site_id in (daily, weekly, none)}
    assert since == {
        daily: START + timedelta(days=7),
        weekly: START + timedelta(days=7, hours=3),  # due on the first day and on this one
        none: START + timedelta(days=30),
    }


async def test_a_paused_site_is_not_overdue_and_has_its_time_anew_when_it_is_resumed(world, mei):
    site_id = world.add(mei, "a.example", overdue_after_days=3)
    await watch_at(world, 4)
    await world.parts.service.change(mei, site_id, {"paused": True})
    await world.parts.scheduler.watch.look()
    assert world.site(site_id).overdue_since is None
    await watch_at(world, 40)
    await world.parts.service.change(mei, site_id, {"paused": False})
    await world.parts.scheduler.watch.look()
    assert world.site(site_id).overdue_since is None
    await watch_at(world, 43)
    assert world.site(site_id).overdue_since == START + timedelta(days=43)


async def test_a_site_of_a_user_who_is_disabled_is_not_overdue(world, mei):
    waits, noted = (world.add(mei, f"{name}.example", overdue_after_days=days) for name, days in (("a", 9), ("b", 3)))
    await watch_at(world, 4)
    world.db.write_sync(lambda c: c.execute(users.update().values(is_active=False)) and None)
    await watch_at(world, 20)
    assert [world.site(site_id).overdue_since for site_id in (waits, noted)] == [None, None]
    assert alerts(world) == (1, 0)
    world.db.write_sync(lambda c: c.execute(users.update().values(is_active=True)) and None)
    await watch_at(world, 21)
    assert [world.site(site_id).overdue_since for site_id in (waits, noted)] == [at(9 * 24), at(3 * 24)]


async def test_more_sites_than_one_read_has_are_all_looked_at(world, mei):
    for number in range(230):
        world.add(mei, f"site-{number}.example", schedule=None, overdue_after_days=1)
    await watch_at(world, 2)
    assert alerts(world) == (230, 230)


async def test_it_looks_every_ten_minutes(world, mei):
    site_id = world.add(mei, "a.example", schedule=None, overdue_after_days=1)
    await world.look()
    world.clock.moment = START + timedelta(days=2)  # the wall clock alone
    await world.look(590)
    assert world.site(site_id).overdue_since is None
    await world.look(10)
    assert world.site(site_id).overdue_since is not None


async def test_a_plan_of_a_clock_that_was_ahead_is_made_anew_when_the_clock_is_right_again(world, mei):
    site_id = world.add(mei, "a.example", schedule=DAILY)
    mine = managed_sites.c.id == site_id
    far = {"due_at": at(9_000), "next_run_at": at(9_000), "try_at": at(9_000)}
    world.db.write_sync(lambda c: c.execute(managed_sites.update().where(mine).values(**far)) and None)
    await watch_at(world, 0.01)
    assert world.site(site_id).next_run_at == at(3)
