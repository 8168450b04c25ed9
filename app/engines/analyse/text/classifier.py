"""The text classifier that ships: a linear model of the words of pages, learnt from the labelled pages of the tests.

It knows nothing of brands, addresses and forms: what it says is weighed together with what the rules say, by weights
that were fitted on pages that neither had seen (`python -m tests.eval.learn_classifier`, docs/analysis.md). So the
confidence of a detection is a frequency: of so many pages that look like this to both, so many violate.

The file has one line of JSON and then a signed byte for each word's number: first of the question whether a page
violates at all, then of each class. It holds no words.
"""

import math
import re
import zlib
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.detection import CONFIDENCE_CAP, MAX_EVIDENCE, Detection, Thresholds, is_judged
from app.engines.analyse.subject import Subject
from app.engines.analyse.text.page_words import ASKED, MAX_TEXT, TITLE, words_of
from app.engines.html.page_content import PageContent

SHIPPED: Final = Path(__file__).parent.parent / "data" / "classifier.bin"
BITS: Final = 18  # of a word's number
LEAST_WORDS: Final = 80  # numbers, of some forty English words or thirty Chinese characters: of less nothing is said
# Of the numbers of a page, those that have a weight. In English and Chinese eight in ten have one, in a language that
# was not learnt six, by chance.
LEAST_KNOWN: Final = 0.7
MOST_FOREIGN: Final = 0.3  # of the words, in scripts other than Latin and Chinese
RULE: Final = "classifier"
ANY: Final = "any"  # the question whether a page violates at all
MAX_TERMS: Final = 5
_MASK: Final = (1 << BITS) - 1
_LEAST, _MOST = 0.3, 0.98  # of a rule's confidence, as it is weighed
_LEAST_TERM: Final = 5  # letters of a Latin word that is shown: shorter ones are mostly "your" and "with"
_FOREIGN: Final = re.compile("[^\x00-\x7f\u3400-\u9fff]")
_AROUND: Final = 60  # characters that are quoted on both sides of the word that counted most


class ClassifierError(Exception):
    """The file is not one of this program's."""


@dataclass(frozen=True, slots=True)
class Head:
    """One question: the sum of a page's weights, times `scale`, by the square root of how many words it has."""

    scale: float
    bias: float
    weights: "array[int]"

    def margin(self, numbers: Sequence[int]) -> float:
        """Return how much speaks for it: above 0 is rather yes."""
        total = sum(map(self.weights.__getitem__, numbers))
        return self.bias + self.scale * total / math.sqrt(len(numbers))


@dataclass(frozen=True, slots=True)
class Mixture:
    """How the margin and the confidence of the rules make one confidence."""

    bias: float
    margin: float
    found: float  # added when a rule has found the page
    doubt: float  # times the log odds of its confidence

    def confidence(self, margin: float, rules: float | None) -> float:
        """`rules`: their confidence; None: they say nothing."""
        total = self.bias + self.margin * margin
        if rules is not None:
            bounded = min(_MOST, max(_LEAST, rules))
            total += self.found + self.doubt * math.log(bounded / (1 - bounded))
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, total))))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the classifier counts of one page."""

    words: tuple[str, ...]
    numbers: tuple[int, ...]
    margin: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the classifier alone says of a page."""

    confidence: float
    terms: tuple[str, ...]
    quote: str


