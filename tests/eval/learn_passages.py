"""Learns the classifier of passages that ships, and says what it makes of passages that were held back.

    python -m tests.eval.learn_passages [--web FOLDER ...] [--held GROUP ...] [--write]

A passage is a title with its description, the texts of links side by side, or some lines of a page. It learns from the
passages of the labelled pages of `tests/eval`, from what intruders and owners put into the site's own pages there, and,
as clean ones, from half of the sites in each FOLDER (bench/web_corpus.txt; the file holds no words). `--write`
puts the file into the program.
"""

import argparse
import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix

from app.domain.scan_facts import Relation
from app.engines.analyse.shipped_data import shipped_data
from app.engines.analyse.text.classifier import ANY, BITS, Head, Mixture, number_of, write_classifier
from app.engines.analyse.text.page_words import words_in
from app.engines.analyse.text.passages import SHIPPED
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content
from app.engines.scope import registrable_domain
from app.engines.urls import host_of
from tests.eval.batches.batch import FOLDER, learnt_pages
from tests.eval.eval_set import CLEAN, SET, pages, read_items, subject_of
from tests.eval.learn_classifier import HTML, LARGEST, decoded, half_of, head_of
from tests.eval.own_pages.own_pages import injected, twins
from tests.eval.provenance import read

