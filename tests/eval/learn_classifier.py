"""Learns the text classifier that ships, and says what it adds to the rules on pages that neither has seen.

    python -m tests.eval.learn_classifier [--web FOLDER ...] [--every N] [--mixture] [--write]

It learns from the labelled pages of `tests/eval` and, as further clean ones, from half of the sites in each FOLDER
(bench/web_corpus.txt; the file holds no words of theirs). All that is printed is of pages that were held back: of each
group of authors by a model that was learnt from all others, of the web the other half of the sites. `--write` puts the
file into the program.

The two are mixed by a model of three numbers, which is fitted on pages whose authors had not seen the rules, with the
confidence that the rules had at first sight: of older batches, from which rules were made, that would say too much.

`--mixture` leaves the words as they ship, and fits the mixture alone, on the batches and the half of the web sites from
which nothing was learnt.
"""

import argparse
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final
from zlib import crc32

import numpy as np
from scipy.sparse import csr_matrix, vstack

from app.engines.analyse.analyser import Analyser
from app.engines.analyse.detection import is_judged
from app.engines.analyse.shipped_data import shipped_data
from app.engines.analyse.text.classifier import (
    ANY,
    BITS,
    SHIPPED,
    Head,
    Mixture,
    number_of,
    read_heads,
    write_classifier,
)
from app.engines.analyse.text.page_words import words_of
from tests.eval.batches.batch import learnt_pages, third_party_pages
from tests.eval.eval_set import CLASSES, CLEAN, SET, pages, read_items, subject_of

