"""Scans start when they are due: spread, one at a time, within the limits, none lost and none twice."""

import asyncio
from collections import Counter
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from app.core.clock import to_wire
from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.lease import LeaseLost
from app.domain.verdict import Result
from app.events.tables import task_events
from app.identity.tables import users
from app.sites.schedule import offset_of
from app.sites.scheduler import AT_ONCE
from app.sites.tables import managed_sites
from tests.support.monitored_tasks import HandClock
from tests.support.said import said
from tests.support.watched_sites import DAILY, HOURLY, WatchedSites, at

HOUR_S = 3_600


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def make(db, clock):
    return lambda **values: WatchedSites(db, clock, **values)


@pytest.fixture
def world(make):
    return make(schedule_spread_s=0)


def metric(world, name, **labels):
    return world.metrics.registry.get_sample_value(name, labels) or 0


async def test_a_scan_starts_when_it_is_due_with_the_options_of_its_site_and_the_next_one_is_planned(world):
    mei = world.add_user()
    site_id = world.add(mei, "a.example", config={"max_pages": 7})
    await world.go_to(at(2, 59))
    assert world.tasks() == []
    await world.go_to(at(3))
    (task,) = world.tasks()
    assert (task.user_id, task.target_domain, task.config["max_pages"]) == (mei.user_id, "a.example", 7)
    assert task.config["max_depth"] == world.settings.default_max_depth
    site = world.site(site_id)
    assert (site.due_at, site.next_run_at, site.waits_for) == (at(27), at(27), None)
    assert (site.last_task_id, site.last_due_at, site.last_missed) == (task.id, at(3), 0)
    assert world.runner.woken == 1
    assert metric(world, "site_runs_started_total", when="on_time") == 1
    await world.look(60)
    assert len(world.tasks()) == 1


async def test_five_hundred_sites_that_are_due_at_the_same_minute_are_spread_within_the_limit_and_none_is_left_out(
    make,
):
    world = make(schedule_spread_s=1_800, max_unfinished_tasks_per_user=60)
    mei = world.add_user()
    world.add_many(mei, 500)
    await world.go_to(at(3))
    most, started = 0, Counter()
    while (before := world.count()) < 500:
        await world.look(30)
        started[world.clock.now().replace(second=0)] += world.count() - before
        most = max(most, world.end_some(6))  # a dozen a minute: fewer than become due
        assert world.clock.now() < at(5)
    assert most == 60
    assert {number for _, number in Counter(task.target_domain for task in world.tasks()).items()} == {1}
    assert max(started.values()) <= 45
    assert len([minute for minute in started if started[minute]]) >= 25
    assert metric(world, "site_runs_waiting_total", reason="task_limit") > 0
    world.end_some(500)
    for _ in range(6):
        await world.look(600)
    assert world.count() == 500


