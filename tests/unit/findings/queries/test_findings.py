"""Findings of runs: what is written of them, and how lists, counts and decisions read it."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.domain.decisions import DecisionBasis, DecisionState, holds
from app.domain.findings import FindingFilter, FindingId
from app.domain.risk import Embedding, Exposure, Place, assess
from app.domain.violations import RiskLevel, ViolationKey
from app.findings.queries import bases, decisions, findings
from app.findings.tables import findings as table
from tests.support.violations import new_violation
from tests.unit.overview.test_queries import World


@pytest.fixture
def world(db):
    return World(db)


@pytest.fixture
def task(world):
    return world.add("mei", "corp.test", 1)


def page(world, task, *, offset=0, limit=50, **wanted):
    return world.db.read_sync(
        lambda c: findings.list_page(
            c, task, 1, ("mei", "corp.test"), FindingFilter(**wanted), offset=offset, limit=limit
        )
    )


def ids(found):
    return [f"{row.cause}.{row.domain}" for row in found]


def test_a_finding_is_read_as_it_was_written(world, task):
    exposure = Exposure(Embedding.LINK, Place.NEAR, "display_none", depth=1, via="partner.test")
    risk = assess(ViolationKey.GAMBLING, exposure)
    written = replace(new_violation().finding, risk=risk, exposure=exposure, page_url="https://corp.test/a")
    world.db.write_sync(lambda c: findings.put(c, task, 1, [written], world.now))
    (row,) = world.db.read_sync(lambda c: findings.of_run(c, task, 1))
    assert findings.assessed(row) == written
    written = replace(written, matched_rules={"gambling lexicon.gambling": ("a", "b")})
    world.db.write_sync(lambda c: findings.put(c, task, 1, [written], world.now))
    assert world.db.read_sync(lambda c: findings.with_rules_of_run(c, task, 1)) == [written]
    assert (row.state, row.found_at, row.last_seen_at) == ("open", world.now, world.now)


def test_a_finding_is_found_under_its_own_id_in_its_own_run(world, task):
    world.find(task, "casino.test")

    def found(domain, cause, run=1):
        wanted = FindingId(ViolationKey(cause), domain)
        row = world.db.read_sync(lambda c: findings.find_exactly(c, task, run, wanted))
        return None if row is None else (row.domain, row.cause, row.state)

    assert found("casino.test", "gambling") == ("casino.test", "gambling", "open")
    assert [found("casino.test", "fraud"), found("other.test", "gambling"), found("casino.test", "gambling", 2)] == [
        None
    ] * 3


def test_what_is_written_again_keeps_when_it_was_found(world, task):
    finding, later = new_violation().finding, world.now + timedelta(hours=1)
    for at in (world.now, later):
        world.db.write_sync(lambda c, at=at: findings.put(c, task, 1, [finding], at))
    (row,) = world.db.read_sync(lambda c: findings.of_run(c, task, 1))
    assert (row.found_at, row.last_seen_at) == (world.now, later)


def test_a_list_has_the_worst_first_and_counts_all_that_match(world, task):
    for number, risk in enumerate(("low", "critical", "high", "critical")):
        world.find(task, f"{number}.test", risk=risk, needs_review=number > 1)
    found = page(world, task, limit=2)
    assert ids(found.rows) == ["gambling.1.test", "gambling.3.test"]
    assert (found.total, found.domains, found.by_level) == (4, 4, {"low": 1, "high": 1, "critical": 2})
    assert ids(page(world, task, offset=2).rows) == ["gambling.2.test", "gambling.0.test"]
    assert ids(page(world, task, risk_level=RiskLevel.LOW).rows) == ["gambling.0.test"]
    assert ids(page(world, task, needs_review=True).rows) == ["gambling.3.test", "gambling.2.test"]
    assert page(world, task, q="3.TEST").total == page(world, task, violation_key=ViolationKey.FRAUD).total + 1 == 1


def test_a_decision_is_that_of_the_finding_in_every_scan_of_the_target(world, task):
    world.find(task, "a.test")
    world.decide("mei", "corp.test", "a.test", 2)
    again, foreign = world.add("mei", "corp.test", 3), world.add("li", "corp.test", 3)
    for other in (again, foreign):
        world.find(other, "a.test")
    states = {one: page(world, one).rows[0].state for one in (task, again, foreign)}
    assert states == {task: "dismissed", again: "dismissed", foreign: "open"}
    world.find(again, "a.test", key="hidden_link")  # more than was decided about
    assert page(world, again).rows[0].state == "open"
    assert page(world, task, decision=DecisionState.DISMISSED).total == 1


LEXICON, BRAND = {"gambling lexicon.gambling": ("a", "b")}, {"gambling betting_house x": ()}
FOUND = [
    DecisionBasis(kinds, level, rules)
    for kinds in (("gambling",), ("gambling", "hidden_link"))
    for level in (RiskLevel.MEDIUM, RiskLevel.HIGH)
    for rules in ({}, LEXICON, {**LEXICON, **BRAND})
]


@pytest.mark.parametrize("days", [None, 0, 1])
@pytest.mark.parametrize("state", DecisionState)
@pytest.mark.parametrize(
    "judged",
    [
        DecisionBasis(["gambling"], RiskLevel.MEDIUM, LEXICON),
        DecisionBasis(["gambling"], RiskLevel.HIGH, {}),
        DecisionBasis(["gambling", "hidden_link"], RiskLevel.MEDIUM, {**LEXICON, **BRAND}),
        DecisionBasis(["gambling"]),  # of an older version
    ],
)
def test_the_row_of_a_finding_says_what_the_one_function_says_whichever_came_first(world, clock, judged, state, days):
    """A scan writes its findings after a decision, and a decision is written into the findings of all scans."""
    values = {
        **asdict(judged),
        "state": state.value,
        "reason": "ours",
        "decided_by": "mei",
        "decided_by_name": "mei",
        "decided_at": clock.now(),
        "expires_on": None if days is None else clock.now().date() + timedelta(days=days),
    }
    before, after = ([world.add("mei", "corp.test", 1 + number) for number in range(len(FOUND))] for _ in range(2))
    owner = world.owners["mei"]

    def find(connection, tasks):
        for task_id, found in zip(tasks, FOUND, strict=True):
            finding = new_violation(risk_level=found.risk_level).finding
            written = replace(finding, kinds=found.kinds, matched_rules=found.matched_rules)
            findings.put(connection, task_id, 1, [written], clock.now())

    def work(connection):
        find(connection, before)
        name = FindingId(ViolationKey.GAMBLING, "bets.example")
        assert decisions.put(connection, owner, "corp.test", name, values, version=0)
        findings.decide(connection, owner, "corp.test", name, clock.now().date())
        find(connection, after)

    world.db.write_sync(work)
    is_expired = state == DecisionState.DISMISSED and days == 0
    expected = [state.value if holds(state, judged, found, is_expired=is_expired) else "open" for found in FOUND]
    for tasks in (before, after):
        assert [page(world, task_id).rows[0].state for task_id in tasks] == expected


def test_no_list_reads_the_matched_rules(world, task):
    """They have up to a megabyte each, and lists are read for every view."""
    world.find(task, "a.test")
    world.find(task, "b.test")
    world.decide("mei", "corp.test", "a.test", 1)
    owner = world.owners["mei"]
    read = world.db.read_sync
    rows = [
        *page(world, task).rows,
        *read(lambda c: findings.of_run(c, task, 1)),
        *read(lambda c: findings.open_of_run(c, task, 1, limit=9)),
        *read(lambda c: findings.of_domains(c, task, 1, ["a.test"])),
        *read(lambda c: findings.to_review(c, task, 1, state=DecisionState.OPEN, after=None, limit=9)),
        read(lambda c: findings.find_exactly(c, task, 1, FindingId(ViolationKey.GAMBLING, "a.test"))),
        *read(lambda c: decisions.of_target(c, owner, "corp.test")),
        *read(lambda c: decisions.of_domains(c, owner, "corp.test", ["a.test"])),
    ]
    assert not [row for row in rows if "matched_rules" in row._mapping]


def test_a_finding_from_before_rules_were_stored_stays_decided(world, task):
    world.find(task, "a.test")
    world.db.write_sync(lambda c: c.execute(update(table).values(matched_rules=None)) and None)
    found = world.db.read_sync(lambda c: bases.bases_at(c, task, 1, ["a.test"]))
    assert [basis.matched_rules for basis in found.values()] == [None]
    world.decide("mei", "corp.test", "a.test", 2)
    assert page(world, task).rows[0].state == "dismissed"


def test_a_hidden_links_own_id_leads_to_the_finding_that_it_is_part_of(world, task):
    world.find(task, "a.test", key="hidden_link", risk="low")
    world.find(task, "a.test", key="gambling", risk="high")
    wanted = FindingId(ViolationKey.HIDDEN_LINK, "a.test")
    found = world.db.read_sync(lambda c: findings.find(c, task, 1, wanted))
    assert (found.cause, found.kinds) == ("gambling", ["gambling", "hidden_link"])
    assert page(world, task).total == 1
    assert world.db.read_sync(lambda c: findings.levels_of(c, task, 1)) == {"a.test": "high"}
    assert world.db.read_sync(lambda c: findings.find(c, task, 1, replace(wanted, domain="b.test"))) is None


def test_the_levels_of_all_domains_are_those_of_the_worst_findings_when_there_are_too_many(world, task):
    for domain, risk in (("a.test", "low"), ("b.test", "critical"), ("c.test", "high")):
        world.find(task, domain, risk=risk)
    levels = world.db.read_sync(lambda c: findings.levels_of(c, task, 1, at_most=2))
    assert levels == {"b.test": "critical", "c.test": "high"}
