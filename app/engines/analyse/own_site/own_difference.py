"""Content that a page shows to some visitors only: a few lines, which are classified separately.

The page around them is the organisation's, and its guard words speak for that page and not for what others were given.
So a line counts by its own words, and one product term is enough for a suspicion: two plain visits were not shown it.
"""

from collections.abc import Iterator
from typing import Final

from app.domain.tampering import PASSAGE_TRADES, TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.analyse.text.lexicon import OFFER_FROM, PRODUCT_FROM, Hit, Lexicon, Role, Term
from app.engines.analyse.text.normalise import Normaliser

MAX_LINES: Final = 500
MAX_LINE: Final = 2_000  # characters
MAX_TERMS: Final = 8
ENOUGH: Final = 2  # product terms that make an offer


class OwnDifferences:
    """Judges lines that only some visitors are shown. Holds no state of a page."""

    def __init__(self, *, lexicon: Lexicon, normaliser: Normaliser) -> None:
        self._lexicon = lexicon
        self._normaliser = normaliser

    def examine(self, added: str, usual: str) -> TamperMatch | None:
        """Return what the added lines offer that the usual ones do not name; None: nothing."""
        known = {term.pattern for _, term in self._terms(usual)}
        found = [(line, term) for line, term in self._terms(added) if term.pattern not in known]
        if not found:
            return None
        terms = {term.pattern: term.weight for _, term in found}
        is_offer = len(terms) >= ENOUGH or max(terms.values()) >= OFFER_FROM
        line = max(found, key=lambda item: item[1].weight)[0]
        sign = TamperSign.SHOWN_OFFER if is_offer else TamperSign.SHOWN_WORD
        return TamperMatch(
            sign, line[:MAX_QUOTE], line[:MAX_QUOTE], tuple(sorted(terms, key=lambda one: -terms[one])[:MAX_TERMS])
        )

    def _terms(self, text: str) -> Iterator[tuple[str, Term]]:
        """Yield the product terms, each with its line, of lines without a word that speaks against it."""
        for line in text.split("\n", MAX_LINES)[:MAX_LINES]:
            hits = self._lexicon.find(self._normaliser.normalise(line[:MAX_LINE]))
            guarded = {term.key for hit in hits for term in hit.terms if term.role is Role.GUARD}
            yield from ((line, term) for term in _products(hits) if term.key not in guarded)


def _products(hits: list[Hit]) -> Iterator[Term]:
    for hit in hits:
        for term in hit.terms:
            if term.role is Role.TERM and term.weight >= PRODUCT_FROM and term.key in PASSAGE_TRADES:
                yield term
