"""The rules that matched on the pages of a finding: what stays equal while the pages stay the same (ADR 0080).

A decision stores them, so that later scans know what was judged. Left out are texts, URLs, scores and versions, which
change with every capture, and what classifiers and language models say, which depends on their version, their budget
and the whole text: they judge the same content once more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.domain.violations import Evidence, Layer

# By rule (kind of violation and rule, for some rules a name from a catalogue as well): the terms of a lexicon that were
# found, sorted. Most rules have none.
MatchedRules = Mapping[str, tuple[str, ...]]

MAX_RULES: Final = 200  # of a finding; a domain has about five
MAX_TERMS: Final = 100  # of a rule
# From this many terms on, a page counts as full of them: evidence quotes no more, and which ones is arbitrary.
FULL: Final = 12
CLASSIFIER: Final = "classifier"  # rule of the text classifier, whose terms are any words of the page
# Rules whose terms are terms of a lexicon.
_LEXICON: Final = ("lexicon.", "hidden_link.anchor")
# Rules whose terms are names from a catalogue or a registry: brands, services, statuses and dates of a registration.
_NAMED: Final = ("betting_house", "brand_", "look_alike_host.", "takeover.")


def matched_rules_of(kind: str, evidence: Iterable[Evidence]) -> dict[str, tuple[str, ...]]:
    """Return the matched rules of a violation of this kind."""
    found: dict[str, set[str]] = {}
    for item in evidence:
        if item.layer is Layer.MODEL or item.rule == CLASSIFIER:
            continue
        rule = f"{kind} {item.rule}"
        if item.rule.startswith(_NAMED) and item.terms:
            for name in item.terms:
                found.setdefault(f"{rule} {name}", set())
        else:
            found.setdefault(rule, set()).update(item.terms if item.rule.startswith(_LEXICON) else ())
    return _bounded(found)


def merge_matched_rules(*several: MatchedRules) -> dict[str, tuple[str, ...]]:
    """Return the rules that any of these have, each with all its terms."""
    found: dict[str, set[str]] = {}
    for rules in several:
        for rule, terms in rules.items():
            found.setdefault(rule, set()).update(terms)
    return _bounded(found)


def read_matched_rules(values: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    """Return matched rules that went through JSON."""
    return {rule: tuple(map(str, terms)) for rule, terms in values.items()}


def has_new_rules(judged: MatchedRules, found: MatchedRules) -> bool:
    """Return whether a rule, or most of its terms, were not judged. What is no longer found is not new."""
    return any(rule not in judged or _are_new(judged[rule], terms) for rule, terms in found.items())


def _are_new(judged: Sequence[str], found: Sequence[str]) -> bool:
    """Return whether most of the terms were not judged: an article or an advertisement brings single ones.

    A page that was judged while it was full of such terms cannot have more of them.
    """
    return len(judged) < FULL and 2 * len(set(found) - set(judged)) > len(found)


def _bounded(found: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {rule: tuple(sorted(found[rule])[:MAX_TERMS]) for rule in sorted(found)[:MAX_RULES]}
