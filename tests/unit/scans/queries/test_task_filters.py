"""Which tasks a list has by when they were created, by the worst that is open in them, and by their verdicts."""

from datetime import timedelta

import pytest

from app.domain.verdict import Result
from app.domain.violations import RiskLevel
from app.scans.queries import tasks
from app.scans.queries.task_filters import TaskFilter
from tests.unit.overview.test_queries import World


@pytest.fixture
def world(db):
    return World(db)


def listed(world, wanted, *, offset=0, limit=9, sort="created_at"):
    principal = world.principal("mei")
    rows, total = world.db.read_sync(
        lambda c: tasks.list_page(c, principal, wanted, offset=offset, limit=limit, sort=sort)
    )
    return [row.target_domain for row in rows], total


@pytest.mark.parametrize("sort", ["created_at", "target_domain", "status", "completed_at"])
def test_a_time_of_creation_is_from_then_on_and_before_then(world, sort):
    for hours, domain in enumerate(("a.test", "b.test", "c.test", "d.test")):
        world.add("mei", domain, hours)
    since, until = world.now + timedelta(hours=1), world.now + timedelta(hours=3)
    assert listed(world, TaskFilter(since=since, until=until), sort=sort) == (["b.test", "c.test"], 2)
    assert listed(world, TaskFilter(since=since, status="failed"), sort=sort) == ([], 0)
    assert listed(world, TaskFilter(until=until, status="completed"), sort=sort)[1] == 3


def test_a_risk_is_the_worst_that_is_open(world):
    worst = {"low.test": ["low"], "high.test": ["low", "high"], "critical.test": ["high", "critical"], "none.test": []}
    for hours, (domain, risks) in enumerate(worst.items()):
        task = world.add("mei", domain, hours)
        for number, risk in enumerate(risks):
            world.find(task, f"{number}.example", risk=risk)
    dismissed = world.add("mei", "dismissed.test", 9)
    world.find(dismissed, "a.example", risk="critical")
    world.decide("mei", "dismissed.test", "a.example", 9)
    world.find(dismissed, "b.example", risk="medium")
    world.find(world.add("li", "foreign.test", 1), "a.example", risk="high")
    found = {risk.value: listed(world, TaskFilter(risk=risk)) for risk in RiskLevel}
    assert found == {
        "low": (["low.test"], 1),
        "medium": (["dismissed.test"], 1),
        "high": (["high.test"], 1),
        "critical": (["critical.test"], 1),
    }


def test_what_people_dismissed_is_not_open(world):
    """A decision is about one finding of the target, as long as it is made of the same violations."""
    for domain in ("one.test", "other.test", "hidden.test", "again.test", "both.test", "confirmed.test"):
        task = world.add("mei", domain, 1)
        world.find(task, "a.example", risk="high")
        world.find(task, "b.example", risk="low")
        world.decide("mei", domain, "a.example", 2, state="confirmed" if domain == "confirmed.test" else "dismissed")
        if domain == "other.test":
            world.find(task, "a.example", key="adult", risk="medium")
        if domain == "hidden.test":
            world.find(task, "a.example", key="hidden_link", risk="critical")
        if domain == "both.test":
            world.find(task, "c.example", risk="high")
    world.decide("mei", "again.test", "b.example", 2, state="open")
    world.decide("li", "confirmed.test", "a.example", 2)
    found = {risk.value: sorted(listed(world, TaskFilter(risk=risk))[0]) for risk in RiskLevel}
    assert found == {
        "low": ["again.test", "one.test"],
        "medium": ["other.test"],
        "high": ["both.test", "confirmed.test"],
        "critical": ["hidden.test"],
    }


def test_a_risk_is_of_the_results_that_stand(world):
    again = world.add("mei", "again.test", 1, run=2, attempt=2)
    world.keep(again, 1, 1)
    world.keep(again, 2, 1, conclusive=False)
    world.find(again, "a.example", run=1, risk="high")
    world.find(again, "b.example", run=2, risk="critical")
    assert listed(world, TaskFilter(risk=RiskLevel.HIGH)) == (["again.test"], 1)
    assert listed(world, TaskFilter(risk=RiskLevel.CRITICAL)) == ([], 0)


def test_pages_of_a_risk_are_in_the_order_that_is_asked_for(world):
    for hours in range(5):
        world.find(world.add("mei", f"{hours}.test", hours), "a.example", risk="high")
    wanted = TaskFilter(risk=RiskLevel.HIGH, domain=".test")
    assert listed(world, wanted, offset=3, limit=2, sort="-target_domain") == (["1.test", "0.test"], 5)


def test_a_verdict_is_that_of_the_last_attempt(world):
    for hours, result in enumerate((*Result, Result.INCONCLUSIVE)):
        world.add("mei", f"{hours}.{result}.test", hours, verdict={"result": result.value, "reasons": []})
    world.add("mei", "running.test", None)
    world.add("mei", "failed.test", 9, status="failed", verdict=None)
    world.add("li", "foreign.test", 1, verdict={"result": "inconclusive", "reasons": ["start_page"]})
    found = {result.value: listed(world, TaskFilter(verdict=result)) for result in Result}
    assert found == {
        "violations": (["0.violations.test"], 1),
        "clean": (["1.clean.test"], 1),
        "inconclusive": (["2.inconclusive.test", "3.inconclusive.test"], 2),
    }
    last = TaskFilter(verdict=Result.INCONCLUSIVE)
    assert listed(world, last, offset=1, limit=1, sort="-created_at") == (["2.inconclusive.test"], 2)


def test_a_verdict_and_a_risk_are_asked_for_together(world):
    for result in Result:
        world.find(world.add("mei", f"{result}.test", 1, verdict={"result": result.value}), "a.example", risk="low")
    assert listed(world, TaskFilter(verdict=Result.CLEAN, risk=RiskLevel.LOW)) == (["clean.test"], 1)
    assert listed(world, TaskFilter(verdict=Result.CLEAN, risk=RiskLevel.HIGH)) == ([], 0)


def test_of_a_long_list_its_first_tasks_are_judged(world, monkeypatch):
    monkeypatch.setattr(tasks, "MAX_JUDGED", 3)
    monkeypatch.setattr("app.scans.queries.task_filters.JUDGED_AT_ONCE", 2)
    for hours in range(5):
        world.add("mei", f"{hours}.test", hours, verdict={"result": "clean"})
    assert listed(world, TaskFilter(verdict=Result.CLEAN)) == (["0.test", "1.test", "2.test"], 3)
