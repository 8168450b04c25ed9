"""What a decision remembers of evidence: all that a person judged, and nothing that changes by itself."""

import random
from dataclasses import replace

import pytest

from app.domain.matched_rules import (
    CLASSIFIER,
    FULL,
    MAX_RULES,
    MAX_TERMS,
    OTHER_OWN_PAGE,
    has_new_rules,
    matched_rules_of,
    merge_matched_rules,
    read_matched_rules,
)
from app.domain.takeovers import takeover_snippet
from app.domain.violations import REVIEW_BELOW, Evidence, Layer
from app.engines.analyse.own_site import own_pages
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


MANY = tuple(f"a{number:02}" for number in range(FULL))
OTHERS = tuple(f"b{number:02}" for number in range(FULL))


def page_of(*terms, score=0.6):
    return matched_rules_of("gambling", [replace(LEXICON, terms=terms, score=score)])


TOPIC = merge_matched_rules(page_of(*MANY[:6]), page_of(*MANY[6:]))
SURE_TOPIC = merge_matched_rules(TOPIC, page_of("a", score=REVIEW_BELOW))


def test_a_rule_with_terms_says_whether_a_page_was_sure_or_full():
    assert set(page_of("x", score=REVIEW_BELOW)) == {"gambling lexicon.gambling", "gambling lexicon.gambling sure"}
    assert set(page_of(*MANY)) == {"gambling lexicon.gambling", "gambling lexicon.gambling full"}
    assert layer.MAX_TERMS == FULL > own_pages.MAX_TERMS == 2 * OTHER_OWN_PAGE


@pytest.mark.parametrize(
    ("judged", "found", "expected"),
    [
        # Full when it was judged: which terms are quoted is arbitrary.
        (page_of(*MANY), page_of(*MANY[1:], "z"), False),
        (page_of(*MANY), page_of(MANY[0], *OTHERS), False),
        (page_of(*MANY), page_of("z"), False),  # a short page of the same kind
        (page_of(*MANY), page_of(*OTHERS), True),  # a page of another kind
        # It was not full, and is now.
        (page_of(*MANY[1:]), page_of(*MANY), True),
        (page_of(*MANY[1:]), page_of(*MANY[:-1]), False),
        (TOPIC, page_of(*MANY), False),  # all were judged
        # Many pages, or dismissals, with few terms each are no full page, but a topic.
        (TOPIC, page_of(*OTHERS[:6]), False),
        (TOPIC, page_of(*OTHERS), True),
        (SURE_TOPIC, page_of(*OTHERS[:6]), False),
        (SURE_TOPIC, page_of(*OTHERS[:6], score=REVIEW_BELOW), True),
        (SURE_TOPIC, page_of(*MANY[:3], *OTHERS[:3], score=REVIEW_BELOW), False),
        # It was unsure, and is certain now.
        (page_of(*MANY), page_of(*MANY, score=REVIEW_BELOW), True),
        (page_of("x"), page_of("x", score=REVIEW_BELOW), True),
        (page_of("x", score=REVIEW_BELOW), page_of("x"), False),
    ],
)
def test_terms_hide_behind_a_full_page_only_if_that_was_judged(judged, found, expected):
    assert has_new_rules(judged, found) is expected


@pytest.mark.parametrize("quoted", [4, FULL])
def test_a_page_that_quotes_other_terms_of_its_topic_each_time_comes_back_a_few_times_at_most(quoted):
    """Each time a person dismisses it again. Of a full page nothing is new."""
    drawn, topic = random.Random(quoted), [f"term {number:02}" for number in range(30)]
    judged, reopened = page_of(*drawn.sample(topic, quoted)), 0
    for _ in range(200):
        found = page_of(*drawn.sample(topic, quoted), score=drawn.choice((0.55, 0.7)))
        if has_new_rules(judged, found):
            judged, reopened = merge_matched_rules(judged, found, first=found), reopened + 1
            assert not has_new_rules(judged, found)
    assert reopened <= (0 if quoted == FULL else 3)


@pytest.mark.parametrize(
    "sign", ["title", "title_foreign", "description", "text", "text_unsure", "stuffed", "hidden_text"]
)
def test_terms_of_the_sites_own_pages_are_compared(sign):
    found = [Evidence(Layer.STRUCTURE, f"own.{sign}", 0.55, terms=("x", "y"))]
    assert matched_rules_of("tampered", found) == {f"tampered own.{sign}": ("x", "y")}
    assert has_new_rules({f"tampered own.{sign}": MANY}, matched_rules_of("tampered", found))
    encoded = [Evidence(Layer.STRUCTURE, "own.title_encoded", 0.45, terms=("x", "y"))]
    assert matched_rules_of("tampered", encoded) == {"tampered own.title_encoded": ()}


