"""Learns a model from pages about which people decided, and measures it on pages that were held back.

All that is learnt or measured keeps the pages of one domain together: a site whose front page is known must not be
told apart by its second page. The library (scikit-learn) is needed here alone; a model is read without it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Final

from app.domain.local_reading import LEARNT, DecidedPage, LearntModel, NotLearnt
from app.engines.local_reader.grams import LEAST_CHARS, grams_of, plain_text
from app.engines.local_reader.measures import HeldBack, measured
from app.engines.local_reader.model import FORMAT, VIOLATION, Head, write_model

LEAST_PAGES: Final = 30  # of confirmed and of dismissed findings each: below, what is measured is chance
LEAST_DOMAINS: Final = 10  # of each: two for every fold
CLASS_PAGES: Final = 20  # of one class, for a head of its own
CLASS_DOMAINS: Final = 5
FOLDS: Final = 5
LEAST_DOCUMENTS: Final = 2  # in which a gram stands
LEARNT_GRAMS: Final = 20_000  # the most frequent ones; a model of nine heads has 2 MB then
STRENGTH: Final = 10.0  # how closely the weights may follow the pages (C of scikit-learn)
LIBRARY: Final = "sklearn"


class TooLittle(Exception):
    """Nothing can be learnt, and why; `violating` and `clean` count the pages that there are."""

    def __init__(self, reason: NotLearnt, violating: int = 0, clean: int = 0) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.violating = violating
        self.clean = clean


def learn_model(pages: Sequence[DecidedPage], *, program: str) -> LearntModel:
    """Return a model and its report. It takes seconds to a minute, and some hundred MB for thousands of pages.

    `program` is the version that is at work. Raises TooLittle.
    """
    pages = [page if page.cause in LEARNT else replace(page, cause="") for page in pages]
    said = [(page, plain_text(page.title, page.text)) for page in pages]
    said = [(page, plain) for page, plain in said if len(plain) >= LEAST_CHARS]
    pages = [page for page, _ in said]
    require_enough(pages)
    if find_spec(LIBRARY) is None:
        raise TooLittle(NotLearnt.NO_LIBRARY)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # on a busy machine, threads of one small sum wait for each other for seconds
        return _learn(pages, [plain for _, plain in said], f"{program}, scikit-learn {_library_version()}")


def _learn(pages: Sequence[DecidedPage], texts: Sequence[str], about: str) -> LearntModel:
    learner = _Learner(pages, texts)
    heads: dict[str, Head] = {}
    held: dict[str, HeldBack] = {}
    for name, labels in _questions(pages):
        found = learner.learn(labels)
        if found is not None:
            heads[name], held[name] = found
    if VIOLATION not in heads:
        raise TooLittle(NotLearnt.NO_PATTERN, *_counts(pages))
    report = {"about": about, "format": FORMAT, **_sizes(pages), **measured(pages, held)}
    return LearntModel(write_model(learner.grams, learner.rarity, heads, about), report)


def require_enough(pages: Sequence[DecidedPage]) -> None:
    """Raise TooLittle when the report of a model that is learnt from these would mean nothing."""
    counts = _counts(pages)
    if min(counts) < LEAST_PAGES:
        raise TooLittle(NotLearnt.FEW_PAGES, *counts)
    domains = [len({page.domain for page in pages if bool(page.cause) is violates}) for violates in (True, False)]
    if min(domains) < LEAST_DOMAINS:
        raise TooLittle(NotLearnt.FEW_DOMAINS, *domains)


def _counts(pages: Sequence[DecidedPage]) -> tuple[int, int]:
    violating = sum(bool(page.cause) for page in pages)
    return violating, len(pages) - violating


def _sizes(pages: Sequence[DecidedPage]) -> dict[str, Any]:
    violating, clean = _counts(pages)
    return {"violating": violating, "clean": clean, "domains": len({page.domain for page in pages})}


def _questions(pages: Sequence[DecidedPage]) -> Iterator[tuple[str, list[bool]]]:
    """Yield the head of all violations, and one for each class of which there is enough."""
    yield VIOLATION, [bool(page.cause) for page in pages]
    for key in sorted(LEARNT):
        labels = [page.cause == key for page in pages]
        domains = {page.domain for page in pages if page.cause == key}
        if sum(labels) >= CLASS_PAGES and len(domains) >= CLASS_DOMAINS:
            yield key.value, labels


class _Learner:
    """The pages as one matrix for all heads. Which grams are looked at is chosen without looking at any decision."""

    def __init__(self, pages: Sequence[DecidedPage], texts: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
        from sklearn.model_selection import StratifiedGroupKFold

        vectoriser = CountVectorizer(
            analyzer=grams_of, binary=True, min_df=LEAST_DOCUMENTS, max_features=LEARNT_GRAMS, dtype=float
        )
        self._counts = vectoriser.fit_transform(texts)
        weighing = TfidfTransformer().fit(self._counts)
        self._matrix = weighing.transform(self._counts)
        self.grams: list[str] = [str(gram) for gram in vectoriser.get_feature_names_out()]
        self.rarity: list[float] = [float(value) for value in weighing.idf_]
        split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
        parts = split.split(texts, [page.cause for page in pages], [page.domain for page in pages])
        self._folds = [_Fold(self._counts, list(known), list(unknown)) for known, unknown in parts]

    def learn(self, labels: Sequence[bool]) -> tuple[Head, HeldBack] | None:
        """Return a head, and what it said of pages that were held back; None when there is no pattern in them."""
        if any(len({labels[at] for at in fold.known}) == 1 for fold in self._folds):
            return None  # all that violate so are of one fold
        margins = [0.0] * len(labels)
        for fold in self._folds:
            for at, margin in zip(fold.unknown, fold.margins(labels), strict=True):
                margins[at] = margin
        slope, offset = _platt(margins, labels)
        if slope <= 0:
            return None
        weights, bias = _fit(self._matrix, labels)
        return Head(bias, slope, offset, weights), HeldBack(labels, self._calibrated(margins, labels))

    def _calibrated(self, margins: Sequence[float], labels: Sequence[bool]) -> list[float]:
        """Return probabilities: no page has a part in what makes a probability of its own sum."""
        held = [0.0] * len(labels)
        for fold in self._folds:
            fitted = _platt([margins[at] for at in fold.known], [labels[at] for at in fold.known])
            for at in fold.unknown:
                held[at] = _probability(margins[at], *fitted)
        return held


class _Fold:
    """Pages that are held back, and what can be known of grams without them."""

    def __init__(self, counts: Any, known: Sequence[int], unknown: Sequence[int]) -> None:
        from sklearn.feature_extraction.text import TfidfTransformer

        self.known = known
        self.unknown = unknown
        seen = counts[known]
        kept = [place for place, documents in enumerate(seen.sum(axis=0).A1) if documents >= LEAST_DOCUMENTS]
        weighing = TfidfTransformer().fit(seen[:, kept])
        self._seen = weighing.transform(seen[:, kept])
        self._unseen = weighing.transform(counts[unknown][:, kept])

    def margins(self, labels: Sequence[bool]) -> list[float]:
        """Return the sum of each page that is held back, by a model of the others."""
        weights, bias = _fit(self._seen, [labels[at] for at in self.known])
        return [float(total) + bias for total in self._unseen @ weights]


def _fit(matrix: Any, labels: Sequence[bool]) -> tuple[Sequence[float], float]:
    """Return the weights of the grams, and the bias."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=STRENGTH, class_weight="balanced", solver="liblinear", random_state=0)
    model.fit(matrix, labels)
    return [float(weight) for weight in model.coef_[0]], float(model.intercept_[0])


def _platt(margins: Sequence[float], labels: Sequence[bool]) -> tuple[float, float]:
    """Return slope and offset of the curve that makes a probability of a sum."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=1_000)
    model.fit([[margin] for margin in margins], labels)
    return float(model.coef_[0][0]), float(model.intercept_[0])


def _probability(margin: float, slope: float, offset: float) -> float:
    return Head(0.0, slope, offset, [margin]).probability([0], [1.0], 1.0)


def _library_version() -> str:
    import sklearn

    return str(sklearn.__version__)
