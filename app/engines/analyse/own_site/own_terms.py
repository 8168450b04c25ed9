"""What the terms of one class say in a text of the site itself: of a title, a description, a line, a hidden block."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.tampering import PASSAGE_TRADES, TRADES
from app.domain.violations import ViolationKey
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE
from app.engines.analyse.text.lexicon import OFFER_FROM, PRODUCT_FROM, Hit, Role, Term
from app.engines.analyse.text.normalise import NormalisedText

MANY_TERMS: Final = 3
SURE_GUARD: Final = 0.7  # weight of a guard word that nobody writes beside an offer of his own
MAX_TERMS: Final = 8


@dataclass(frozen=True, slots=True)
class Words:
    """What one class says in one text."""

    weights: dict[str, float]  # by term
    strongest: Hit
    guard: float  # weight of the strongest guard word; 0 without one

    @property
    def is_guarded(self) -> bool:
        """Whether somebody reports or teaches."""
        return self.guard > 0

    @property
    def is_excused(self) -> bool:
        """The same of descriptions, in which words of sport and shops stand beside offers as well."""
        return self.guard >= SURE_GUARD or (self.is_guarded and not self.has_offer)

    @property
    def has_product(self) -> bool:
        return max(self.weights.values()) >= PRODUCT_FROM

    @property
    def has_offer(self) -> bool:
        return max(self.weights.values()) >= OFFER_FROM

    @property
    def offers(self) -> bool:
        """Whether it reads as an offer in a few words."""
        return self.has_offer or (len(self.weights) > 1 and self.has_product)

    @property
    def terms(self) -> tuple[str, ...]:
        return tuple(sorted(self.weights, key=lambda term: -self.weights[term])[:MAX_TERMS])


def is_judged(key: ViolationKey, words: Mapping[ViolationKey, Words]) -> bool:
    """Of medicines a page has to make an offer, or to name several: clinics and patients write about them."""
    if key in TRADES:
        return True
    return key in words and (words[key].has_offer or (words[key].has_product and len(words[key].weights) > MANY_TERMS))


def has_product(hits: Iterable[Hit]) -> bool:
    return any(is_product(term) for hit in hits for term in hit.terms)


def is_product(term: Term) -> bool:
    return term.role is Role.TERM and term.weight >= PRODUCT_FROM and term.key in PASSAGE_TRADES


def words_of(hits: Iterable[Hit]) -> dict[ViolationKey, Words]:
    """Return what each trade says in a text."""
    weights: dict[ViolationKey, dict[str, float]] = {}
    strongest: dict[ViolationKey, tuple[float, Hit]] = {}
    guards: dict[ViolationKey, float] = {}
    for hit in hits:
        for term in hit.terms:
            if term.key not in PASSAGE_TRADES:
                continue
            if term.role is Role.GUARD:
                guards[term.key] = max(term.weight, guards.get(term.key, 0.0))
            elif term.role is Role.TERM:
                weights.setdefault(term.key, {})[term.pattern] = term.weight
                if term.weight > strongest.get(term.key, (0.0, hit))[0]:
                    strongest[term.key] = term.weight, hit
    return {key: Words(found, strongest[key][1], guards.get(key, 0.0)) for key, found in weights.items()}


def guard_of(key: ViolationKey, hits: Iterable[Hit]) -> float:
    return max(
        (term.weight for hit in hits for term in hit.terms if term.key is key and term.role is Role.GUARD), default=0
    )


def as_written(text: NormalisedText, hit: Hit) -> str:
    low, high = text.span(hit.start, hit.end)
    return text.original[low:high][:MAX_QUOTE]


def quote_of(text: NormalisedText, hit: Hit) -> str:
    low, high = text.span(hit.start, hit.end)
    start = max(0, low - (MAX_QUOTE - (high - low)) // 2)
    return text.original[start : start + MAX_QUOTE]