VERSION: Final = "2026-12-01"
LEARNT: Final = (6, 7)  # batches; the own pages of later ones say what it is worth
PER_SITE: Final = 6
STRENGTH: Final = 30.0  # how closely the weights may follow the passages (C of scikit-learn)
WEIGHTS: Final = {"head": 1.0, "links": 1.0, "lines": 0.3}
WEB_WEIGHT: Final = 0.3  # of a passage of the web
LINE: Final = 25  # characters: shorter ones are menus
LINES: Final = 220  # characters of a passage of lines
MAX_LINES: Final = 8  # such passages of a page
LEAST: Final = 4  # numbers of a passage
SIDE_BY_SIDE: Final = 3  # links
_MARKUP: Final = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_LINK: Final = re.compile(r"<a\b[^>]*href=[\"']?https?:[^>]*>(.*?)</a>", re.DOTALL | re.IGNORECASE)
_META: Final = re.compile(r'content="([^"]{12,})"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Passage:
    """What is learnt from."""

    group: str  # of authors, or the site
    kind: str
    violates: bool
    text: str
    numbers: tuple[int, ...]


class Reader:
    """Makes passages."""

    def __init__(self) -> None:
        self._sketch = shipped_data().normaliser.sketch

    def words(self, text: str) -> set[str]:
        return words_in(text, self._sketch)

    def passages(self, group: str, kind: str, texts: Iterable[str], *, violates: bool) -> Iterator[Passage]:
        for text in texts:
            plain = " ".join(text.split())
            numbers = tuple(sorted(map(number_of, self.words(plain))))
            if len(numbers) >= LEAST:
                yield Passage(group, kind, violates, plain, numbers)

    def page(self, group: str, title: str, meta: Sequence[str], text: str, *, violates: bool) -> Iterator[Passage]:
        heads = [title, *([" | ".join((title, *meta))] if meta else [])]
        yield from self.passages(group, "head", heads, violates=violates)
        yield from self.passages(group, "lines", lines_of(text), violates=violates)


def lines_of(text: str) -> Iterator[str]:
    given, together = 0, ""
    for line in text.split("\n"):
        if len(line) < LINE:
            continue
        together = f"{together} {line}".strip()
        if len(together) >= LINES:
            yield together[: 2 * LINES]
            given, together = given + 1, ""
            if given == MAX_LINES:
                return
    if together:
        yield together


def labelled(reader: Reader) -> Iterator[Passage]:
    """Yield those of third parties."""
    items = [("older", item) for path in sorted(SET.glob("*.jsonl")) for item in read_items([path])]
    items += [("older", page.item) for page in pages()]
    items += [(f"batch {batch}", page.item) for batch in LEARNT for _, page in learnt_pages(str(batch))]
    items += [
        (f"taught {file.split('_')[1][-1]}", page.item)
        for file, page in learnt_pages("taught", frames_of="7", frames="[ab]_*")
    ]
    for group, item in items:
        subject = subject_of(dict(item))
        violates = item.get("label", CLEAN) != CLEAN
        yield from reader.page(group, subject.title, subject.page.meta, subject.page.text, violates=violates)


def own(reader: Reader) -> Iterator[Passage]:
    """Yield what was put into the site's own pages, and what stood there."""
    for batch in LEARNT:
        for path in sorted((FOLDER / str(batch)).glob("own_*.toml")):
            for site in read(path)[1]["site"]:
                meant = {"title": site["title"], "head": site.get("head", ""), "content": site["html"]}
                for change, violates in ((site["injected"], True), (site["twin"], False), (meant, False)):
                    yield from _changed(reader, f"own {batch}", change, violates=violates)
    for page in injected():
        yield from reader.passages("own older", "links", [page.quote], violates=True)
    for page in twins():
        content = read_content(HtmlDocument(page.html))
        yield from reader.page("own older", content.title, content.meta, content.text, violates=False)


def _changed(reader: Reader, group: str, change: Mapping[str, str], *, violates: bool) -> Iterator[Passage]:
    title, head = plain(change.get("title", "")), change.get("head", "")
    meta = [plain(text) for text in _META.findall(head) if not text.startswith("http")]
    yield from reader.page(group, title, meta, "", violates=violates)
    for place in ("content", "before", "after", "end"):
        markup = change.get(place, "")
        links = [plain(text) for text in _LINK.findall(markup)]
        texts = [*links, " | ".join(links)] if len(links) > 1 else links
        yield from reader.passages(group, "links", texts, violates=violates)
        yield from reader.passages(group, "lines", lines_of(plain(markup)), violates=violates)


def plain(markup: str) -> str:
    return html.unescape(_MARKUP.sub(" ", markup))


def of_web(reader: Reader, folders: Sequence[Path]) -> Iterator[Passage]:
    """Yield passages of some pages of each site; the group is the site."""
    for site in (site for folder in folders for site in sorted(folder.iterdir())):
        files = sorted(path for path in site.resolve().rglob("*") if path.suffix.lower() in HTML and path.is_file())
        small = [path for path in files if path.stat().st_size < LARGEST]
        for path in Random(site.name).sample(small, min(PER_SITE, len(small))):
            document = HtmlDocument(decoded(path.read_bytes()))
            content = read_content(document)
            yield from reader.page(site.name, content.title, content.meta, content.text, violates=False)
            yield from reader.passages(site.name, "links", side_by_side(document), violates=False)


def side_by_side(document: HtmlDocument) -> Iterator[str]:
    """Yield the texts of links to other sites that have one element around them, together and the first ones alone."""
    found = extract_document(document, url="https://web.example/", headers=[("content-type", "text/html")])
    by_place: dict[str, dict[str, str]] = defaultdict(dict)
    for reference in found.references:
        if reference.relation is Relation.LINK and reference.text:
            domain = registrable_domain(host_of(reference.url))
            by_place[reference.dom_path.rsplit(" > ", 2)[0]].setdefault(domain, reference.text)
    for texts in by_place.values():
        if len(texts) >= SIDE_BY_SIDE:
            yield " | ".join(texts.values())
        yield from list(texts.values())[:SIDE_BY_SIDE]


def fit(known: Sequence[Passage], web: Sequence[Passage]) -> Head:
    """Return the weights; both answers of labelled passages weigh the same."""
    # Imported here, as it takes a second, which each process of the tests would spend on collecting them.
    from sklearn.linear_model import LogisticRegression

    every = [*known, *web]
    answers = np.array([one.violates for one in every])
    weights = np.array([WEIGHTS[one.kind] for one in every])
    is_known = np.arange(len(every)) < len(known)
    total = weights[is_known].sum()
    for answer in (True, False):
        chosen = is_known & (answers == answer)
        weights[chosen] *= total / 2 / weights[chosen].sum()
    weights[~is_known] *= WEB_WEIGHT
    model = LogisticRegression(C=STRENGTH, max_iter=2_000).fit(matrix(every), answers, sample_weight=weights)
    return head_of(model.coef_[0], float(model.intercept_[0]))


def matrix(found: Sequence[Passage]) -> csr_matrix:
    ends = np.cumsum([0, *(len(one.numbers) for one in found)])
    values = np.concatenate([np.full(len(one.numbers), len(one.numbers) ** -0.5) for one in found])
    columns = np.concatenate([np.array(one.numbers) for one in found])
    return csr_matrix((values, columns, ends), shape=(len(found), 1 << BITS))


def print_held_back(name: str, head: Head, found: Sequence[Passage], web: Sequence[Passage]) -> None:
    from sklearn.metrics import roc_auc_score

    for kind in WEIGHTS:
        of_kind = [one for one in found if one.kind == kind]
        violates = np.array([one.violates for one in of_kind])
        if not 0 < violates.sum() < len(violates):
            continue
        margins = np.array([head.margin(one.numbers) for one in of_kind])
        clean = np.array([head.margin(one.numbers) for one in web if one.kind == kind])
        cells = " | ".join(
            f"{(margins[violates] >= at).mean():.3f} | {(margins[~violates] >= at).mean():.3f} | "
            f"{1000 * (clean >= at).mean() if len(clean) else 0:.2f}"
            for at in (-1.0, 0.0, 1.0, 2.0)
        )
        area = roc_auc_score(violates, margins)
        print(f"| {name} | {kind} | {violates.sum()} | {(~violates).sum()} | {area:.3f} | {cells} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--web", nargs="*", type=Path, default=[], metavar="FOLDER", help="folders of clean sites")
    parser.add_argument(
        "--held", nargs="*", default=[], metavar="GROUP", help="groups of authors that are held back in turn"
    )
    parser.add_argument("--write", action="store_true", help="put the file into the program")
    options = parser.parse_args()
    reader = Reader()
    known = [*labelled(reader), *own(reader)]
    every = list(of_web(reader, options.web))
    web = [one for one in every if half_of(one.group) == 0]
    other = [one for one in every if half_of(one.group) == 1]
    print(
        "| held back | kind | violating | clean | area | from -1: found | accused | web in 1,000 |"
        " 0 | | | 1 | | | 2 | | |"
    )
    print("|---" * 17 + "|")
    for name in options.held:
        held = [one for one in known if one.group.endswith(name)]
        print_held_back(name, fit([one for one in known if not one.group.endswith(name)], web), held, other)
    head = fit(known, web)
    about = {"passages": len(known), "web_passages": len(web), "web_sites": len({one.group for one in web})}
    if options.write:
        SHIPPED.write_bytes(write_classifier(VERSION, {ANY: head}, Mixture(0.0, 1.0, 0.0, 0.0), about))
        print(f"{SHIPPED.name}: {SHIPPED.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
