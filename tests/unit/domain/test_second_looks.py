"""Which changes of a page are looked at twice, and what the second look says."""

from dataclasses import replace

import pytest

from app.domain.inventory import NO_NAME, Showing
from app.domain.second_looks import LookOutcome, SecondLook, needs_second_look, outcome_of, second_looks_of

LOOK, OTHER_LOOK = "f" * 80 + "0" * 80, "0" * 80 + "f" * 80
OLD = Showing("content", "a.test", "http://a.test/", "Pumps and valves", LOOK)
OTHER = replace(OLD, title="Casino", look=OTHER_LOOK)


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("more", [{"title": "Casino", "look": OTHER_LOOK}, {"kind": "parked"}, {"kind": NO_NAME}])
def test_another_page_is_looked_at_again(is_own, more):
    assert needs_second_look(OLD, replace(OLD, **more), is_own=is_own)


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("more", [{}, {"title": "Pumps 2"}, {"kind": "error"}, {"title": "Casino", "look": LOOK}])
def test_what_is_told_of_nobody_is_not_looked_at_again(is_own, more):
    assert not needs_second_look(OLD, replace(OLD, **more), is_own=is_own)


def test_where_a_page_sends_its_visitors_is_told_at_once():
    """Attackers send each visitor on once: a second look would be shown the page itself."""
    for more in ({}, {"kind": "parked"}, {"title": "Casino", "look": OTHER_LOOK}):
        assert not needs_second_look(OLD, replace(OLD, site="casino.test", **more), is_own=False)


def test_what_is_as_before_is_no_change():
    found = outcome_of(OLD, OTHER, OLD, is_own=True)
    assert found == SecondLook(LookOutcome.AS_BEFORE, OLD)
    counted = found.applied(OTHER)
    assert (counted.title, counted.look, counted.shown_once) == (OLD.title, LOOK, "Casino")


@pytest.mark.parametrize(
    "second",
    [
        OTHER,
        replace(OLD, title="A third page"),  # the look alone is as before
        replace(OLD, look=OTHER_LOOK),  # the title alone is as before
        replace(OLD, kind="parked"),
        replace(OLD, site="casino.test"),
    ],
)
def test_what_is_not_in_everything_as_before_counts(second):
    assert outcome_of(OLD, OTHER, second, is_own=False) == SecondLook(LookOutcome.CONFIRMED)


@pytest.mark.parametrize("second", [None, replace(OLD, kind="error"), replace(OLD, kind=""), replace(OLD, look="")])
def test_what_could_not_be_seen_as_at_first_counts_with_a_note(second):
    found = outcome_of(OLD, OTHER, second, is_own=True)
    assert found.outcome is LookOutcome.FAILED
    assert found.applied(OTHER) == replace(OTHER, is_unconfirmed=True)


def test_of_another_kind_of_page_no_picture_is_needed():
    parked = replace(OLD, kind="parked", look="")
    assert outcome_of(OLD, parked, replace(OLD, look=""), is_own=False).outcome is LookOutcome.AS_BEFORE
    gone = replace(OLD, kind=NO_NAME, title="", look="")
    assert outcome_of(gone, OLD, gone, is_own=False).outcome is LookOutcome.AS_BEFORE


@pytest.mark.parametrize("one", [SecondLook(LookOutcome.AS_BEFORE, OLD), SecondLook(LookOutcome.FAILED)])
def test_it_is_stored_as_it_is(one):
    assert second_looks_of({OLD.url: one.to_json()}) == {OLD.url: one}


def test_what_is_confirmed_counts_as_it_was_seen_at_first():
    assert SecondLook(LookOutcome.CONFIRMED).applied(OTHER) == OTHER
