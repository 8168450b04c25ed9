"""How good is the analysis? Precision, recall and F1 per class, the confusion table, and milliseconds per page.

    python -m tests.eval.eval_set [--errors] [FILE.jsonl ...]

Without files it reads every `tests/eval/*.jsonl` and the whole pages of `tests/eval/pages`. One JSON object per line:
`id`, `lang`, `label` (a violation key or `clean`), `title`, `text`, and where they matter `html`, `url` and `near` (the
class that a near miss resembles). Title and text of a whole page are read from its markup; the time for that is no part
of the milliseconds. The predicted label is the most certain content violation, or `clean`.

Beside it stands how true the confidence is, today and at first sight of the blind batches. Without files it ends with 1
when anything is worse than `tests/eval/figures.toml` says.
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.scan_facts import Capture, Relation, ThirdParty
from app.domain.violations import ViolationFact
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.shipped_data import shipped_classifier
from app.engines.analyse.subject import Subject
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content
from app.engines.urls import host_of
from tests.eval.figures import Said, below, figures, judged, overconfident, print_calibration, print_first_sight
from tests.eval.pages.pages import pages

SET = Path(__file__).parent
CLEAN = "clean"
CLASSES = ("adult", "gambling", "fraud", "malware", "drugs", "violence", "medical", "other")


@dataclass(frozen=True)
class Outcome:
    item: dict[str, str]
    predicted: str
    confidence: float
    duration_ms: float
    facts: tuple[ViolationFact, ...]


def read_items(paths: list[Path]) -> list[dict[str, str]]:
    return [
        json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line.strip()
    ]


def subject_of(item: dict[str, str]) -> Subject:
    url = item.get("url") or f"https://{item['id']}.example/"
    host = host_of(url)
    content = read_content(HtmlDocument(item.get("html", "")))
    capture = Capture(host, host, url, url, status=200, title=item.get("title", content.title))
    third_party = ThirdParty(host, (host,), relation=Relation.LINK)
    return Subject(capture=capture, third_party=third_party, page=replace(content, text=item.get("text", content.text)))


def judge(analyser: Analyser, item: dict[str, str]) -> Outcome:
    subject = subject_of(item)
    start = time.perf_counter()
    facts = analyser.analyse(subject)
    duration_ms = (time.perf_counter() - start) * 1000
    top = facts[0] if facts else None
    return Outcome(
        item, top.violation_key.value if top else CLEAN, top.confidence_score if top else 0.0, duration_ms, facts
    )


def measures(outcomes: list[Outcome], label: str) -> tuple[int, float, float, float]:
    """Number of items of the class, precision, recall, F1."""
    pairs = [(outcome.item["label"] == label, outcome.predicted == label) for outcome in outcomes]
    right = sum(truth and said for truth, said in pairs)
    said, true = sum(said for _, said in pairs), sum(truth for truth, _ in pairs)
    precision = right / said if said else 1.0
    recall = right / true if true else 1.0
    return true, precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def print_measures(outcomes: list[Outcome]) -> None:
    print("| class | items | precision | recall | F1 |\n|---|---|---|---|---|")
    for label in (*CLASSES, CLEAN):
        true, precision, recall, f1 = measures(outcomes, label)
        print(f"| {label} | {true} | {precision:.3f} | {recall:.3f} | {f1:.3f} |")
    wrong = sum(outcome.item["label"] == CLEAN and outcome.predicted != CLEAN for outcome in outcomes)
    flagged = sum(outcome.predicted != CLEAN for outcome in outcomes)
    review = sum(bool(outcome.facts) and outcome.facts[0].needs_review for outcome in outcomes)
    print(f"\nviolations {flagged}, of these false alarms {wrong}, to be reviewed {review}\n")


def print_confusion(outcomes: list[Outcome]) -> None:
    counts = Counter((outcome.item["label"], outcome.predicted) for outcome in outcomes)
    labels = (*CLASSES, CLEAN)
    print("| is / said | " + " | ".join(labels) + " |\n|---|" + "---|" * len(labels))
    for label in labels:
        print(f"| {label} | " + " | ".join(str(counts[label, said] or "") for said in labels) + " |")


def print_times(outcomes: list[Outcome]) -> None:
    times = sorted(outcome.duration_ms for outcome in outcomes)
    print(f"\nms per page: median {statistics.median(times):.2f}, p95 {times[int(len(times) * 0.95)]:.2f}")


def print_themes(outcomes: dict[str, Outcome]) -> None:
    """The whole pages by their theme: a page is found when anything is said of it, whichever class that is."""
    print("\n| whole pages | violating | found | right class | near misses | accused |\n|---|---|---|---|---|---|")
    for theme in (*dict.fromkeys(page.theme for page in pages()), "all"):
        said = [outcomes[page.id] for page in pages() if theme in (page.theme, "all")]
        violating = [outcome for outcome in said if outcome.item["label"] != CLEAN]
        clean = [outcome for outcome in said if outcome.item["label"] == CLEAN]
        counts = (
            len(violating),
            sum(outcome.predicted != CLEAN for outcome in violating),
            sum(outcome.predicted == outcome.item["label"] for outcome in violating),
            len(clean),
            sum(outcome.predicted != CLEAN for outcome in clean),
        )
        print(f"| {theme} | " + " | ".join(map(str, counts)) + " |")


def print_errors(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.item["label"] != outcome.predicted:
            reasons = "; ".join(
                f"{fact.violation_key} {fact.confidence_score} {fact.evidence[0].terms}" for fact in outcome.facts
            )
            print(f"{outcome.item['id']}: {outcome.item['label']} -> {outcome.predicted} [{reasons}]")


def said_of(outcomes: Iterable[Outcome]) -> list[Said]:
    return [
        Said(fact.violation_key.value, fact.confidence_score, fact.violation_key == outcome.item["label"])
        for outcome in outcomes
        for fact in outcome.facts
    ]


def faults_of(outcomes: list[Outcome]) -> list[str]:
    """What is worse than `tests/eval/figures.toml` says."""
    faults = overconfident(said_of(outcomes))
    for label, (precision, recall) in figures()["third_parties"].items():
        _, reached, found, _ = measures(outcomes, label)
        faults += below(f"precision of {label}", reached, precision) + below(f"recall of {label}", found, recall)
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--errors", action="store_true", help="list the items that were judged wrongly")
    options = parser.parse_args()
    items = read_items(options.files or sorted(SET.glob("*.jsonl")))
    if not options.files:
        items += [page.item for page in pages()]
    analyser = Analyser(scope_target="scope.example", classifier=shipped_classifier())
    judge(analyser, items[0])  # builds the automaton, which is no page's cost
    outcomes = [judge(analyser, item) for item in items]
    print(f"{len(items)} items\n")
    print_measures(outcomes)
    print_confusion(outcomes)
    print_times(outcomes)
    if not options.files:
        print_themes({outcome.item["id"]: outcome for outcome in outcomes})
        print_calibration("today", said_of(outcomes))
        print_first_sight()
    if options.errors:
        print_errors(outcomes)
    return 0 if options.files else judged(faults_of(outcomes))


if __name__ == "__main__":
    sys.exit(main())
