"""The figures about the newest batch count what they say."""

from bench.eval import Outcome
from bench.eval_batch import print_classes, print_thresholds


def outcome(label, predicted, confidence, near=""):
    return Outcome({"id": "x", "label": label, "near": near}, predicted, confidence, 0.0, ())


OUTCOMES = (
    outcome("fraud", "fraud", 0.9),
    outcome("fraud", "other", 0.8),
    outcome("fraud", "clean", 0.0),
    outcome("clean", "fraud", 0.6, "fraud"),
    outcome("clean", "clean", 0.0, "fraud"),
)


def test_precision_and_recall_are_told_at_both_thresholds(capsys):
    print_thresholds(OUTCOMES)
    said = capsys.readouterr().out
    assert "| from 0.5 | 3 | 2 | 1 | 2 | 1 | 0.667 | 0.667 |" in said
    assert "| from 0.8 | 3 | 2 | 1 | 2 | 0 | 1.000 | 0.667 |" in said


def test_near_misses_count_with_the_class_that_they_resemble(capsys):
    print_classes(OUTCOMES)
    assert "| fraud | 3 | 2 | 2 | 1 | 2 | 1 | 0 |" in capsys.readouterr().out
