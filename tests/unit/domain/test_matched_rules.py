"""What a decision remembers of evidence: all that a person judged, and nothing that changes by itself."""

import random
from dataclasses import replace

import pytest

from app.domain.matched_rules import (
    CLASSIFIER,
    FULL,
    MAX_RULES,
    MAX_TERMS,
    has_new_rules,
    matched_rules_of,
    merge_matched_rules,
    read_matched_rules,
)
from app.domain.violations import Evidence, Layer
from app.engines.analyse.text import classifier, layer

LEXICON = Evidence(Layer.TEXT, "lexicon.gambling", 0.6, "昨天 3,000 人", 17, "lexicon 2026-11", ("赌场", "博彩"))
BRAND = Evidence(Layer.STRUCTURE, "betting_house", 0.9, "Bet365 官网", provenance="houses 2026-11", terms=("bet365",))


def test_matched_rules_have_names_of_catalogues_and_terms_of_lexicons():
    form = Evidence(Layer.STRUCTURE, "identity_form", 0.7, "Sign in")
    listed = Evidence(Layer.REPUTATION, "block:bets.test", 0.99, "bets.test", terms=("bets.test",))
    assert matched_rules_of("gambling", [LEXICON, BRAND, form, listed]) == {
        "gambling betting_house bet365": (),
        "gambling block:bets.test": (),
        "gambling identity_form": (),
        "gambling lexicon.gambling": ("博彩", "赌场"),
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"snippet": "今天 4,000 人", "offset": 900},
        {"score": 0.7},
        {"provenance": "lexicon 2026-12"},
        {"terms": ("博彩", "赌场")},
        {"guards": ("报道",)},
    ],
)
def test_what_changes_with_every_capture_is_not_part_of_them(changed):
    assert matched_rules_of("gambling", [replace(LEXICON, **changed)]) == matched_rules_of("gambling", [LEXICON])


def test_words_of_the_page_are_not_part_of_them():
    doorway = Evidence(Layer.STRUCTURE, "doorway", 0.7, terms=("办证 微信 12345",))
    assert matched_rules_of("fraud", [doorway]) == {"fraud doorway": ()}


def test_what_classifiers_and_models_say_is_not_part_of_them():
    said = [Evidence(Layer.TEXT, CLASSIFIER, 0.9, terms=("真人",)), Evidence(Layer.MODEL, "model.confirms", 0.9)]
    assert matched_rules_of("gambling", said) == {}
    assert classifier.RULE == CLASSIFIER


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, False),  # gone
        ({"a": ()}, False),
        ({"a": (), "b": ("x", "y")}, False),
        ({"c": ()}, True),
        ({"b": ("x", "z")}, False),  # an article has one more
        ({"b": ("z",)}, True),
        ({"b": ("x", "y", "z", "u", "v")}, True),  # most are others
        ({"b": ("x", "y", "z", "u")}, False),
    ],
)
def test_new_is_what_was_not_judged(found, expected):
    assert has_new_rules({"a": (), "b": ("x", "y")}, found) is expected


def test_a_page_full_of_terms_has_no_new_ones():
    judged, others = (tuple(f"{name}{n:02}" for n in range(FULL)) for name in "ab")
    assert not has_new_rules({"r": judged}, {"r": others})
    assert has_new_rules({"r": judged[1:]}, {"r": others})
    assert layer.MAX_TERMS == FULL


def test_rules_that_went_through_json_or_were_merged_are_the_same():
    rules = matched_rules_of("gambling", [LEXICON, BRAND])
    assert read_matched_rules({rule: list(terms) for rule, terms in rules.items()}) == rules
    assert merge_matched_rules(rules, {}, rules) == rules
    assert merge_matched_rules({"a": ("x",)}, {"a": ("y",), "b": ()}) == {"a": ("x", "y"), "b": ()}


def test_matched_rules_are_bounded():
    many = [replace(LEXICON, rule=f"lexicon.{n}", terms=tuple(map(str, range(500)))) for n in range(500)]
    found = matched_rules_of("gambling", many)
    assert len(found) == MAX_RULES
    assert {len(terms) for terms in found.values()} == {MAX_TERMS}


def test_a_page_with_changing_articles_stays_judged():
    """Each scan quotes two of the topic's terms again, and one of an article that may be new."""
    drawn = random.Random(7)
    judged = matched_rules_of("gambling", [LEXICON])
    for _ in range(30):
        terms = ("赌场", "博彩", drawn.choice(("老虎机", "下注", "彩金", "百家乐")))
        assert not has_new_rules(judged, matched_rules_of("gambling", [replace(LEXICON, terms=terms)]))
