"""How long a decision holds."""

from datetime import date, timedelta

import pytest

from app.domain.decisions import (
    DecisionBasis,
    DecisionState,
    combined_basis,
    has_expired,
    holds,
    is_reopened_by_risk,
)
from app.domain.matched_rules import MAX_RULES
from app.domain.violations import RiskLevel

LOW, MEDIUM, HIGH, CRITICAL = RiskLevel
LEXICON, BRAND = {"gambling lexicon.gambling": ("a", "b")}, {"gambling betting_house x": ()}


@pytest.mark.parametrize("state", DecisionState)
@pytest.mark.parametrize(
    ("decided", "found", "expected"),
    [
        (["gambling"], ["gambling"], True),
        (["gambling", "hidden_link"], ["gambling"], True),
        (["gambling"], ["gambling", "hidden_link"], False),
        (["hidden_link"], ["gambling"], False),
    ],
)
def test_a_decision_holds_until_more_is_found_than_was_decided_on(state, decided, found, expected):
    assert holds(state, DecisionBasis(decided), DecisionBasis(found)) is expected


@pytest.mark.parametrize(
    ("judged", "found", "expected"),
    [
        ((MEDIUM, LEXICON), (MEDIUM, LEXICON), True),
        ((MEDIUM, LEXICON), (LOW, LEXICON), True),
        ((MEDIUM, LEXICON), (HIGH, LEXICON), False),
        ((HIGH, LEXICON), (CRITICAL, {}), False),
        ((MEDIUM, LEXICON), (MEDIUM, {}), True),  # evidence is gone
        ((MEDIUM, LEXICON), (LOW, {**LEXICON, **BRAND}), False),
        ((MEDIUM, {}), (MEDIUM, LEXICON), False),
    ],
)
def test_what_was_dismissed_is_open_again_with_a_higher_risk_or_other_evidence(judged, found, expected):
    decided, now = DecisionBasis(["gambling"], *judged), DecisionBasis(["gambling"], *found)
    assert holds("dismissed", decided, now) is expected
    assert all(holds(state, decided, now) for state in DecisionState if state != "dismissed")


@pytest.mark.parametrize(
    ("kinds", "level", "rules", "expected"),
    [
        (["gambling"], HIGH, LEXICON, True),
        (["gambling"], MEDIUM, LEXICON, False),  # it holds
        (["gambling"], HIGH, {**LEXICON, **BRAND}, False),
        (["gambling", "hidden_link"], HIGH, LEXICON, False),
    ],
)
def test_what_only_its_risk_reopens_is_told_apart_from_new_evidence(kinds, level, rules, expected):
    judged = DecisionBasis(["gambling"], MEDIUM, LEXICON)
    assert is_reopened_by_risk("dismissed", judged, DecisionBasis(kinds, level, rules)) is expected


def test_a_dismissal_expires_as_its_day_begins_and_nothing_else_does():
    day = date(2027, 1, 1)
    assert [has_expired("dismissed", day, day + timedelta(days=days)) for days in (-1, 0, 1)] == [False, True, True]
    assert not has_expired("dismissed", None, date.max)
    assert not any(has_expired(state, day, date.max) for state in DecisionState if state != "dismissed")


def test_what_has_expired_does_not_hold_whatever_is_found():
    judged = DecisionBasis(["gambling"], MEDIUM, LEXICON)
    assert holds("dismissed", judged, judged)
    assert not holds("dismissed", judged, judged, is_expired=True)


def test_a_decision_from_before_levels_and_rules_were_stored_holds_for_all_of_its_kinds():
    assert holds("dismissed", DecisionBasis(["gambling"]), DecisionBasis(["gambling"], CRITICAL, BRAND))
    assert holds("dismissed", DecisionBasis(["gambling"], LOW, {}), DecisionBasis(["gambling"]))


def test_who_dismisses_again_has_judged_both():
    before, now = DecisionBasis(["gambling"], HIGH, LEXICON), DecisionBasis(["hidden_link"], LOW, BRAND)
    both = combined_basis(before, now)
    assert (both.kinds, both.risk_level) == (["gambling", "hidden_link"], HIGH)
    for one in (before, now):
        assert holds("dismissed", both, one)


def test_who_dismisses_again_beyond_the_bound_of_rules_has_judged_what_is_found_now():
    before = DecisionBasis(["gambling"], HIGH, {f"gambling a{number:03}": () for number in range(MAX_RULES)})
    now = DecisionBasis(["gambling"], HIGH, BRAND)
    assert holds("dismissed", combined_basis(before, now), now)


def test_over_a_decision_from_before_levels_and_rules_were_stored_only_the_new_one_counts():
    now = DecisionBasis(["gambling"], LOW, LEXICON)
    assert combined_basis(DecisionBasis(["gambling"]), now) == now
    assert combined_basis(DecisionBasis(["gambling"]), DecisionBasis(["gambling"])) == DecisionBasis(["gambling"])
