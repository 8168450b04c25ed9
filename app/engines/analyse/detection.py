"""The one place where signals become detections.

The signals of a class are counted as independent: confidence = 1 - product of (1 - score), each rule once with its
highest score, at most `CONFIDENCE_CAP` because rules can always be wrong. So one more signal never lowers a
confidence; what speaks against (guard words, allow lists) works inside the layers, before a signal exists.

From `Thresholds.violation` on the detection is a violation, below `Thresholds.review` it also needs a review, and below
the first it is dropped.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.domain.violations import REVIEW_BELOW, VIOLATION_FROM, Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal

CONFIDENCE_CAP: Final = 0.99
MAX_EVIDENCE: Final = 8  # per detection, the strongest first
_READ: Final = frozenset({Layer.TEXT, Layer.STRUCTURE})
_FACTS: Final = frozenset({ViolationKey.TAKEOVER, ViolationKey.HIDDEN_LINK, ViolationKey.TAMPERED})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """0 < violation <= review <= 1."""

    violation: float = VIOLATION_FROM
    review: float = REVIEW_BELOW

    def __post_init__(self) -> None:
        if not 0 < self.violation <= self.review <= 1:
            raise ValueError("thresholds must satisfy 0 < violation <= review <= 1")


@dataclass(frozen=True, slots=True)
class Detection:
    """What all layers together say about one class."""

    key: ViolationKey
    confidence: float  # 0..1
    evidence: tuple[Evidence, ...]  # strongest first, never empty
    needs_review: bool


def combine(signals: Iterable[Signal], thresholds: Thresholds) -> tuple[Detection, ...]:
    """Verdicts that are violations, the most certain first."""
    grouped: dict[ViolationKey, list[Evidence]] = {}
    for signal in signals:
        grouped.setdefault(signal.key, []).append(signal.evidence)
    detections = (_detect(key, evidence, thresholds) for key, evidence in grouped.items())
    found = (detection for detection in detections if detection.confidence >= thresholds.violation)
    return tuple(sorted(found, key=lambda detection: (-detection.confidence, detection.key)))


def _detect(key: ViolationKey, evidence: list[Evidence], thresholds: Thresholds) -> Detection:
    confidence = confidence_of(evidence)
    ranked = sorted(evidence, key=lambda item: (-item.score, item.layer, item.rule))
    return Detection(key, confidence, tuple(ranked[:MAX_EVIDENCE]), needs_review=confidence < thresholds.review)


def is_judged(key: ViolationKey, evidence: Iterable[Evidence]) -> bool:
    """Whether a reader of the page's text can say something about it: no list, no known look, and no fact."""
    return key not in _FACTS and all(item.layer in _READ for item in evidence)


def confidence_of(evidence: Iterable[Evidence]) -> float:
    """Noisy-or over distinct rules, rounded to four places; order does not matter."""
    best: dict[tuple[str, str], float] = {}
    for item in evidence:
        rule = (item.layer.value, item.rule)
        best[rule] = max(best.get(rule, 0.0), min(1.0, max(0.0, item.score)))
    doubt = math.prod(sorted(1 - score for score in best.values()))
    return round(min(CONFIDENCE_CAP, 1 - doubt), 4)