class TextClassifier:
    """Immutable; any thread may ask."""

    def __init__(self, version: str, heads: Mapping[str, Head], mixture: Mixture, fold: Callable[[str], str]) -> None:
        """`fold` normalises a text as it was learnt with."""
        self.version = version
        self._any = heads[ANY]
        self._classes = {ViolationKey(name): head for name, head in heads.items() if name != ANY}
        self._mixture = mixture
        self._fold = fold

    def read(self, title: str, page: PageContent) -> Reading | None:
        """Return what it makes of the page; None when that has too few words, or words of a language that it has not
        learnt. Some ms at most.
        """
        words = tuple(words_of(title, page, self._fold))
        numbers = tuple({number_of(word) for word in words})
        if len(numbers) < LEAST_WORDS or sum(map(_is_foreign, words)) > MOST_FOREIGN * len(words):
            return None
        if sum(map(bool, map(self._any.weights.__getitem__, numbers))) < LEAST_KNOWN * len(numbers):
            return None
        return Reading(words, numbers, self._any.margin(numbers))

    def opinion(self, title: str, page: PageContent, least: float) -> Opinion | None:
        """Return what it says of a page of which nothing else is said; None when it can say nothing, or its confidence
        is below `least`.
        """
        reading = self.read(title, page)
        confidence = 0.0 if reading is None else self._mixture.confidence(reading.margin, None)
        if reading is None or confidence < least:
            return None
        terms = self._terms(max(self._classes, key=lambda name: self._classes[name].margin(reading.numbers)), reading)
        return Opinion(confidence, terms, _quote(page.text, terms))

    def weigh(self, subject: Subject, detections: Sequence[Detection], thresholds: Thresholds) -> tuple[Detection, ...]:
        """Return the detections with the classifier's part in them, the most certain first.

        What rules are not certain of and the classifier takes for clean is left out; what they are certain of is at
        least to be reviewed: a page may be padded with harmless words. Lists and facts stay as they are.
        """
        reading = self.read(subject.title, subject.page)
        if reading is None:
            return tuple(detections)
        kept = [item for item in detections if not is_judged(item.key, item.evidence)]
        judged = [item for item in detections if item not in kept]
        found = [self._weighed(item, reading, thresholds, is_first=not at) for at, item in enumerate(judged)]
        if not detections:
            found = [self._alone(subject, reading)]
        left = [item for item in found if item.confidence >= thresholds.violation]
        return tuple(sorted((*kept, *left), key=lambda item: (-item.confidence, item.key)))

    def _weighed(self, detection: Detection, reading: Reading, thresholds: Thresholds, *, is_first: bool) -> Detection:
        if (detection.evidence[0].offset or 0) >= MAX_TEXT:  # it stands below what was read
            return detection
        confidence = self._mixture.confidence(reading.margin, detection.confidence)
        if not is_first:  # that the page violates does not make a further class of it more certain
            confidence = min(confidence, detection.confidence)
        if detection.confidence >= thresholds.review:
            confidence = max(confidence, thresholds.violation)
        confidence = round(min(CONFIDENCE_CAP, confidence), 4)
        evidence = detection.evidence
        if reading.margin > 0:
            evidence = (*evidence[: MAX_EVIDENCE - 1], self._evidence(detection.key, reading, ""))
        return Detection(detection.key, confidence, evidence, needs_review=confidence < thresholds.review)

    def _alone(self, subject: Subject, reading: Reading) -> Detection:
        """Return what a person has to look at: words alone accuse nobody."""
        confidence = round(min(CONFIDENCE_CAP, self._mixture.confidence(reading.margin, None)), 4)
        key = max(self._classes, key=lambda name: self._classes[name].margin(reading.numbers))
        evidence = self._evidence(key, reading, subject.page.text)
        return Detection(key, confidence, (evidence,), needs_review=True)

    def _evidence(self, key: ViolationKey, reading: Reading, text: str) -> Evidence:
        terms = self._terms(key, reading)
        return Evidence(
            layer=Layer.TEXT,
            rule=RULE,
            score=round(self._mixture.confidence(reading.margin, None), 4),
            snippet=_quote(text, terms),
            provenance=f"classifier {self.version}",
            terms=terms,
        )

    def _terms(self, key: ViolationKey, reading: Reading) -> tuple[str, ...]:
        """Return the words that counted most for a violation of this class, without those that say nothing alone."""
        head = self._classes.get(key)

        def counted(word: str) -> float:
            number = number_of(word)
            by_class = 0.0 if head is None else head.scale * head.weights[number]
            return self._any.scale * self._any.weights[number] + by_class

        chosen: list[str] = []
        for word in sorted(filter(_says_something, reading.words), key=lambda word: (-counted(word), word)):
            if len(chosen) == MAX_TERMS or counted(word) <= 0:
                break
            if not any(word in other or other in word for other in chosen):
                chosen.append(word)
        return tuple(chosen)


def number_of(word: str) -> int:
    """Return the number of a word: several may have the same."""
    return zlib.crc32(word.encode()) & _MASK


def write_classifier(version: str, heads: Mapping[str, Head], mixture: Mixture, about: Mapping[str, Any]) -> bytes:
    """Return the file. `about`: what it was learnt from, for people."""
    document = {
        "version": version,
        "bits": BITS,
        "about": dict(about),
        "mixture": [mixture.bias, mixture.margin, mixture.found, mixture.doubt],
        "heads": {name: [head.scale, head.bias] for name, head in heads.items()},
    }
    packed = zlib.compress(b"".join(head.weights.tobytes() for head in heads.values()), 9)
    return orjson.dumps(document) + b"\n" + packed


def load_classifier(fold: Callable[[str], str], path: Path = SHIPPED) -> TextClassifier:
    """Return the classifier of a file. It blocks for some tens of milliseconds. Raises ClassifierError and OSError."""
    document, heads = read_heads(path)
    try:
        return TextClassifier(str(document["version"]), heads, Mixture(*map(float, document["mixture"])), fold)
    except (ValueError, KeyError, TypeError) as error:
        raise ClassifierError(str(error)) from error


def read_heads(path: Path) -> tuple[dict[str, Any], dict[str, Head]]:
    """Return what a file says of itself, and its questions by name. Raises ClassifierError and OSError."""
    line, _, packed = path.read_bytes().partition(b"\n")
    size = 1 << BITS
    try:
        document = orjson.loads(line)
        values = zlib.decompressobj().decompress(packed, size * len(document["heads"]))
        if document["bits"] != BITS or len(values) != size * len(document["heads"]):
            raise ClassifierError("the sizes differ")
        heads = {
            name: Head(float(scale), float(bias), array("b", values[at * size : (at + 1) * size]))
            for at, (name, (scale, bias)) in enumerate(document["heads"].items())
        }
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise ClassifierError(str(error)) from error
    return document, heads


def _is_foreign(word: str) -> bool:
    """Whether it is of a script that was hardly learnt."""
    return _FOREIGN.search(word) is not None


def _says_something(word: str) -> bool:
    """Whether a person can be shown it: no mark and no number, and of Latin words no short one."""
    if word.startswith((TITLE, ASKED)) or "#" in word:
        return False
    return not word.isascii() or min(map(len, word.split())) >= _LEAST_TERM


def _quote(text: str, terms: Iterable[str]) -> str:
    low = text.lower()
    at = next((place for term in terms if (place := low.find(term)) >= 0), -1)
    return " ".join(text[max(0, at - _AROUND) : at + _AROUND].split()) if at >= 0 else ""