def own_pages_of(*terms):
    """Each page quotes at most eight."""
    pages = (terms[first : first + own_pages.MAX_TERMS] for first in range(0, len(terms), own_pages.MAX_TERMS))
    evidence = [Evidence(Layer.STRUCTURE, "own.text", 0.85, terms=quoted) for quoted in pages]
    return merge_matched_rules(*(matched_rules_of("tampered", [item]) for item in evidence))


@pytest.mark.parametrize(
    ("judged", "added", "expected"),
    [
        (MANY[:8], OTHERS[:8], True),  # an attacker's page
        (MANY[:8], OTHERS[:4], True),
        (MANY[:8], OTHERS[:3], False),  # articles
        (MANY[:8], MANY[8:12], True),  # of the same trade
        (MANY, OTHERS[:8], True),  # several pages were judged
        (MANY[:2], OTHERS[:3], True),
        (MANY[:8], MANY[:8], False),
    ],
)
def test_another_own_page_is_new_beside_one_that_was_judged(judged, added, expected):
    found = merge_matched_rules(own_pages_of(*judged), own_pages_of(*added))
    assert has_new_rules(own_pages_of(*judged), found) is expected


@pytest.mark.parametrize(("changing", "at_most"), [(2, 0), (8, 5)])
def test_an_own_page_whose_terms_rotate_comes_back_a_few_times_at_most(changing, at_most):
    """It quotes eight terms of 24. Each time a person dismisses it again."""
    drawn, topic = random.Random(changing), [f"term {number:02}" for number in range(24)]
    judged, reopened = own_pages_of(*topic[:8]), 0
    for _ in range(200):
        rest = topic[8 - changing :]
        found = own_pages_of(*topic[: 8 - changing], *drawn.sample(rest, changing))
        if has_new_rules(judged, found):
            judged, reopened = merge_matched_rules(judged, found, first=found), reopened + 1
            assert not has_new_rules(judged, found)
    assert reopened <= at_most


def test_a_domain_that_was_registered_once_more_is_new():
    def registered(on):
        item = Evidence(Layer.STRUCTURE, "takeover.reregistered", 0.55, "old.test", terms=(on,))
        return matched_rules_of("takeover", [item])

    judged = registered("2024-02-01")
    assert not has_new_rules(judged, registered("2024-02-01"))
    assert has_new_rules(judged, registered("2026-03-01"))


def test_another_host_that_can_be_taken_over_is_new():
    def left_behind(host):
        snippet = takeover_snippet(host, "corp.azurewebsites.net")
        item = Evidence(Layer.STRUCTURE, "takeover.answer:azure", 0.92, snippet, terms=("Azure App Service",))
        return matched_rules_of("takeover", [item])

    judged = left_behind("expo.corp.test")
    assert judged == {"takeover takeover.answer:azure expo.corp.test": ()}
    assert not has_new_rules(judged, left_behind("expo.corp.test"))
    assert has_new_rules(judged, left_behind("shop.corp.test"))


def test_rules_that_went_through_json_or_were_merged_are_the_same():
    rules = matched_rules_of("gambling", [LEXICON, BRAND])
    assert read_matched_rules({rule: list(terms) for rule, terms in rules.items()}) == rules
    assert merge_matched_rules(rules, {}, rules) == rules
    assert merge_matched_rules({"a": ("x",)}, {"a": ("y",), "b": ()}) == {"a": ("x", "y"), "b": ()}


def test_matched_rules_are_bounded():
    many = [replace(LEXICON, rule=f"lexicon.{n}", terms=tuple(map(str, range(500)))) for n in range(500)]
    found = matched_rules_of("gambling", many)
    assert len(found) == MAX_RULES
    assert {len(terms) for terms in found.values()} == {0, MAX_TERMS}  # markers have none


def test_beyond_the_bounds_names_go_first_and_what_was_just_judged_stays():
    names = {f"gambling betting_house {number:03}": () for number in range(MAX_RULES)}
    assert "gambling lexicon.gambling" in merge_matched_rules(names, page_of("x"))
    before = {f"gambling a{number:03}": () for number in range(MAX_RULES)}
    before["gambling lexicon.gambling"] = tuple(f"a{number:03}" for number in range(MAX_TERMS))
    now = {**page_of("y", "z"), "gambling z": ()}
    both = merge_matched_rules(before, now, first=now)
    assert len(both) == MAX_RULES
    assert len(both["gambling lexicon.gambling"]) == MAX_TERMS
    assert not has_new_rules(both, now)


def test_a_page_with_changing_articles_stays_judged():
    """Each scan quotes two of the topic's terms again, and one of an article that may be new."""
    drawn = random.Random(7)
    judged = matched_rules_of("gambling", [LEXICON])
    for _ in range(30):
        terms = ("赌场", "博彩", drawn.choice(("老虎机", "下注", "彩金", "百家乐")))
        assert not has_new_rules(judged, matched_rules_of("gambling", [replace(LEXICON, terms=terms)]))