VERSION: Final = "2026-12-01"
OLDER: Final = "older"  # the group of all sets from which rules were made, but batches
LEARNT: Final = (6, 7, 8)  # batches; later ones say what it is worth, and are learnt from by a later version
FRESH: Final = ("batch 7", "taught 1", "taught 2")  # groups whose authors, and pages, no rule was made from
UNSEEN: Final = (9, 10)  # batches from which neither rules nor words were learnt
PER_SITE: Final = 20
STRENGTH: Final = 100.0  # how closely the weights may follow the pages (C of scikit-learn)
WEB_WEIGHT: Final = 0.2  # of a page of the web, beside 1 of a labelled one
WEB_IN_MIXTURE: Final = 5.0  # the same where margins and rules are mixed: most pages that a scan meets are clean
HTML: Final = frozenset({".html", ".htm", ".shtml"})
LARGEST: Final = 300_000  # bytes of a page of the web
SHOWN_AT: Final = (0.5, 0.8)
HEADINGS: Final = (
    "| pages | by | violating | clean | area | found from 0.5 | accused | precision | recall |"
    " found from 0.8 | accused | precision | recall |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Page:
    """What is learnt from, and what the rules said of it."""

    group: str
    label: str
    numbers: tuple[int, ...]
    rules: float | None

    @property
    def violates(self) -> bool:
        return self.label != CLEAN


class Examiner:
    """Reads pages as the analysis does, without the classifier."""

    def __init__(self) -> None:
        self._analyser = Analyser(scope_target="scope.example")
        self._fold = shipped_data().normaliser.fold

    def page(self, group: str, item: Mapping[str, str]) -> Page:
        subject = subject_of(dict(item))
        numbers = sorted({number_of(word) for word in words_of(subject.title, subject.page, self._fold)})
        facts = self._analyser.analyse(subject)
        found = [fact.confidence_score for fact in facts if is_judged(fact.violation_key, fact.evidence)]
        return Page(group, item.get("label", CLEAN), tuple(numbers), max(found, default=None))


def labelled(examiner: Examiner) -> Iterator[Page]:
    for path in sorted(SET.glob("*.jsonl")):
        for item in read_items([path]):
            yield examiner.page(OLDER, item)
    for page in pages():
        yield examiner.page(OLDER, page.item)
    for batch in LEARNT:
        for _, page in learnt_pages(str(batch)):
            yield examiner.page(f"batch {batch}", page.item)
    for file, page in learnt_pages("taught", frames_of="7", frames="[ab]_*"):
        yield examiner.page(f"taught {file.split('_')[1][-1]}", page.item)


def of_web(examiner: Examiner, folders: Sequence[Path]) -> Iterator[Page]:
    """Yield some pages of each site; the group is the site."""
    for site in (site for folder in folders for site in sorted(folder.iterdir())):
        files = sorted(path for path in site.resolve().rglob("*") if path.suffix.lower() in HTML and path.is_file())
        small = [path for path in files if path.stat().st_size < LARGEST]
        for path in Random(site.name).sample(small, min(PER_SITE, len(small))):
            html = decoded(path.read_bytes())
            url = f"https://{site.name.rpartition('+')[2].lower()[:60]}.test/{path.name}"
            yield examiner.page(site.name, {"id": site.name, "url": url, "html": html})


def decoded(body: bytes) -> str:
    for charset in ("utf-8", "gb18030"):
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1")


def half_of(name: str) -> int:
    return crc32(name.encode()) % 2


def matrix(found: Sequence[Page]) -> csr_matrix:
    ends = np.cumsum([0, *(len(page.numbers) for page in found)])
    values = np.concatenate([np.full(len(page.numbers), len(page.numbers) ** -0.5) for page in found if page.numbers])
    columns = np.concatenate([np.array(page.numbers) for page in found if page.numbers])
    return csr_matrix((values, columns, ends), shape=(len(found), 1 << BITS))


def fit(known: Sequence[Page], web: Sequence[Page], wanted: Sequence[bool]) -> tuple[np.ndarray[Any, Any], float]:
    """Return the weights and the bias of one question; the labelled pages of both answers weigh the same."""
    # Imported here, as it takes a second, which each process of the tests would spend on collecting them.
    from sklearn.linear_model import LogisticRegression

    yes = np.array(wanted)
    weights = np.where(yes, len(yes) / 2 / max(1, yes.sum()), len(yes) / 2 / max(1, (~yes).sum()))
    table, answers = matrix(known), yes
    if web:
        table = vstack([table, matrix(web)])
        answers, weights = np.r_[yes, np.zeros(len(web), bool)], np.r_[weights, np.full(len(web), WEB_WEIGHT)]
    model = LogisticRegression(C=STRENGTH, max_iter=2_000).fit(table, answers, sample_weight=weights)
    return model.coef_[0], float(model.intercept_[0])


def head_of(weights: np.ndarray[Any, Any], bias: float) -> Head:
    scale = float(np.abs(weights).max()) / 127 or 1.0
    return Head(scale, bias, array("b", np.rint(weights / scale).astype(np.int8).tobytes()))


def learnt(known: Sequence[Page], web: Sequence[Page]) -> Head:
    return head_of(*fit(known, web, [page.violates for page in known]))


def margins(head: Head, found: Sequence[Page]) -> list[float]:
    return [head.margin(page.numbers) if page.numbers else head.bias for page in found]


@dataclass(frozen=True)
class HeldBack:
    """Pages with what a model said of them that had not seen them."""

    pages: Sequence[Page]
    margins: Sequence[float]

    @cached_property
    def features(self) -> np.ndarray[Any, Any]:
        rows = []
        for page, margin in zip(self.pages, self.margins, strict=True):
            bounded = 0.5 if page.rules is None else min(0.98, max(0.3, page.rules))
            rows.append([margin, page.rules is not None, np.log(bounded / (1 - bounded)) if page.rules else 0.0])
        return np.array(rows, float)

    @property
    def violates(self) -> np.ndarray[Any, Any]:
        return np.array([page.violates for page in self.pages])

    def confidences(self, mixture: Mixture) -> np.ndarray[Any, Any]:
        return np.array([mixture.confidence(m, page.rules) for page, m in zip(self.pages, self.margins, strict=True)])


def hold_back(known: Sequence[Page], web: Sequence[Page]) -> dict[str, HeldBack]:
    """Return each group of authors, by a model of all others."""
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in known:
        groups[page.group].append(page)
    held = {}
    for name, found in groups.items():
        head = learnt([page for page in known if page.group != name], web)
        held[name] = HeldBack(found, margins(head, found))
    return held


def hold_back_web(known: Sequence[Page], web: Sequence[Page]) -> HeldBack:
    """Return pages of sites from which is learnt, each by a model of the others."""
    found, said = [], []
    for half in (0, 1):
        mine = [page for page in web if half_of(f"{page.group}+") == half]
        head = learnt(known, [page for page in web if half_of(f"{page.group}+") != half])
        found += mine
        said += margins(head, mine)
    return HeldBack(found, said)


def mix(held: Sequence[HeldBack], web: HeldBack | None) -> Mixture:
    from sklearn.linear_model import LogisticRegression

    every = [*held, *([] if web is None else [web])]
    weights = np.concatenate([np.full(len(one.pages), WEB_IN_MIXTURE if one is web else 1.0) for one in every])
    model = LogisticRegression(C=10.0)
    answers = np.concatenate([one.violates for one in every])
    model.fit(np.concatenate([one.features for one in every]), answers, sample_weight=weights)
    margin, found, doubt = map(float, model.coef_[0])
    return Mixture(float(model.intercept_[0]), margin, found, doubt)


def print_group(name: str, held: HeldBack, mixture: Mixture) -> None:
    from sklearn.metrics import roc_auc_score

    violates, said = held.violates, held.confidences(mixture)
    rules = np.array([page.rules or 0.0 for page in held.pages])
    area = roc_auc_score(violates, held.margins) if 0 < violates.sum() < len(violates) else float("nan")
    for title, confidences in (("rules", rules), ("both", said)):
        cells = []
        for threshold in SHOWN_AT:
            told = confidences >= threshold
            right, wrong = int((told & violates).sum()), int((told & ~violates).sum())
            precision = right / (right + wrong) if right + wrong else 1.0
            cells.append(f"{right} | {wrong} | {precision:.3f} | {right / max(1, violates.sum()):.3f}")
        print(f"| {name} | {title} | {violates.sum()} | {(~violates).sum()} | {area:.3f} | {' | '.join(cells)} |")


def print_bins(held: Sequence[HeldBack], mixture: Mixture) -> None:
    said = np.concatenate([one.confidences(mixture) for one in held])
    violates = np.concatenate([one.violates for one in held])
    print("\n| confidence | pages | mean | violating |\n|---|---|---|---|")
    for low in np.arange(0, 1, 0.1):
        chosen = (said >= low) & (said < low + 0.1)
        if chosen.any():
            print(f"| {low:.1f} | {chosen.sum()} | {said[chosen].mean():.3f} | {violates[chosen].mean():.3f} |")


def mix_shipped(examiner: Examiner, web: Sequence[Page], *, write: bool) -> None:
    """Fit the mixture of the file that ships. Each batch, and each half of the sites, is shown by the other's."""
    document, heads = read_heads(SHIPPED)

    def said(found: Sequence[Page]) -> HeldBack:
        return HeldBack(found, margins(heads[ANY], found))

    unseen = [page for page in web if half_of(page.group) == 1]
    batches = [said([examiner.page(f"batch {one}", page.item) for page in third_party_pages(one)]) for one in UNSEEN]
    sites = [said([page for page in unseen if half_of(f"{page.group}+") == half]) for half in (0, 1)]
    old, new = Mixture(*map(float, document["mixture"])), mix(batches, said(unseen) if unseen else None)
    folds = [mix([batches[other]], sites[other] if sites[other].pages else None) for other in (1, 0)]
    for title, mixtures in (("as it ships", (old, old)), ("held back", folds), ("new", (new, new))):
        print(f"\n{title}: {mixtures[0]}\n\n{HEADINGS}")
        for name, shown in (("batch", batches), ("web", sites)):
            for one, mixture in zip(shown, mixtures, strict=True):
                if one.pages:
                    print_group(f"{name}, {len(one.pages)} pages", one, mixture)
    print_bins([*batches, *(one for one in sites if one.pages)], new)
    if write:
        SHIPPED.write_bytes(write_classifier(VERSION, heads, new, document["about"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--web", nargs="*", type=Path, default=[], metavar="FOLDER", help="folders of clean sites")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth labelled page alone")
    parser.add_argument("--mixture", action="store_true", help="fit the mixture alone")
    parser.add_argument("--write", action="store_true", help="put the file into the program")
    options = parser.parse_args()
    examiner = Examiner()
    if options.mixture:
        mix_shipped(examiner, list(of_web(examiner, options.web)), write=options.write)
        return
    known = list(islice(labelled(examiner), 0, None, options.every))
    found = list(of_web(examiner, options.web))
    web = [page for page in found if half_of(page.group) == 0]
    other = [page for page in found if half_of(page.group) == 1]
    held = hold_back(known, web)
    fresh = {name: one for name, one in held.items() if name in FRESH}
    mixture = mix(list(fresh.values()), hold_back_web(known, web) if web else None)
    head = learnt(known, web)
    print(HEADINGS)
    for name, one in sorted(held.items()):
        print_group(name, one, mixture)
    if other:
        unseen = HeldBack(other, margins(head, other))
        print_group(f"web, {len({page.group for page in other})} sites held back", unseen, mixture)
        fresh["web"] = unseen
    print_bins(list(fresh.values()), mixture)
    if options.write:
        classes = {name: head_of(*fit(known, web, [page.label == name for page in known])) for name in CLASSES}
        about = {"pages": len(known), "web_pages": len(web), "web_sites": len({page.group for page in web})}
        SHIPPED.write_bytes(write_classifier(VERSION, {ANY: head, **classes}, mixture, about))
        print(f"\n{SHIPPED.name}: {SHIPPED.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
