import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.detection import CONFIDENCE_CAP, MAX_EVIDENCE, Thresholds, combine, confidence_of
from app.engines.analyse.layer import Signal

EVIDENCE = st.builds(
    Evidence, layer=st.sampled_from(Layer), rule=st.sampled_from("abcdef"), score=st.floats(min_value=0, max_value=1)
)
KEYS = st.sampled_from([ViolationKey.FRAUD, ViolationKey.ADULT, ViolationKey.GAMBLING])
SIGNALS = st.lists(st.builds(Signal, KEYS, EVIDENCE), max_size=12)
EVERYTHING = Thresholds(violation=1e-9, review=1)


def evidence(score, rule="rule", layer=Layer.TEXT):
    return Evidence(layer=layer, rule=rule, score=score)


@given(SIGNALS, st.builds(Signal, KEYS, EVIDENCE))
def test_more_evidence_never_lowers_a_confidence(signals, more):
    before = {detection.key: detection.confidence for detection in combine(signals, EVERYTHING)}
    after = {detection.key: detection.confidence for detection in combine([*signals, more], EVERYTHING)}
    assert all(after[key] >= confidence for key, confidence in before.items())


@given(SIGNALS, st.randoms(use_true_random=False))
def test_the_order_of_signals_does_not_matter(signals, random):
    shuffled = random.sample(signals, len(signals))
    confidences = [[(v.key, v.confidence) for v in combine(order, EVERYTHING)] for order in (signals, shuffled)]
    assert confidences[0] == confidences[1]


@given(SIGNALS)
def test_every_verdict_has_evidence_strongest_first_and_a_bounded_confidence(signals):
    for detection in combine(signals, EVERYTHING):
        scores = [item.score for item in detection.evidence]
        assert scores == sorted(scores, reverse=True)
        assert 1 <= len(scores) <= MAX_EVIDENCE
        assert round(scores[0], 4) <= detection.confidence + 1e-9 or detection.confidence == CONFIDENCE_CAP
        assert 0 < detection.confidence <= CONFIDENCE_CAP


def test_independent_rules_add_up():
    assert confidence_of([evidence(0.5, "a"), evidence(0.5, "b")]) == 0.75


def test_a_rule_counts_once_with_its_highest_score():
    assert confidence_of([evidence(0.3), evidence(0.5), evidence(0.4)]) == 0.5


@pytest.mark.parametrize(
    ("score", "expected"), [(0.4999, []), (0.5, [True]), (0.7999, [True]), (0.8, [False]), (0.95, [False])]
)
def test_thresholds_part_clean_from_review_from_certain(score, expected):
    detections = combine([Signal(ViolationKey.FRAUD, evidence(score))], Thresholds())
    assert [detection.needs_review for detection in detections] == expected


def test_thresholds_are_parameters():
    detections = combine([Signal(ViolationKey.FRAUD, evidence(0.3))], Thresholds(violation=0.2, review=0.25))
    assert [detection.needs_review for detection in detections] == [False]


@pytest.mark.parametrize("pair", [(0, 0.5), (0.6, 0.5), (0.5, 1.1)])
def test_impossible_thresholds_are_refused(pair):
    with pytest.raises(ValueError, match="thresholds"):
        Thresholds(*pair)


def test_the_most_certain_verdict_comes_first():
    signals = [Signal(ViolationKey.FRAUD, evidence(0.6)), Signal(ViolationKey.ADULT, evidence(0.9))]
    assert [detection.key for detection in combine(signals, Thresholds())] == [ViolationKey.ADULT, ViolationKey.FRAUD]
