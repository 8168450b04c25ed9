"""Layer 3: the words of a page against the lexicons.

For each class, over the title, the description, the visible text and the pictures' alternative texts:

    terms   = sum of the weights of distinct terms, in the title 1.5 times
    cues    = sum of the weights of distinct cues, at most `CUES_CAP`
    pair    = min(terms, cues): words of the trade that meet a manner of offering
    breadth = products and offers + min(topics, TOPIC_CAP + pair) + PAIR_WEIGHT * pair
    density = weights of the occurrences (a term at most `REPEATS` times) per 1,000 units in the densest window
    guards  = sum of the weights of distinct guard words, relative to 1 + breadth; of those of the text only such as
              stand within `GUARD_UNITS` of a term of the class
    score   = (1 - e^(-breadth / BREADTH_SCALE)) / (1 + (DENSITY_HALF / density)^2) / (1 + (guards / GUARD_HALF)^2)

A window is what a person sees at a time: pages that carry a block of offers inside much harmless text are found, novels
and portals with scattered words are not. Fewer than two distinct terms, or topic terms alone, say nothing.
Without an *offer* and without a pair of `PAIR_OFFER` the scale is `NO_OFFER_SCALE` and the score ends at
`NO_OFFER_CAP`, so that it needs a review at least.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject
from app.engines.analyse.text.lexicon import OFFER_FROM, PRODUCT_FROM, Hit, Lexicon, Role, Term
from app.engines.analyse.text.normalise import NormalisedText, Normaliser

BREADTH_SCALE: Final = 1.8  # three offers say 0.81 before density and guards
NO_OFFER_SCALE: Final = 2.8  # the same without any offer: games nights and articles name two or three products
TOPIC_CAP: Final = 0.8
CUES_CAP: Final = 2.5  # more manners of offering do not make the goods worse
PAIR_WEIGHT: Final = 0.7
PAIR_OFFER: Final = 1.0  # two topic words with two or three cues: as telling as one offer
DENSITY_HALF: Final = 0.9  # two offers within two screens: 1.3; scattered words of a long article: below 0.7
GUARD_HALF: Final = 0.7  # reports and warnings reach 0.85 and more, promotion rarely 0.4: halve the score between them
GUARD_UNITS: Final = 400  # half a screen on both sides of a term: guards speak of what stands there
REPEATS: Final = 4
WINDOW_UNITS: Final = 1_500  # about two screens; a unit is a Chinese character or three Latin ones
MIN_UNITS: Final = 300  # shorter texts are not denser than a text of this length
NO_OFFER_CAP: Final = 0.78
SCORE_CAP: Final = 0.97
SIGNAL_FROM: Final = 0.2  # weaker ones are noise in the evidence
TITLE_FACTOR: Final = 1.5
LATIN_PER_UNIT: Final = 3
MAX_TEXT_CHARS: Final = 100_000  # as `PageContent.text`
SNIPPET_CHARS: Final = 160
MAX_TERMS: Final = 12  # quoted in the evidence


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of text of one origin."""

    text: NormalisedText
    hits: tuple[Hit, ...]
    factor: float
    body: bool  # the captured text: its offsets are evidence


@dataclass(slots=True)
class _Tally:
    """What one class collected over all zones: distinct pattern -> weight with its best zone factor."""

    terms: dict[str, float] = field(default_factory=dict)
    cues: dict[str, float] = field(default_factory=dict)
    guards: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)  # of the terms, without zone factors

    @property
    def pair(self) -> float:
        return min(sum(self.terms.values()), sum(self.cues.values()), CUES_CAP)

    @property
    def breadth(self) -> float:
        topics = sum(value for name, value in self.terms.items() if self.weights[name] < PRODUCT_FROM)
        rest = sum(self.terms.values()) - topics
        return rest + min(topics, TOPIC_CAP + self.pair) + PAIR_WEIGHT * self.pair

    @property
    def strongest(self) -> float:
        return max(self.weights.values(), default=0.0)

    @property
    def offers(self) -> bool:
        return self.strongest >= OFFER_FROM or self.pair >= PAIR_OFFER

    @property
    def says_something(self) -> bool:
        return len(self.terms) > 1 and self.strongest >= PRODUCT_FROM


class TextLayer:
    """Holds lexicon and normaliser; thread-safe after the first call."""

    name = Layer.TEXT.value

    def __init__(self, *, lexicon: Lexicon, normaliser: Normaliser) -> None:
        self._lexicon = lexicon
        self._normaliser = normaliser

    def examine(self, subject: Subject) -> Iterable[Signal]:
        if subject.has_content:
            page = subject.page
            yield from self.judge(self.read(text=page.text, title=subject.title, meta=page.meta, alts=page.alts))

    def judge(self, zones: list[Zone]) -> Iterator[Signal]:
        """Yield what the zones of one page, as `read` makes them, say of each class."""
        for key, tally in _tallies(zones).items():
            score = self._score(key, tally, zones)
            if score >= SIGNAL_FROM:
                yield Signal(key, self._evidence(key, score, tally, zones))

    def read(self, *, text: str, title: str, meta: Iterable[str], alts: Iterable[str] = ()) -> list[Zone]:
        """Return the zones of a page: body, title, description with keywords, alternative texts."""
        return [
            self._zone(text[:MAX_TEXT_CHARS], 1.0, body=True),
            self._zone(title, TITLE_FACTOR),
            self._zone("\n".join(meta), 1.0),
            self._zone("\n".join(alts), 1.0),
        ]

    def _zone(self, text: str, factor: float, *, body: bool = False) -> Zone:
        normalised = self._normaliser.normalise(text)
        return Zone(normalised, tuple(self._lexicon.find(normalised)), factor, body)

    def _score(self, key: ViolationKey, tally: _Tally, zones: list[Zone]) -> float:
        if not tally.says_something:
            return 0.0
        density = max(_density(zone, key) for zone in zones)
        guards = sum(tally.guards.values()) / (1 + tally.breadth)
        doubt = (1 + (DENSITY_HALF / density) ** 2) * (1 + (guards / GUARD_HALF) ** 2)
        scale, cap = (BREADTH_SCALE, SCORE_CAP) if tally.offers else (NO_OFFER_SCALE, NO_OFFER_CAP)
        return min((1 - math.exp(-tally.breadth / scale)) / doubt, cap)

    def _evidence(self, key: ViolationKey, score: float, tally: _Tally, zones: list[Zone]) -> Evidence:
        snippet, offset = _quote(key, zones)
        names = sorted(tally.terms, key=lambda name: -tally.terms[name])
        return Evidence(
            layer=Layer.TEXT,
            rule=f"lexicon.{key}",
            score=round(score, 4),
            snippet=snippet,
            offset=offset,
            provenance=f"lexicon {self._lexicon.version}",
            terms=tuple(names[:MAX_TERMS]),
            guards=tuple(sorted(tally.guards)[:MAX_TERMS]),
        )