async def test_a_scheduler_that_was_frozen_for_an_hour_runs_each_site_once_and_says_how_late(make):
    world = make(schedule_spread_s=1_800)
    mei = world.add_user()
    world.add_many(mei, 500, schedule=HOURLY)
    await world.look(1_800)
    assert world.count() == 0
    world.clock.advance(2 * HOUR_S)  # nobody looks: each site is due twice, the first time more than an hour ago
    for number in range(1, 500 // AT_ONCE + 1):
        await world.look(10)
        assert world.count() == number * AT_ONCE
    await world.look(10)
    assert Counter(Counter(task.target_domain for task in world.tasks()).values()) == {1: 500}
    sites = world.sites()
    assert Counter(site.last_missed for site in sites) == {1: 500}
    assert all(site.next_run_at > world.clock.now() for site in sites)
    assert metric(world, "site_runs_started_total", when="late") == 500


async def test_after_an_outage_starts_are_no_crowd_either(make):
    world = make(schedule_spread_s=0)
    mei = world.add_user()
    for number in range(50):
        world.add(mei, f"site-{number}.example")
    await world.go_to(at(9))
    assert len(world.tasks()) == AT_ONCE
    assert metric(world, "site_schedule_lag_seconds") == 6 * HOUR_S
    await world.look(10)
    await world.look(10)
    assert len(world.tasks()) == 50


async def test_a_scan_that_starts_late_says_so_in_its_log(world):
    site_id = world.add(world.add_user(), "a.example", schedule=HOURLY)
    await world.go_to(at(3, 20))
    (task,) = world.tasks()
    (warning,) = task.warnings
    assert (warning["code"], warning["message"]) == ("late_run", str(said("late_run", minutes=140, missed=2)))
    events = world.db.read_sync(
        lambda c: c.execute(select(task_events.c.type).order_by(task_events.c.seq)).scalars().all()
    )
    assert events == ["task_created", "task_warning"]
    assert world.site(site_id).last_missed == 2
    await world.finish(task)
    await world.go_to(at(4))
    assert [len(one.warnings) for one in world.tasks()] == [1, 0]


async def test_of_a_site_one_scan_runs_at_a_time_and_the_next_one_starts_when_it_has_ended(world):
    site_id = world.add(world.add_user(), "a.example", schedule=HOURLY)
    await world.go_to(at(1))
    (first,) = world.tasks()
    await world.go_to(at(2))
    assert len(world.tasks()) == 1
    assert world.site(site_id).waits_for == "site_busy"
    await world.look_for(HOUR_S * 1.5, every_s=600)
    await world.finish(first)
    await world.look(60)
    assert len(world.tasks()) == 2
    site = world.site(site_id)
    assert (site.waits_for, site.last_missed, site.due_at) == (None, 1, at(4))


async def test_a_scan_that_somebody_has_asked_for_keeps_the_schedule_waiting_as_well(world):
    mei = world.add_user()
    world.add(mei, "a.example")
    asked = await world.scans.create(mei, "a.example")
    await world.go_to(at(3))
    assert [task.id for task in world.tasks()] == [asked["id"]]


async def test_a_user_at_the_limit_keeps_nobody_else_waiting(make):
    world = make(schedule_spread_s=0, max_unfinished_tasks_per_user=1)
    mei, lin = world.add_user(), world.add_user("lin")
    for number in range(3 * AT_ONCE):
        world.add(mei, f"site-{number}.example")
    world.add(lin, "lin.example")
    await world.go_to(at(3))
    await world.look(10)
    assert sorted(task.user_id for task in world.tasks()) == sorted([mei.user_id, lin.user_id])
    waiting = world.db.read_sync(lambda c: c.execute(select(managed_sites.c.waits_for)).scalars().all())
    assert Counter(waiting) == {"task_limit": 3 * AT_ONCE - 1, None: 2}
    await world.look(10)  # nobody is asked again before a minute has gone by
    assert metric(world, "site_runs_waiting_total", reason="task_limit") == 3 * AT_ONCE - 1


def enable(world, *, is_active):
    world.db.write_sync(lambda c: c.execute(users.update().values(is_active=is_active)) and None)


async def test_a_target_that_must_not_be_scanned_waits_for_an_hour_and_is_scanned_when_it_may(make):
    world = make(schedule_spread_s=0, blocked_targets=("a.example",))
    free = make(schedule_spread_s=0)
    site_id = free.add(free.add_user(), "a.example")
    await world.go_to(at(3))
    await world.look_for(HOUR_S - 10, every_s=10)
    assert (world.tasks(), world.site(site_id).waits_for) == ([], "target_not_allowed")
    assert metric(world, "site_runs_waiting_total", reason="target_not_allowed") == 1
    await world.look(10)
    assert metric(world, "site_runs_waiting_total", reason="target_not_allowed") == 2
    await free.look(HOUR_S)
    assert [task.target_domain for task in world.tasks()] == ["a.example"]
    assert world.site(site_id).waits_for is None


async def test_sites_of_a_user_who_is_disabled_wait_and_are_scanned_once_when_it_is_enabled(world):
    site_id = world.add(world.add_user(), "a.example", schedule=HOURLY)
    enable(world, is_active=False)
    await world.go_to(at(3))
    assert (world.tasks(), world.site(site_id).waits_for) == ([], None)
    assert metric(world, "site_schedule_lag_seconds") == 0
    enable(world, is_active=True)
    await world.look(10)
    assert [task.target_domain for task in world.tasks()] == ["a.example"]
    assert (world.site(site_id).last_missed, world.site(site_id).due_at) == (2, at(4))


async def test_a_user_who_is_disabled_while_a_scan_is_prepared_gets_none(world):
    site_id = world.add(world.add_user(), "a.example")
    world.clock.advance(3 * HOUR_S)
    prepare = world.parts.scheduler.runs.prepare

    async def disabled_meanwhile(site):
        enable(world, is_active=False)
        return await prepare(site)

    object.__setattr__(world.parts.scheduler.runs, "prepare", disabled_meanwhile)
    await world.look()
    assert (world.tasks(), world.site(site_id).waits_for) == ([], "owner_disabled")


async def test_sites_that_can_never_start_keep_nobody_else_waiting(make, db, clock):
    world = make(schedule_spread_s=0, blocked_targets=("never.example",))
    lin, gone = world.add_user("lin"), world.add_user("gone")
    free = WatchedSites(db, clock, schedule_spread_s=0)
    for number in range(3 * AT_ONCE):
        free.add(gone, f"a{number}.example")
        free.add(gone, f"a{number}.never.example")
    free.add(lin, "a-never.example")
    mine = users.c.id == gone.user_id
    db.write_sync(lambda c: c.execute(users.update().where(mine).values(is_active=False)) and None)
    for number in range(AT_ONCE):
        free.add(lin, f"b{number}.never.example")
    free.add(lin, "lin.example")
    await world.go_to(at(3))
    await world.look(10)
    assert sorted(task.target_domain for task in world.tasks()) == ["a-never.example", "lin.example"]
    for _ in range(30):
        await world.look(60)
    assert metric(world, "site_runs_waiting_total", reason="target_not_allowed") == AT_ONCE
    assert metric(world, "site_runs_waiting_total", reason="owner_disabled") == 0


async def test_a_site_that_cannot_be_read_keeps_no_other_from_its_scan(world):
    mei = world.add_user()
    broken, well = world.add(mei, "a.example"), world.add(mei, "b.example")
    mine = managed_sites.c.id == broken
    world.db.write_sync(lambda c: c.execute(managed_sites.update().where(mine).values(time_zone="No/Where")) and None)
    await world.go_to(at(3))
    assert [task.target_domain for task in world.tasks()] == ["b.example"]
    assert (world.site(broken).waits_for, world.site(well).waits_for) == ("internal", None)


async def test_of_two_processes_that_look_at_the_same_time_one_starts_a_scan(db, clock):
    worlds = [WatchedSites(db, clock, schedule_spread_s=0) for _ in range(2)]
    mei = worlds[0].add_user()
    for number in range(AT_ONCE):
        worlds[0].add(mei, f"site-{number}.example")
    clock.advance(3 * HOUR_S)
    await asyncio.gather(*(world.parts.scheduler.look() for world in worlds))
    assert sorted(Counter(task.target_domain for task in worlds[0].tasks()).values()) == [1] * AT_ONCE
    assert sum(metric(world, "site_runs_started_total", when="on_time") for world in worlds) == AT_ONCE


async def test_a_plan_that_was_changed_while_its_scan_was_prepared_starts_none(world):
    """The write that takes a run holds for the plan that was read, and for no other."""
    mei = world.add_user()
    site_id = world.add(mei, "a.example")
    world.clock.advance(3 * HOUR_S)
    prepare = world.parts.scheduler.runs.prepare

    async def paused_meanwhile(site):
        await world.parts.service.change(mei, site_id, {"paused": True})
        return await prepare(site)

    object.__setattr__(world.parts.scheduler.runs, "prepare", paused_meanwhile)
    await world.look()
    assert world.tasks() == []
    assert world.site(site_id).next_run_at is None


async def test_paused_sites_are_not_scanned_and_what_was_due_meanwhile_is_not_made_up_for(world):
    mei = world.add_user()
    site_id = world.add(mei, "a.example", paused=True)
    await world.go_to(at(4))
    assert world.tasks() == []
    await world.parts.service.change(mei, site_id, {"paused": False})
    await world.go_to(at(5))
    assert world.tasks() == []
    await world.go_to(at(27))
    assert len(world.tasks()) == 1
    assert world.site(site_id).last_missed == 0


def larger_spread(site_id):
    """Return a spread with which this site starts some minutes later than it is due."""
    return next(one for one in range(HOUR_S, HOUR_S // 2, -1) if offset_of(site_id, one) > timedelta(minutes=10))


@pytest.mark.parametrize("looks_before", [True, False], ids=["started before", "started after"])
async def test_a_spread_that_grows_starts_no_run_of_one_due_time_twice(make, looks_before):
    """A site that started at 03:00 would now start at 03:00 and its new offset, which is still to come."""
    before = make(schedule_spread_s=0)
    mei = before.add_user()
    site_id = before.add(mei, "a.example")
    after = make(schedule_spread_s=larger_spread(site_id))
    world = before if looks_before else after
    await world.go_to(at(3))
    (task,) = world.tasks()
    await world.finish(task)
    await after.look(30)
    await after.look_for(2 * HOUR_S, every_s=300)
    assert len(after.tasks()) == 1
    site = after.site(site_id)
    assert (site.last_due_at, site.due_at) == (at(3), at(27))
    shown = orjson.loads(b"".join(await after.parts.service.get(mei, site_id)))
    assert shown["next_runs"][0] == to_wire(site.next_run_at)


async def test_a_spread_that_grows_starts_no_run_that_was_made_up_for(make):
    before = make(schedule_spread_s=0)
    site_id = before.add(before.add_user(), "a.example", schedule=HOURLY)
    after = make(schedule_spread_s=larger_spread(site_id))
    await before.go_to(at(7))
    (task,) = before.tasks()
    await before.finish(task)
    await after.look(30)
    assert (after.site(site_id).last_missed, after.site(site_id).due_at) == (6, at(8))


async def test_a_run_that_a_clock_ahead_has_started_keeps_no_later_one_from_starting(world):
    site_id = world.add(world.add_user(), "a.example")
    await world.go_to(at(9_003))
    (task,) = world.tasks()
    await world.finish(task)
    world.clock.moment = at(12)
    await world.look(600)
    assert world.site(site_id).next_run_at == at(27)


async def test_after_a_write_of_unknown_outcome_there_is_one_scan(world, monkeypatch):
    from app.core.db import Database, OutcomeUnknown

    world.add(world.add_user(), "a.example")
    world.clock.advance(3 * HOUR_S)
    write, lost = Database.write, []

    async def forgetful(db, work):
        value = await write(db, work)
        if not lost and value:
            lost.append(value)
            raise OutcomeUnknown
        return value

    monkeypatch.setattr(Database, "write", forgetful)
    await world.look()
    assert len(lost) == 1
    assert len(world.tasks()) == 1


class Lease:
    """Fulfils `core.lease.Lease`, as the test wants."""

    def __init__(self):
        self.held = True

    async def is_held(self):
        return self.held

    async def release(self):
        self.held = False

    def guard(self, connection):
        if not self.held:
            raise LeaseLost("monitor")


class Stop(Exception):
    pass


def rounds(world, clock, count):
    """Have the loop end after so many rounds."""
    left = [count]

    async def sleep(seconds):
        left[0] -= 1
        clock.advance(seconds)
        if left[0] == 0:
            raise Stop

    clock.sleep = sleep
    return world.parts.scheduler.keep_current()


async def test_only_the_holder_of_the_lease_starts_scans(db, clock):
    lease = Lease()
    world = WatchedSites(db, clock, lease=lease, schedule_spread_s=0)
    world.add(world.add_user(), "a.example")
    clock.advance(3 * HOUR_S)
    lease.held = False
    with pytest.raises(Stop):
        await rounds(world, clock, 3)
    assert world.tasks() == []
    lease.held = True
    with pytest.raises(Stop):
        await rounds(world, clock, 2)
    assert len(world.tasks()) == 1


async def test_a_holder_that_has_lost_the_lease_writes_nothing(db, clock):
    """It was frozen between its look at the lease and its write."""
    lease = Lease()
    guarded = db.guarded(lease.guard)
    world = WatchedSites(guarded, clock, lease=lease, schedule_spread_s=0)
    world.add(world.add_user(), "a.example")
    clock.advance(3 * HOUR_S)
    lease.held = False
    with pytest.raises(LeaseLost):
        await world.look()
    assert world.tasks() == []


async def test_a_round_without_a_database_is_made_up_for_by_the_next(world, clock, monkeypatch):
    world.add(world.add_user(), "a.example", schedule=DAILY)
    clock.advance(3 * HOUR_S)
    read, failed = world.db.read, []

    async def away(work, **more):
        if not failed:
            failed.append(1)
            raise DatabaseUnavailable(Failure.UNREACHABLE)
        return await read(work, **more)

    monkeypatch.setattr(world.db, "read", away)
    with pytest.raises(Stop):
        await rounds(world, clock, 2)
    assert (len(failed), len(world.tasks())) == (1, 1)


async def test_an_inconclusive_scan_is_no_reason_to_start_another_before_its_time(world):
    world.add(world.add_user(), "a.example")
    await world.go_to(at(3))
    await world.finish(world.tasks()[0], Result.INCONCLUSIVE)
    await world.look_for(HOUR_S, every_s=600)
    assert len(world.tasks()) == 1
    assert world.clock.now() < at(27) - timedelta(hours=20)
