"""How many findings each value of each filter would leave, and the lists that these filters leave."""

import pytest

from app.domain.decisions import DecisionState
from app.domain.findings import NOBODY, FindingFilter, FindingId
from app.domain.violations import RiskLevel, ViolationKey
from app.findings.queries import assignments, finding_counts, findings
from app.findings.tables import findings as table
from tests.unit.overview.test_queries import World

FIELDS = {
    "risk_level": [*RiskLevel],
    "violation_key": [ViolationKey.GAMBLING, ViolationKey.FRAUD],
    "hidden": [True, False],
    "decision": [*DecisionState],
    "assignee": [NOBODY, "m", "l"],
}


@pytest.fixture
def world(db):
    return World(db)


@pytest.fixture
def task(world):
    """Four findings: of two risks and two kinds, one hidden, one dismissed, two assigned to two users."""
    task = world.add("mei", "corp.test", 1)
    world.find(task, "a.test", risk="high", found_on="https://shop.corp.test/A")
    world.find(task, "b.test", risk="high")
    world.find(task, "c.test", risk="low", key="fraud", needs_review=True)
    world.find(task, "d.test", risk="low")
    world.decide("mei", "corp.test", "b.test", 2)
    for name, username, domain in (("m", "mei", "a.test"), ("l", "li", "b.test")):
        assign(world, domain, world.owners[username], username)
        FIELDS["assignee"][["m", "l"].index(name) + 1] = world.owners[username]
    hidden = table.update().where(table.c.domain == "a.test").values(hidden_by="display_none")
    world.db.write_sync(lambda c: c.execute(hidden))
    return task


def assign(world, domain, user_id, username):
    said = {"assignee_id": user_id, "assignee_name": username, "due_on": world.now.date(), "changed_at": world.now}
    finding = FindingId(ViolationKey.GAMBLING, domain)
    put = lambda c: assignments.put(c, world.owners["mei"], "corp.test", finding, said, version=0)  # noqa: E731 - for `write_sync`
    assert world.db.write_sync(put)


def counted(world, task, **wanted):
    owner = (world.owners["mei"], "corp.test")
    return world.db.read_sync(lambda c: finding_counts.read(c, task, 1, owner, FindingFilter(**wanted)))


def listed(world, task, **wanted):
    only = FindingFilter(**wanted)
    owner = (world.owners["mei"], "corp.test")
    found = world.db.read_sync(lambda c: findings.list_page(c, task, 1, owner, only, offset=0, limit=9))
    assert found.total == len(found.rows)
    return found.total


def test_values_are_counted_by_field_and_assignees_named(world, task):
    mei, li = world.owners["mei"], world.owners["li"]
    found = counted(world, task)
    assert found.by_field == {
        "risk_level": {"high": 2, "low": 2},
        "violation_key": {"gambling": 3, "fraud": 1},
        "hidden": {"true": 1, "false": 3},
        "decision": {"open": 3, "dismissed": 1},
        "assignee": {NOBODY: 2, mei: 1, li: 1},
    }
    assert found.names == {mei: "mei", li: "li"}


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"risk_level": RiskLevel.HIGH},
        {"hidden": False, "decision": DecisionState.OPEN},
        {"assignee": NOBODY, "violation_key": ViolationKey.FRAUD},
        {"needs_review": True},
        {"q": "TEST", "risk_level": RiskLevel.LOW},
    ],
)
def test_a_count_is_the_length_of_the_list_that_its_value_leaves(world, task, wanted):
    found = counted(world, task, **wanted)
    for field, values in FIELDS.items():
        for value in values:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            assert found.by_field[field].get(text, 0) == listed(world, task, **{**wanted, field: value})


def test_a_list_is_searched_by_the_host_of_the_content_and_of_the_page_that_refers_to_it(world, task):
    assert (listed(world, task, q="SHOP.corp"), listed(world, task, q="b.te"), listed(world, task, q="x%")) == (1, 1, 0)
    assert counted(world, task, q="shop.corp").by_field["risk_level"] == {"high": 1}
