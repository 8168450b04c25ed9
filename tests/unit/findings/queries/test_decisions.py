import pytest

from app.domain.findings import FindingId
from app.domain.violations import ViolationKey
from app.findings.queries import decisions
from tests.support.rows import add_user

CASINO = FindingId(ViolationKey.GAMBLING, "casino.test")
SHOP = FindingId(ViolationKey.ADULT, "shop.test")


@pytest.fixture
def user_id(db, clock):
    return add_user(db, clock, "mei")


@pytest.fixture
def values(clock):
    return {
        "kinds": ["gambling"],
        "state": "dismissed",
        "reason": "ours",
        "decided_by": "u",
        "decided_by_name": "mei",
        "decided_at": clock.now(),
    }


def test_a_decision_is_written_over_the_version_that_was_seen_alone(run, user_id, values):
    def put(version, **more):
        return run(decisions.put, user_id, "a.test", CASINO, {**values, **more}, version=version)

    assert put(1) is False  # there is none
    assert put(0) is True
    assert put(0) is False  # there is one
    assert put(1, state="confirmed") is True
    assert put(1) is False  # it is older than what is there
    (row,) = run(decisions.of_target, user_id, "a.test")
    assert (row.state, row.version) == ("confirmed", 2)


def test_decisions_are_those_of_one_owner_s_target(run, db, clock, user_id, values):
    other = add_user(db, clock, "li")
    for owner, target, finding in (
        (user_id, "a.test", CASINO),
        (user_id, "a.test", SHOP),
        (user_id, "b.test", CASINO),
        (other, "a.test", CASINO),
    ):
        assert run(decisions.put, owner, target, finding, values, version=0)
    assert {row.domain for row in run(decisions.of_target, user_id, "a.test")} == {"casino.test", "shop.test"}
    assert [row.domain for row in run(decisions.of_domains, user_id, "a.test", ["shop.test", "x.test"])] == [
        "shop.test"
    ]


def test_looks_are_those_of_decisions_that_have_one_the_newest_first(run, clock, user_id, values):
    def put(finding, version=0, **more):
        assert run(decisions.put, user_id, "a.test", finding, {**values, **more}, version=version)

    put(CASINO, look="ab" * 80)
    clock.advance(1)
    put(SHOP, look="cd" * 80, icon="ef", decided_at=clock.now())
    put(FindingId(ViolationKey.ADULT, "other.test"))
    known = [("cd" * 80, "ef", "adult", "shop.test", user_id), ("ab" * 80, None, "gambling", "casino.test", user_id)]
    assert [tuple(row) for row in run(decisions.looks, limit=5)] == known
    assert [tuple(row) for row in run(decisions.looks, limit=1)] == known[:1]
    put(SHOP, version=1, look=None, decided_at=clock.now())
    assert [(row.look, row.icon) for row in run(decisions.looks, limit=5)] == [(None, "ef"), ("ab" * 80, None)]
    put(SHOP, version=2, icon=None, decided_at=clock.now())
    assert [tuple(row) for row in run(decisions.looks, limit=5)] == known[1:]
