"""Which scan a scan is compared with, and what is kept of a comparison."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from app.events.tables import scan_tasks
from app.inventory.queries import differences as queries
from app.inventory.queries.differences import KEPT, Pair, RunKey
from app.inventory.tables import scan_differences
from app.scans.queries import tasks
from tests.unit.overview.test_queries import World


@pytest.fixture
def world(db):
    return World(db)


def scan(world, hours, *, owner="mei", target="a.test", conclusive=True, **values):
    """A scan that ended so many hours from now on."""
    task_id = world.add(owner, target, hours)
    world.keep(task_id, 1, hours, conclusive=conclusive, **values)
    return task_id


def before(world, task_id):
    return world.db.read_sync(lambda c: queries.predecessor(c, tasks.find(c, task_id)))


def test_a_scan_is_compared_with_the_newest_conclusive_one_before_of_the_same_owner_and_target(world):
    scan(world, 1)
    second = scan(world, 2)
    scan(world, 3, conclusive=False)
    scan(world, 3, owner="li")
    scan(world, 3, target="b.test")
    scan(world, 3, results_removed_at=world.now)
    shown = scan(world, 4)
    scan(world, 5)
    assert before(world, shown) == (second, 1)


def test_an_earlier_run_of_the_same_task_counts(world):
    task_id = world.add("mei", "a.test", 9, run=2, attempt=2)
    world.keep(task_id, 1, 3)
    world.keep(task_id, 2, 9)
    assert before(world, task_id) == (task_id, 1)


def test_the_first_scan_and_one_that_runs_have_none_before(world):
    assert before(world, scan(world, 1)) is None
    assert before(world, world.add("mei", "a.test", None)) is None


def pair(one, other, against_run=1):
    return Pair(RunKey(one, 1), RunKey(other, against_run))


def keep(world, kept, version=1, hours=0, body=b"x"):
    at = world.now + timedelta(hours=hours)
    return world.db.write_sync(lambda c: queries.put(c, kept, version, at=at, counts={"hosts": {"new": 1}}, body=body))


def find(world, kept, version=1):
    return world.db.read_sync(lambda c: queries.find(c, kept, version))


def test_what_is_kept_is_found_again_by_the_same_version(world):
    kept = pair(scan(world, 2), scan(world, 1))
    assert find(world, kept) is None
    keep(world, kept)
    assert find(world, kept) == ({"hosts": {"new": 1}}, b"x")
    assert find(world, kept, version=2) is None
    keep(world, kept, version=2, body=b"y")
    assert find(world, kept) is None
    assert find(world, kept, version=2) == ({"hosts": {"new": 1}}, b"y")


def test_who_keeps_what_is_kept_already_learns_that(world):
    kept = pair(scan(world, 2), scan(world, 1))
    assert [keep(world, kept), keep(world, kept), keep(world, kept, version=2)] == [True, False, True]


def count(world):
    return world.db.read_sync(lambda c: c.execute(select(func.count()).select_from(scan_differences)).scalar_one())


def test_of_a_run_the_newest_comparisons_stay(world):
    one, other = scan(world, 2), scan(world, 1)
    for number in range(KEPT + 3):
        keep(world, pair(one, other, number), hours=number)
    assert count(world) == KEPT
    assert find(world, pair(one, other, 2)) is None
    assert find(world, pair(one, other, 3)) is not None


def test_a_comparison_goes_with_either_scan_and_is_not_kept_for_one_that_is_gone(world):
    one, other = scan(world, 2), scan(world, 1)
    keep(world, pair(one, other))
    world.db.write_sync(lambda c: c.execute(delete(scan_tasks).where(scan_tasks.c.id == other)) and None)
    assert count(world) == 0
    keep(world, pair(one, other))
    assert count(world) == 0
