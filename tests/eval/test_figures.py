"""The figures that hold the analysis: they agree with the documentation, and what is worse is told."""

import re
from pathlib import Path

import pytest

from tests.eval.eval_set import CLASSES, CLEAN, Outcome, faults_of
from tests.eval.figures import (
    ENOUGH,
    Said,
    above,
    below,
    bins_of,
    figures,
    first_sight,
    judged,
    overconfident,
    print_first_sight,
)

ANALYSIS = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text(encoding="utf-8")


def said(confidence, *, right, wrong):
    return [Said("fraud", confidence, True)] * right + [Said("fraud", confidence, False)] * wrong


def test_a_bin_compares_what_is_promised_with_what_is_right():
    (low, high) = bins_of([*said(0.55, right=1, wrong=3), *said(0.99, right=2, wrong=0)])
    assert (low.start, low.number, low.observed, round(low.difference, 3)) == (0.5, 4, 0.25, 0.3)
    assert (high.start, high.observed, round(high.difference, 3)) == (0.9, 1.0, -0.01)


@pytest.mark.parametrize(
    ("right", "wrong", "told"), [(ENOUGH - 8, 8, 1), (ENOUGH, 0, 0), (ENOUGH - 2, 2, 0), (ENOUGH - 9, 8, 0)]
)
def test_only_a_promise_that_is_not_kept_is_a_fault_and_only_where_there_are_enough(right, wrong, told):
    assert len(overconfident(said(0.85, right=right, wrong=wrong))) == told


def test_what_is_worse_ends_with_one(capsys):
    assert judged([*below("recall", 0.9, 0.9), *above("accused", 0.0, 0.0)]) == 0
    assert judged([*below("recall", 0.8, 0.9), *above("accused", 0.1, 0.0)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "WORSE: recall: 0.800, it was 0.900",
        "WORSE: accused: 0.100, it was 0.000",
    ]


def test_an_analysis_that_finds_nothing_is_worse_in_every_class():
    nothing = [Outcome({"id": label, "label": label}, CLEAN, 0.0, 0.0, ()) for label in CLASSES]
    assert {fault.partition(":")[0] for fault in faults_of(nothing)} >= {f"recall of {label}" for label in CLASSES}


def test_the_documentation_has_the_figures_of_every_class():
    table = dict(re.findall(r"^\| (\w+) \| \d+ \| ([\d.]+ \| [\d.]+) \| [\d.]+ \|$", ANALYSIS, re.MULTILINE))
    assert {label: table[label] for label in (*CLASSES, CLEAN)} == {
        label: f"{precision:.3f} | {recall:.3f}" for label, (precision, recall) in figures()["third_parties"].items()
    }


def test_the_documentation_has_what_the_confidence_was_worth_at_first_sight(capsys):
    every = [one for batch in first_sight() for one in batch.said]
    for one in bins_of(every):
        row = f"| {one.number} | {one.confidence:.3f} | {one.observed:.3f} | {one.difference:+.3f} |"
        assert row in ANALYSIS, row
    print_first_sight()
    assert "| mixed_5 | 2026-11-27 | 85 violating pages and 120 clean ones | 0.840 | 0.741 |" in capsys.readouterr().out


def test_what_was_right_at_first_sight_is_what_the_recall_says():
    for batch in first_sight():
        violating = int(batch.pages.split()[0])
        right = sum(one.is_right for one in batch.said)
        assert abs(right / violating - batch.recall) < 0.02
