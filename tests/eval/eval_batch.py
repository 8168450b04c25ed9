"""What does the analysis say of a batch whose authors had not seen its rules? Without a number: of the newest.

    python -m tests.eval.eval_batch [NUMBER] [--errors]

The batches are those of `tests/eval/batches`. A page of a third party is found when anything is said of it from the
given confidence on, whichever class that is; an own page, where the batch has some, as in `tests.eval.eval_site`.
Batches 12 to 15 have own pages alone.
"""

import argparse
import sys
from collections.abc import Sequence

from app.domain.violations import REVIEW_BELOW, VIOLATION_FROM
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.shipped_data import shipped_classifier
from tests.eval.batches.batch import BATCHES, NEWEST, own_pages, third_party_pages
from tests.eval.eval_set import CLASSES, CLEAN, Outcome, judge, print_confusion, print_errors, print_times
from tests.eval.eval_site import PageOutcome, judge_page
from tests.eval.eval_site import print_errors as print_site_errors
from tests.eval.eval_site import print_pages as print_own_pages
from tests.eval.figures import above, below, figures, judged, share


def _is_said(outcome: Outcome, confidence: float) -> bool:
    return outcome.predicted != CLEAN and outcome.confidence >= confidence


def print_thresholds(outcomes: Sequence[Outcome]) -> None:
    print("| third parties | violating | found | right class | clean | accused | precision | recall |")
    print("|---|---|---|---|---|---|---|---|")
    for confidence in (VIOLATION_FROM, REVIEW_BELOW):
        said = [outcome for outcome in outcomes if _is_said(outcome, confidence)]
        found = [outcome for outcome in said if outcome.item["label"] != CLEAN]
        right = sum(outcome.item["label"] == outcome.predicted for outcome in found)
        violating = sum(outcome.item["label"] != CLEAN for outcome in outcomes)
        precision = len(found) / len(said) if said else 1.0
        print(
            f"| from {confidence} | {violating} | {len(found)} | {right} | {len(outcomes) - violating} "
            f"| {len(said) - len(found)} | {precision:.3f} | {len(found) / violating:.3f} |"
        )


def print_classes(outcomes: Sequence[Outcome]) -> None:
    """Near misses are counted with the class that they resemble."""
    print("\n| class | violating | found | from 0.8 | right class | near misses | accused | from 0.8 |")
    print("|---|---|---|---|---|---|---|---|")
    for label in CLASSES:
        violating = [outcome for outcome in outcomes if outcome.item["label"] == label]
        near = [outcome for outcome in outcomes if outcome.item["near"] == label]
        counts = (
            len(violating),
            sum(_is_said(outcome, VIOLATION_FROM) for outcome in violating),
            sum(_is_said(outcome, REVIEW_BELOW) for outcome in violating),
            sum(outcome.predicted == label for outcome in violating),
            len(near),
            sum(_is_said(outcome, VIOLATION_FROM) for outcome in near),
            sum(_is_said(outcome, REVIEW_BELOW) for outcome in near),
        )
        print(f"| {label} | " + " | ".join(map(str, counts)) + " |")


def faults_of(batch: int, outcomes: Sequence[Outcome], own: Sequence[PageOutcome]) -> list[str]:
    """What is worse than `tests/eval/figures.toml` says."""
    wanted = figures()[f"batch_{batch}"]
    faults: list[str] = []
    if outcomes:
        found = share(one.predicted != CLEAN for one in outcomes if one.item["label"] != CLEAN)
        accused = share(one.predicted != CLEAN for one in outcomes if one.item["label"] == CLEAN)
        faults = [
            *below("violating pages found", found, wanted["found"]),
            *above("clean ones accused", accused, wanted["accused"]),
        ]
    if not own:
        return faults
    return [
        *faults,
        *below("own pages found", share(one.tampered for one in own if one.page.tampered), wanted["own_found"]),
        *above("twins accused", share(one.accused for one in own if not one.page.tampered), wanted["own_accused"]),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("batch", nargs="?", type=int, choices=BATCHES, default=NEWEST)
    parser.add_argument("--errors", action="store_true", help="list the pages that were judged wrongly")
    options = parser.parse_args()
    analyser = Analyser(scope_target="scope.example", classifier=shipped_classifier())
    items = [page.item for page in third_party_pages(options.batch)]
    if items:
        judge(analyser, items[0])  # builds the automaton, which is no page's cost
    outcomes = [judge(analyser, item) for item in items]
    own: list[PageOutcome] = [judge_page(page) for page in own_pages(options.batch)]
    if outcomes:
        print_thresholds(outcomes)
        print_classes(outcomes)
        print()
        print_confusion(outcomes)
        print_times(outcomes)
    if own:
        print()
        print_own_pages(own)
    if options.errors:
        print_errors(outcomes)
        print_site_errors(own, ())
    return judged(faults_of(options.batch, outcomes, own))


if __name__ == "__main__":
    sys.exit(main())
