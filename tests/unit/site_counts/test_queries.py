"""The rows that say what stands for each site."""

from datetime import timedelta

import pytest

from app.site_counts import queries as sites
from app.site_counts.tables import NOW
from tests.unit.overview.test_queries import World
from tests.unit.scans.queries.test_tasks import ADMIN


@pytest.fixture
def world(db):
    return World(db)


def test_runs_of_a_site_come_in_the_order_in_which_they_ended_also_those_of_tasks_that_run_again(world):
    first, again = world.add("mei", "a.test", 5), world.add("mei", "a.test", None)
    world.keep(world.add("li", "a.test", 1), 1, 1)
    world.keep(world.add("mei", "b.test", 1), 1, 1)
    world.keep(world.add("mei", "a.test", 2, deleted_at=world.now), 1, 2)
    world.keep(first, 1, 5)
    world.keep(again, 1, 3)
    world.keep(again, 2, 4)
    found = world.db.read_sync(lambda c: sites.ended_runs(c, (world.owners["mei"], "a.test")))
    assert [(run.task_id, run.run) for run in found] == [(again, 1), (again, 2), (first, 1)]


def test_of_a_site_with_very_many_scans_the_newest_are_looked_at(world, monkeypatch):
    monkeypatch.setattr(sites, "MAX_TASKS", 2)
    for hours in (1, 2, 3):
        world.keep(world.add("mei", "a.test", hours), 1, hours)
    found = world.db.read_sync(lambda c: sites.ended_runs(c, (world.owners["mei"], "a.test")))
    assert [run.completed_at for run in found] == [world.now + timedelta(hours=hours) for hours in (2, 3)]


def test_what_all_sites_of_a_user_add_up_to_is_changed_day_by_day(world):
    mei, li = world.owners["mei"], world.owners["li"]
    today = world.now.date()
    world.db.write_sync(lambda c: sites.add_counts(c, mei, {NOW: {"sites": 2, "high": 3}, today: {"high": 1}}))
    world.db.write_sync(lambda c: sites.add_counts(c, mei, {NOW: {"sites": -1, "high": 1}}))
    world.db.write_sync(lambda c: sites.add_counts(c, li, {NOW: {"sites": 1, "high": 5}}))

    def read(principal, *days):
        found = world.db.read_sync(lambda c: sites.totals(c, principal, days))
        return {day: (counts["sites"], counts["high"]) for day, counts in found.items()}

    assert read(world.principal("mei"), today) == {today: (0, 1), NOW: (1, 4)}
    assert read(ADMIN, today) == {today: (0, 1), NOW: (2, 9)}
    assert read(ADMIN) == {NOW: (2, 9)}
    world.db.write_sync(lambda c: sites.forget_user(c, mei))
    assert read(ADMIN, today) == {NOW: (1, 5)}


def test_the_worst_sites_come_first_and_a_user_sees_their_own(world):
    for owner, target, high in (("mei", "a.test", 1), ("li", "b.test", 2), ("mei", "c.test", 3)):
        world.keep(world.add(owner, target, 1), 1, 1, finding_counts={"total": high, "high": high})
    world.recount()

    def read(principal, limit=9):
        return [row.target_domain for row in world.db.read_sync(lambda c: sites.worst(c, principal, limit))]

    assert read(world.principal("mei")) == ["c.test", "a.test"]
    assert read(world.principal("li")) == ["b.test"]
    assert read(ADMIN) == ["c.test", "b.test", "a.test"]
    assert read(ADMIN, 1) == ["c.test"]
