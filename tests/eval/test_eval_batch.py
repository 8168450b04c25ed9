"""The figures about a batch count what they say."""

from app.engines.analyse.analyser import Analyser
from app.engines.analyse.shipped_data import shipped_classifier
from tests.eval.batches.batch import own_pages, third_party_pages
from tests.eval.eval_batch import print_classes, print_thresholds
from tests.eval.eval_set import CLEAN, Outcome, judge
from tests.eval.eval_site import judge_page


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


def test_what_is_said_of_third_parties_does_not_fall_behind_the_document():
    analyser = Analyser(scope_target="scope.example", classifier=shipped_classifier())
    outcomes = [judge(analyser, page.item) for page in third_party_pages(6)]
    missed = [o.item["id"] for o in outcomes if o.item["label"] not in (CLEAN, o.predicted)]
    accused = [o.item["id"] for o in outcomes if o.item["label"] == CLEAN and o.predicted != CLEAN]
    assert len(missed) <= 4, missed
    assert len(accused) <= 1, accused


def test_nearly_every_own_page_is_found_and_no_twin_is_accused():
    outcomes = [judge_page(page) for page in own_pages(6)]
    assert [o.page.id for o in outcomes if o.accused and not o.page.tampered] == []
    assert sum(o.accused for o in outcomes if o.page.tampered) >= 21
