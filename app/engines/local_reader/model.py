"""A learnt model: how it is written, read back with every bound checked, and asked. Nothing in it is ever run.

It is one JSON document: `format`, `grams` with their `rarity` (the inverse frequency of documents), and `heads`: one
that says whether a page is a violation at all, one for each class of which there were enough. A head has a weight for
each gram, a bias, and the slope and offset that make of its sum a probability (Platt).
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import mul
from typing import Any, Final

import orjson

from app.domain.local_reading import (
    CLASS_FROM,
    LEARNT,
    MAX_MODEL_BYTES,
    RAISE_FROM,
    SUPPRESS_UP_TO,
    ModelFault,
    StoredModel,
)
from app.domain.violations import ViolationKey
from app.engines.local_reader.grams import LEAST_CHARS, LONGEST, grams_of, plain_text

FORMAT: Final = 1
VIOLATION: Final = "violation"  # the head that every model has
MAX_GRAMS: Final = 40_000
MAX_NUMBER: Final = 1e4  # of any number in it: learnt ones are below a hundred
MAX_TERMS: Final = 5  # that are shown as the reason
_AROUND: Final = 40  # characters that are quoted on both sides of the gram that counted most
_HEADS: Final = frozenset({VIOLATION, *LEARNT})


class UnusableModel(Exception):
    """The model cannot be used, and why."""

    def __init__(self, fault: ModelFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Head:
    """One question. `slope` is above 0: a higher sum is never less probable."""

    bias: float
    slope: float
    offset: float
    weights: Sequence[float]  # by gram

    def probability(self, places: Sequence[int], values: Sequence[float], norm: float) -> float:
        total = sum(map(mul, values, map(self.weights.__getitem__, places)))
        margin = total / norm + self.bias
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, self.slope * margin + self.offset))))


@dataclass(frozen=True, slots=True)
class LocalOpinion:
    """What the local classifier thinks of a page."""

    version: int
    violation: float  # probability, calibrated on the findings that people decide about
    key: ViolationKey | None  # the class, when one is probable enough
    quote: str
    terms: tuple[str, ...]  # the grams that counted most

    @property
    def clears(self) -> bool:
        return self.violation <= SUPPRESS_UP_TO

    @property
    def raises(self) -> bool:
        return self.violation >= RAISE_FROM and self.key is not None

    def to_json(self) -> list[Any]:
        """Return what `from_json` reads."""
        return [self.version, self.violation, self.key and self.key.value, self.quote, list(self.terms)]

    @classmethod
    def from_json(cls, values: Sequence[Any]) -> "LocalOpinion":
        """Raises ValueError or TypeError for what `to_json` has not written."""
        version, violation, key, quote, terms = values
        known = None if key is None else ViolationKey(key)
        return cls(int(version), float(violation), known, str(quote), tuple(map(str, terms)))


class LocalModel:
    """One version, as `read_model` returns it. Immutable; any thread may ask."""

    def __init__(self, version: int, grams: Sequence[str], rarity: Sequence[float], heads: Mapping[str, Head]) -> None:
        self.version = version
        self._place_of = {gram: place for place, gram in enumerate(grams)}
        self._grams = grams
        self._rarity = rarity
        self._heads = heads

    def read(self, title: str, text: str) -> LocalOpinion | None:
        """Return the opinion of a page; None when it says too little, or nothing that was ever seen. Some ms at most,
        whatever the page is.
        """
        plain = plain_text(title, text)
        known = self._place_of.keys() & grams_of(plain)
        if len(plain) < LEAST_CHARS or not known:
            return None
        places = [self._place_of[gram] for gram in known]
        values = [self._rarity[place] for place in places]
        norm = math.sqrt(math.fsum(map(mul, values, values)))
        violation = self._heads[VIOLATION].probability(places, values, norm)
        key = self._class_of(places, values, norm) if violation >= RAISE_FROM else None
        terms = self._terms(places, values, -1 if violation < RAISE_FROM else 1)
        return LocalOpinion(self.version, round(violation, 4), key, _quote(plain, terms), terms)

    def _class_of(self, places: Sequence[int], values: Sequence[float], norm: float) -> ViolationKey | None:
        heads = ((name, head) for name, head in self._heads.items() if name != VIOLATION)
        found = [(head.probability(places, values, norm), name) for name, head in heads]
        probability, name = max(found, default=(0.0, ""))
        return ViolationKey(name) if probability >= CLASS_FROM else None

    def _terms(self, places: Sequence[int], values: Sequence[float], sign: int) -> tuple[str, ...]:
        """Return the grams that counted most for a violation (`sign` 1) or against one (-1), the heaviest first."""
        weights = self._heads[VIOLATION].weights
        ranked = sorted(zip(map(mul, values, map(weights.__getitem__, places)), places, strict=True))
        chosen = ranked[: -MAX_TERMS - 1 : -1] if sign > 0 else ranked[:MAX_TERMS]
        return tuple(compress((self._grams[place] for _, place in chosen), (one * sign > 0 for one, _ in chosen)))


def _quote(plain: str, terms: Sequence[str]) -> str:
    at = plain.find(terms[0]) if terms else 0
    return plain[max(0, at - _AROUND) : at + _AROUND].strip()


def write_model(grams: Sequence[str], rarity: Sequence[float], heads: Mapping[str, Head], about: str) -> bytes:
    """Return the document. `about`: which program and library made it, for people alone."""
    document = {
        "format": FORMAT,
        "about": about,
        "grams": list(grams),
        "rarity": _short(rarity),
        "heads": {
            name: {"bias": head.bias, "slope": head.slope, "offset": head.offset, "weights": _short(head.weights)}
            for name, head in heads.items()
        },
    }
    return orjson.dumps(document)


def read_model(stored: StoredModel) -> LocalModel:
    """Return the model. It blocks for some tens of milliseconds. Raises UnusableModel."""
    if len(stored.data) > MAX_MODEL_BYTES:
        raise UnusableModel(ModelFault.TOO_LARGE)
    if hashlib.sha256(stored.data).hexdigest() != stored.sha256:
        raise UnusableModel(ModelFault.CHECKSUM)
    try:
        document: dict[str, Any] = orjson.loads(stored.data)
        number = document["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnusableModel(ModelFault.MALFORMED) from error
    if number != FORMAT or isinstance(number, bool):
        newer = isinstance(number, int) and number > FORMAT
        raise UnusableModel(ModelFault.NEWER_FORMAT if newer else ModelFault.UNKNOWN_FORMAT)
    try:
        return _model_of(stored.version, document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableModel(ModelFault.MALFORMED) from error


def _model_of(version: int, document: Mapping[str, Any]) -> LocalModel:
    """Raise ValueError, KeyError, TypeError or AttributeError for what `write_model` has not written."""
    grams = document["grams"]
    if not isinstance(grams, list) or not 0 < len(grams) <= MAX_GRAMS:
        raise ValueError("no grams")
    if not all(isinstance(gram, str) and 0 < len(gram) <= LONGEST for gram in grams):
        raise ValueError("no such grams")
    if len(set(grams)) != len(grams):
        raise ValueError("a gram stands there twice")
    rarity = _numbers(document["rarity"], len(grams))
    heads = {name: _head_of(head, len(grams)) for name, head in document["heads"].items()}
    if min(rarity) <= 0 or VIOLATION not in heads or not heads.keys() <= _HEADS:
        raise ValueError("no such heads, or grams that are never rare")
    return LocalModel(version, grams, rarity, heads)


def _head_of(document: Mapping[str, Any], count: int) -> Head:
    bias, slope, offset = _numbers([document["bias"], document["slope"], document["offset"]], 3)
    if slope <= 0:
        raise ValueError("a probability that falls with the sum")
    return Head(bias, slope, offset, _numbers(document["weights"], count))


def _numbers(values: Sequence[Any], count: int) -> list[float]:
    if len(values) != count or not all(type(value) in (float, int) and abs(value) <= MAX_NUMBER for value in values):
        raise ValueError("no such numbers")
    return list(map(float, values))


def _short(values: Sequence[float]) -> list[float]:
    """Return them with five digits behind the point: more say nothing, and double the document."""
    return [round(float(value), 5) for value in values]
