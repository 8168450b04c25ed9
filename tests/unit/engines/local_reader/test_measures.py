"""What a report says, counted by hand."""

from app.domain.local_reading import DecidedPage
from app.engines.local_reader.measures import HeldBack, measured


def page(cause, *, needs_review=True, domain="a.example"):
    return DecidedPage(domain, "", "", cause, needs_review)


PAGES = [page("gambling"), page("gambling", domain="lost.example"), page(""), page(""), page("", needs_review=False)]
LABELS = [True, True, False, False, False]
HELD = {
    "violation": HeldBack(LABELS, [0.95, 0.1, 0.05, 0.92, 0.0]),
    "gambling": HeldBack(LABELS, [0.8, 0.1, 0.1, 0.6, 0.0]),
}


def test_precision_recall_and_calibration_are_of_the_held_back_pages():
    head = measured(PAGES, HELD)["heads"]["violation"]
    assert (head["pages"], head["precision"], head["recall"]) == (2, 0.5, 0.5)
    assert head["brier"] == round((0.05**2 + 0.9**2 + 0.05**2 + 0.92**2) / 5, 4)
    assert head["bins"][0] == {"from": 0.0, "to": 0.15, "pages": 3, "said": 0.05, "were": 0.333}
    assert head["bins"][-1] == {"from": 0.9, "to": 1.0, "pages": 2, "said": 0.935, "were": 0.5}
    assert head["bins"][1]["said"] is None


def test_what_would_be_suppressed_is_said_with_the_confirmed_ones_by_name():
    """What rules are certain of is not among it."""
    assert measured(PAGES, HELD)["changes"]["suppressed"] == {
        "to_review": 4,
        "dismissed": 1,
        "confirmed": 1,
        "confirmed_domains": ["lost.example"],
    }


def test_what_would_be_raised_is_said_by_whether_people_had_confirmed_it():
    pages = [*PAGES, page("adult")]
    held = {
        "violation": HeldBack([*LABELS, True], [*HELD["violation"].probabilities, 0.99]),
        "gambling": HeldBack([*LABELS, False], [*HELD["gambling"].probabilities, 0.7]),
    }
    assert measured(pages, held)["changes"]["raised"] == {"confirmed": 1, "other_class": 1, "dismissed": 1}


def test_without_a_head_of_a_class_nothing_is_raised():
    only = {"violation": HELD["violation"]}
    assert measured(PAGES, only)["changes"]["raised"] == {"confirmed": 0, "other_class": 0, "dismissed": 0}
