"""What other subjects read of stored findings."""

from app.findings.summary import content_causes_of
from tests.unit.overview.test_queries import World


def test_a_domain_is_accused_of_the_worst_that_its_content_has_and_nobody_has_dismissed(db):
    world = World(db)
    task = world.add("mei", "corp.test", 1)
    world.find(task, "a.test", key="adult", risk="medium")
    world.find(task, "a.test", key="gambling", risk="high")
    world.find(task, "b.test", key="hidden_link")
    world.find(task, "c.test")
    world.decide("mei", "corp.test", "c.test", 2)
    causes = world.db.read_sync(lambda c: content_causes_of(c, task, 1, ["a.test", "b.test", "c.test"]))
    assert causes == {"a.test": "gambling"}
