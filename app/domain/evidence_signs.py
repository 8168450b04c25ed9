"""What the evidence of a finding says, reduced to what stays equal while the page stays the same (ADR 0080).

A decision remembers it, so that later scans know what was judged. Left out are texts, URLs, scores and versions, which
change with every capture, and what classifiers and language models say, which depends on their version, their budget
and the whole text: they judge the same content once more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.domain.violations import Evidence, Layer

# By sign (kind of violation and rule, for some rules a name from a catalogue as well): the terms of a lexicon that were
# found, sorted. Most signs have none.
Signs = Mapping[str, tuple[str, ...]]

MAX_SIGNS: Final = 200  # of a finding; a domain has about five
MAX_TERMS: Final = 100  # of a sign
# Terms of a sign from which on a page is full of them: evidence quotes no more, and which ones is chance.
FULL: Final = 12
CLASSIFIER: Final = "classifier"  # rule of the text classifier, whose terms are any words of the page
# Rules whose terms are terms of a lexicon.
_LEXICON: Final = ("lexicon.", "hidden_link.anchor")
# Rules whose terms are names from a catalogue or a registry: brands, services, statuses and dates of a registration.
_NAMED: Final = ("betting_house", "brand_", "look_alike_host.", "takeover.")


def signs_of(kind: str, evidence: Iterable[Evidence]) -> dict[str, tuple[str, ...]]:
    """Return the signs of a violation of this kind."""
    found: dict[str, set[str]] = {}
    for item in evidence:
        if item.layer is Layer.MODEL or item.rule == CLASSIFIER:
            continue
        sign = f"{kind} {item.rule}"
        if item.rule.startswith(_NAMED) and item.terms:
            for name in item.terms:
                found.setdefault(f"{sign} {name}", set())
        else:
            found.setdefault(sign, set()).update(item.terms if item.rule.startswith(_LEXICON) else ())
    return _bounded(found)


def merge_signs(*several: Signs) -> dict[str, tuple[str, ...]]:
    """Return the signs that any of these have, each with all its terms."""
    found: dict[str, set[str]] = {}
    for signs in several:
        for sign, terms in signs.items():
            found.setdefault(sign, set()).update(terms)
    return _bounded(found)


def read_signs(values: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    """Return signs that went through JSON."""
    return {sign: tuple(map(str, terms)) for sign, terms in values.items()}


def has_new_signs(judged: Signs, found: Signs) -> bool:
    """Return whether something was found that was not judged. What is no longer found is not new."""
    return any(sign not in judged or _are_new(judged[sign], terms) for sign, terms in found.items())


def _are_new(judged: Sequence[str], found: Sequence[str]) -> bool:
    """Return whether most of the terms were not judged: an article or an advertisement brings single ones.

    A page that was judged while it was full of such terms cannot have more of them.
    """
    return len(judged) < FULL and 2 * len(set(found) - set(judged)) > len(found)


def _bounded(found: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {sign: tuple(sorted(found[sign])[:MAX_TERMS]) for sign in sorted(found)[:MAX_SIGNS]}