def _tallies(zones: list[Zone]) -> dict[ViolationKey, _Tally]:
    tallies: dict[ViolationKey, _Tally] = {}
    for zone in zones:
        near = _near_terms(zone) if zone.body else None
        for hit in zone.hits:
            for term in hit.terms:
                if near is None or term.role is not Role.GUARD or near(term.key, hit.start):
                    _count(tallies.setdefault(term.key, _Tally()), term, zone.factor)
    return tallies


def _near_terms(zone: Zone) -> Callable[[ViolationKey, int], bool]:
    """Return what says whether a term of a class stands near a place: guards far away speak of something else."""
    places: dict[ViolationKey, list[int]] = {}
    for hit in zone.hits:
        for term in hit.terms:
            if term.role is Role.TERM:
                places.setdefault(term.key, []).append(hit.start)
    reach = GUARD_UNITS * _chars_per_unit(zone.text.text)

    def is_near(key: ViolationKey, start: int) -> bool:
        starts = places.get(key)
        if starts is None:
            return False
        at = bisect_left(starts, start)
        before, after = starts[max(0, at - 1)], starts[min(at, len(starts) - 1)]
        return min(abs(start - before), abs(after - start)) <= reach

    return is_near


def _count(tally: _Tally, term: Term, factor: float) -> None:
    match term.role:
        case Role.TERM:
            tally.terms[term.pattern] = max(tally.terms.get(term.pattern, 0.0), term.weight * factor)
            tally.weights[term.pattern] = term.weight
        case Role.CUE:
            tally.cues[term.pattern] = term.weight
        case Role.GUARD:
            tally.guards[term.pattern] = term.weight


def _weighted(zone: Zone, key: ViolationKey) -> Iterator[tuple[int, Term]]:
    for hit in zone.hits:
        for term in hit.terms:
            if term.key == key and term.role is not Role.GUARD:
                yield hit.start, term


def _density(zone: Zone, key: ViolationKey) -> float:
    """Weight per 1,000 units in the densest window of the zone; 0 without a hit."""
    hits = list(_weighted(zone, key))
    if not hits:
        return 0.0
    per_unit = _chars_per_unit(zone.text.text)
    width = WINDOW_UNITS * per_unit
    units = min(WINDOW_UNITS, max(MIN_UNITS, len(zone.text.text) / per_unit))
    return _heaviest(hits, width) * 1000 / units


def _heaviest(hits: list[tuple[int, Term]], width: float) -> float:
    """Largest weight of the hits within `width` characters; one term counts `REPEATS` times at most."""
    counts: dict[str, int] = {}
    best = weight = 0.0
    first = 0
    for position, term in hits:
        counts[term.pattern] = counts.get(term.pattern, 0) + 1
        weight += term.weight if counts[term.pattern] <= REPEATS else 0.0
        while hits[first][0] < position - width:
            left = hits[first][1]
            weight -= left.weight if counts[left.pattern] <= REPEATS else 0.0
            counts[left.pattern] -= 1
            first += 1
        best = max(best, weight)
    return best


def _chars_per_unit(text: str) -> float:
    """1 for Chinese text, 3 for Latin, between for a mixture (judged on a sample)."""
    letters = [char for char in text[:: max(1, len(text) // 500)] if char.isalpha()]
    latin = sum(char.isascii() for char in letters)
    return 1 + (LATIN_PER_UNIT - 1) * latin / max(1, len(letters))


def _quote(key: ViolationKey, zones: list[Zone]) -> tuple[str, int | None]:
    """Original text around the weightiest hit, from the body when it has one; the offset only then."""
    for zone in zones:
        candidates = [
            (term.weight, hit) for hit in zone.hits for term in hit.terms if term.key == key and term.role is Role.TERM
        ]
        if candidates:
            _, hit = max(candidates, key=lambda candidate: candidate[0])
            low, high = zone.text.span(hit.start, hit.end)
            start, end = _window(low, high, len(zone.text.original))
            return zone.text.original[start:end], start if zone.body else None
    return "", None


def _window(low: int, high: int, length: int) -> tuple[int, int]:
    """Span of at most `SNIPPET_CHARS` around [low, high) inside the text; a longer hit is cut at its end."""
    margin = max(0, SNIPPET_CHARS - (high - low)) // 2
    start = max(0, low - margin)
    return start, min(length, start + SNIPPET_CHARS)
