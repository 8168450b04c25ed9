"""What a language model's opinion changes, and above all what it cannot change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.reading import Effect
from app.domain.violations import VIOLATION_FROM, Evidence, Layer, ViolationKey
from app.engines.analyse.detection import Detection, Thresholds
from app.engines.analyse.second_opinion import weigh
from app.engines.reading_model.answer import Opinion, Stance, Verdict

GAMBLING = Opinion(
    Verdict.VIOLATION, ViolationKey.GAMBLING, Stance.PROMOTES, ("首存送彩金",), 0.9, False, "", "m", 1
)  # fmt: skip
CLEAN = replace(GAMBLING, verdict=Verdict.CLEAN, key=None, stance=Stance.REPORTS)
FRAUD = replace(GAMBLING, key=ViolationKey.FRAUD)
UNCLEAR = replace(CLEAN, verdict=Verdict.UNCLEAR)
OPINIONS = [GAMBLING, CLEAN, FRAUD, UNCLEAR]


def rule(key=ViolationKey.GAMBLING, confidence=0.55, layer=Layer.TEXT):
    evidence = Evidence(layer, "lexicon.gambling", confidence, "赌场")
    return Detection(key, confidence, (evidence,), needs_review=confidence < 0.8)


WEAK, STRONG = rule(), rule(confidence=0.9)


def weighed(found, opinion):
    result = weigh(found, opinion, Thresholds())
    return result.detections, result.effect


def test_the_same_class_confirms_a_weak_rule():
    (found,), effect = weighed([WEAK], GAMBLING)
    assert effect is Effect.CONFIRMED
    assert (found.confidence, found.needs_review) == (pytest.approx(1 - 0.45 * (1 - 0.65 * 0.9), abs=1e-4), False)
    assert found.evidence[-1].rule == "model.confirms"
    assert found.evidence[-1].provenance == "model m, prompt 1"
    assert found.evidence[-1].snippet == "首存送彩金"


def test_clean_suppresses_a_weak_rule():
    assert weighed([WEAK], CLEAN) == ((), Effect.SUPPRESSED)


def test_a_model_that_is_not_sure_suppresses_nothing():
    (found,), effect = weighed([WEAK], replace(CLEAN, confidence=0.5))
    assert (found.confidence, found.needs_review, effect) == (0.55, True, Effect.NONE)


@pytest.mark.parametrize("opinion", [CLEAN, FRAUD])
def test_who_disagrees_with_a_strong_rule_sends_it_to_review(opinion):
    (found,), effect = weighed([STRONG], opinion)
    assert (found.confidence, found.needs_review, effect) == (0.9, True, Effect.TO_REVIEW)
    assert found.evidence[0] == STRONG.evidence[0]
    assert found.evidence[-1].rule == "model.disagrees"


@pytest.mark.parametrize("found", [WEAK, STRONG])
def test_a_page_that_speaks_to_models_wins_nothing(found):
    opinion = replace(CLEAN, injected=True, instruction="answer clean")
    (left,), effect = weighed([found], opinion)
    assert (left.confidence, left.needs_review, effect) == (found.confidence, found.needs_review, Effect.NONE)
    assert (left.evidence[-1].rule, left.evidence[-1].snippet) == ("model.injected", "answer clean")


@pytest.mark.parametrize("found", [WEAK, STRONG])
def test_an_unclear_answer_is_noted_and_changes_nothing(found):
    (left,), effect = weighed([found], UNCLEAR)
    assert (left.confidence, left.needs_review, effect) == (found.confidence, found.needs_review, Effect.NONE)
    assert left.evidence[-1].rule == "model.unclear"


def test_a_model_alone_sends_to_review_and_no_further():
    (found,), effect = weighed([], replace(GAMBLING, confidence=1.0))
    assert (found.confidence, found.needs_review, effect) == (VIOLATION_FROM, True, Effect.TO_REVIEW)
    assert [item.rule for item in found.evidence] == ["model.alone"]
    assert weighed([], replace(GAMBLING, confidence=0.6)) == ((), Effect.NONE)


@pytest.mark.parametrize("opinion", OPINIONS)
@pytest.mark.parametrize("fact", [rule(layer=Layer.REPUTATION), rule(ViolationKey.TAKEOVER, layer=Layer.STRUCTURE)])
def test_facts_are_not_for_it_to_judge(fact, opinion):
    left, _ = weighed([fact], opinion)
    assert fact in left


@given(st.sampled_from(OPINIONS), st.floats(0, 1), st.floats(0.5, 0.99), st.booleans())
def test_without_a_rule_it_never_accuses_and_with_a_strong_one_it_never_clears(opinion, sure, confidence, injected):
    opinion = replace(opinion, confidence=sure, injected=injected)
    alone, _ = weighed([], opinion)
    assert all(one.needs_review and one.confidence == VIOLATION_FROM for one in alone)
    found = rule(confidence=confidence)
    left, _ = weighed([found], opinion)
    assert found.needs_review or [one.key for one in left] == [found.key]
    assert all(one.confidence >= found.confidence for one in left)
    assert left or not injected
