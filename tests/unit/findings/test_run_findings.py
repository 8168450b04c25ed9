"""What a run has told of its findings, and what they add up to."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.findings import COUNTED
from app.domain.risk import stated
from app.domain.violations import Evidence, Layer, RiskLevel, ViolationKey
from app.findings.run_findings import MAX_CONTENT_HOSTS, RunFindings
from tests.support.violations import new_violation


def fact(domain="bets.example", key=ViolationKey.GAMBLING, **fields):
    return new_violation(domain, violation_key=key, **fields).fact


def counts(**numbers):
    return {**dict.fromkeys(COUNTED, 0), **numbers}


def weighs(finding, level):
    return replace(finding, risk=stated(level))


def test_a_hidden_link_and_what_it_leads_to_are_one_finding_and_two_violations():
    told = RunFindings()
    told.tell_stated(fact(needs_review=True), RiskLevel.MEDIUM)
    _, change = told.tell_stated(fact(key=ViolationKey.HIDDEN_LINK), RiskLevel.HIGH)
    (finding,) = change.findings
    assert (str(finding.id), finding.kinds) == ("gambling.bets.example", ("gambling", "hidden_link"))
    assert told.counts == counts(total=1, high=1, needs_review=1)
    assert told.violation_counts == counts(total=2, high=2, needs_review=1)
    assert change.changed == (finding,)


def test_a_finding_that_becomes_part_of_another_goes_and_its_violations_move():
    told = RunFindings()
    told.tell_stated(fact(key=ViolationKey.HIDDEN_LINK), RiskLevel.LOW)
    violation, change = told.tell_stated(fact(), RiskLevel.CRITICAL)
    assert [str(name) for name in change.gone] == ["hidden_link.bets.example"]
    assert change.changed == change.findings == (violation.finding,)
    assert told.counts == counts(total=1, critical=1)
    assert told.violation_counts == counts(total=2, critical=2)


def test_a_hidden_link_that_moves_to_surer_content_is_told_of_on_both_sides():
    told = RunFindings()
    for key in (ViolationKey.GAMBLING, ViolationKey.HIDDEN_LINK):
        told.tell_stated(fact(key=key, confidence_score=0.8), RiskLevel.HIGH)
    _, change = told.tell_stated(fact(key=ViolationKey.ADULT, confidence_score=0.9), RiskLevel.LOW)
    events = told.events(change)
    assert {(one.finding_id, one.domain, one.kinds) for one in events} == {
        ("gambling.bets.example", "bets.example", ("gambling",)),
        ("adult.bets.example", "bets.example", ("adult", "hidden_link")),
    }
    assert {(*one.finding_counts.items(),) for one in events} == {(*told.counts.items(),)}


def test_what_is_assessed_as_before_has_not_changed_and_what_weighs_more_has():
    told = RunFindings()
    violation, _ = told.tell_stated(fact(), RiskLevel.LOW)
    assert told.tell("bets.example", [violation.finding]).changed == ()
    worse = weighs(violation.finding, RiskLevel.CRITICAL)
    assert told.tell("bets.example", [worse]).changed == (worse,)
    assert (told.counts, told.violation_counts) == (counts(total=1, critical=1),) * 2


def shows(rule, domain="bets.example", key=ViolationKey.GAMBLING):
    return fact(domain, key, evidence=(Evidence(Layer.TEXT, rule, 0.9),))


def rules_of(findings):
    return {str(item.id): set(item.matched_rules) for item in findings}


def test_a_finding_has_the_rules_of_all_accused_pages_whichever_came_first():
    told = RunFindings()
    assert told.note_page(shows("early")) is None  # the violation is still to be told
    violation, change = told.tell_stated(shows("first"), RiskLevel.HIGH)
    assert change.findings == (violation.finding,)
    assert rules_of(change.findings) == {"gambling.bets.example": {"gambling early", "gambling first"}}
    late = told.note_page(shows("late"))
    assert (late.changed, late.gone, late.is_silent) == ((), (), True)
    assert rules_of(late.findings) == {"gambling.bets.example": {"gambling early", "gambling first", "gambling late"}}
    assert told.note_page(shows("late")) is None
    assert told.note_page(shows("foreign", "other.example")) is None
    assert told.tell("bets.example", [violation.finding]).changed == ()


def at_host(host, **fields):
    return fact(url=f"https://{host}.bets.example/", **fields)


def test_a_finding_accuses_the_hosts_of_all_its_pages_whichever_came_first():
    told = RunFindings()
    told.tell_stated(at_host("a"), RiskLevel.HIGH)
    late = told.note_page(at_host("b"))
    assert [item.content_hosts for item in late.findings] == [{"a.bets.example", "b.bets.example"}]
    assert (late.changed, late.is_silent) == ((), True)
    assert told.note_page(at_host("b")) is None
    resumed = RunFindings(told.grouped("bets.example")[0].violations, late.findings)
    assert resumed.note_page(at_host("a")) is None
    assert [item.content_hosts for item in resumed.grouped("bets.example")] == [late.findings[0].content_hosts]


def test_a_hidden_link_does_not_widen_what_its_content_accuses():
    told = RunFindings()
    told.tell_stated(at_host("a"), RiskLevel.HIGH)
    _, change = told.tell_stated(at_host("b", key=ViolationKey.HIDDEN_LINK), RiskLevel.HIGH)
    assert [item.content_hosts for item in change.findings] == [{"a.bets.example"}]


def test_what_one_page_accuses_as_a_whole_is_accused_as_a_whole():
    told = RunFindings()
    told.tell_stated(at_host("a"), RiskLevel.HIGH)
    listed = (Evidence(Layer.REPUTATION, "block:bets.example", 0.9),)
    assert [item.content_hosts for item in told.note_page(at_host("b", evidence=listed)).findings] == [None]
    assert told.note_page(at_host("c")) is None


def test_more_hosts_than_are_kept_accuse_the_whole():
    """A host that is not kept would else count as one that shows nothing."""
    told = RunFindings()
    told.tell_stated(at_host("host0"), RiskLevel.HIGH)
    for number in range(1, MAX_CONTENT_HOSTS):
        (found,) = told.note_page(at_host(f"host{number}")).findings
    assert len(found.content_hosts) == MAX_CONTENT_HOSTS
    assert told.note_page(at_host("host1")) is None
    assert [item.content_hosts for item in told.note_page(at_host("one-more")).findings] == [None]


def test_the_rules_of_a_hidden_link_move_with_it():
    told = RunFindings()
    told.tell_stated(shows("hidden", key=ViolationKey.HIDDEN_LINK), RiskLevel.LOW)
    _, change = told.tell_stated(shows("lexicon"), RiskLevel.HIGH)
    assert rules_of(change.findings) == {"gambling.bets.example": {"gambling lexicon", "hidden_link hidden"}}


def test_a_resumed_run_keeps_the_rules_of_all_pages_and_adds_to_them():
    first = RunFindings()
    first.tell_stated(shows("hidden", key=ViolationKey.HIDDEN_LINK), RiskLevel.LOW)
    first.tell_stated(shows("first"), RiskLevel.HIGH)
    change = first.note_page(shows("late"))
    (grouped,) = first.grouped("bets.example")
    resumed = RunFindings(grouped.violations, change.findings)
    assert resumed.note_page(shows("late")) is None
    (found,) = resumed.note_page(shows("more")).findings
    assert set(found.matched_rules) == {"gambling first", "gambling late", "gambling more", "hidden_link hidden"}


def test_rules_that_an_older_version_did_not_write_stay_unknown():
    """Part of them would let the pages that are missing reopen what is dismissed by it."""
    first = RunFindings()
    violation, _ = first.tell_stated(shows("first"), RiskLevel.HIGH)
    (grouped,) = first.grouped("bets.example")
    resumed = RunFindings(grouped.violations, [replace(violation.finding, matched_rules=None)])
    assert resumed.note_page(shows("late")) is None
    (found,) = resumed.tell("bets.example", [weighs(violation.finding, RiskLevel.LOW)]).findings
    assert found.matched_rules is None


def test_a_resumed_run_goes_on_with_what_was_told():
    first = RunFindings()
    violation, change = first.tell_stated(fact(needs_review=True), RiskLevel.HIGH)
    (grouped,) = first.grouped("bets.example")
    resumed = RunFindings(grouped.violations, change.findings)
    assert (resumed.counts, resumed.violation_counts) == (first.counts, first.violation_counts)
    assert resumed.keys == {("bets.example", "gambling")}
    assert resumed.tell("bets.example", [violation.finding]).changed == ()


FOUND = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(ViolationKey), st.sampled_from(RiskLevel), st.booleans()),
    unique_by=lambda one: one[:2],
    max_size=20,
)


@given(FOUND)
def test_the_counts_are_those_of_what_stands(found):
    told = RunFindings()
    stands = {}
    for letter, key, level, needs_review in found:
        _, change = told.tell_stated(fact(f"{letter}.test", key, needs_review=needs_review), level)
        for name in change.gone:
            del stands[name]
        stands |= {one.id: one for one in change.findings}
    levels = [one.risk.level.value for one in stands.values()]
    assert told.counts["total"] == len(stands)
    assert told.violation_counts["total"] == len(found) == sum(len(one.kinds) for one in stands.values())
    assert {name: told.counts[name] for name in RiskLevel} == {name: levels.count(name) for name in RiskLevel}
    assert told.violation_counts["needs_review"] == sum(one[3] for one in found)


@given(FOUND, st.randoms(use_true_random=False))
def test_who_takes_the_events_alone_knows_the_finding_of_each_violation(found, chance):
    told = RunFindings()
    known, stands = {}, {}
    for letter, key, level, _ in found:
        sure = chance.choice([0.6, 0.8, 0.9])
        violation, change = told.tell_stated(fact(f"{letter}.test", key, confidence_score=sure), level)
        event = told.event(violation, "en")
        assert (event.violation_counts, event.finding_counts) == (told.violation_counts, told.counts)
        known[event.violation.domain, event.violation_key] = (event.finding_id, event.violation.risk_level)
        for one in told.events(change):
            known |= {(one.domain, kind): (one.finding_id, one.risk_level) for kind in one.kinds}
        stands = {name: one for name, one in stands.items() if name not in change.gone}
        stands |= {one.id: one for one in change.findings}
        assert known == {
            (one.id.domain, kind): (str(one.id), one.risk.level) for one in stands.values() for kind in one.kinds
        }


@pytest.mark.parametrize("level", RiskLevel)
def test_a_stated_level_is_kept(level):
    told = RunFindings()
    violation, _ = told.tell_stated(fact(), level)
    assert violation.finding.risk.level is level
    assert told.event(violation, "en").violation.risk_level == level
