"""What the scan before had found."""

import pytest

from app.inventory.earlier_findings import earlier_risks, earlier_risks_of_running
from app.scans.queries import tasks
from tests.support.violations import new_violation, write_violations
from tests.unit.inventory.queries.test_differences import scan
from tests.unit.overview.test_queries import World


@pytest.fixture
def world(db):
    return World(db)


def found(world, task_id, *domains):
    violations = [new_violation(domain, violation_id=f"{task_id[-6:]}-{domain}") for domain in domains]
    world.db.write_sync(lambda c: [write_violations(c, task_id, one, at=world.now) for one in violations])


def before(world, task_id):
    return world.db.read_sync(lambda c: earlier_risks(c, tasks.find(c, task_id)))


def test_it_is_what_the_newest_conclusive_scan_before_has_found_with_its_risk(world):
    first, second, third = scan(world, 1), scan(world, 2), scan(world, 3)
    found(world, first, "old.test")
    found(world, second, "casino.test", "shop.test")
    found(world, third, "new.test")
    risks = before(world, third)
    assert set(risks) == {"gambling.casino.test", "gambling.shop.test"}
    assert set(risks.values()) <= {"low", "medium", "high", "critical"}


def test_a_first_scan_has_nothing_before_which_is_not_the_same_as_nothing_found(world):
    first, second = scan(world, 1), scan(world, 2)
    assert before(world, first) is None
    assert before(world, second) == {}


def test_a_scan_that_runs_has_the_same_before_it(world):
    first, running = scan(world, -1), world.add("mei", "a.test", None)
    found(world, first, "casino.test")
    risks = world.db.read_sync(lambda c: earlier_risks_of_running(c, tasks.find(c, running), world.now))
    assert set(risks) == {"gambling.casino.test"}
