"""The rules that matched on the pages of a finding: what stays equal while the pages stay the same (ADR 0080).

A decision stores them, so that later scans know what was judged. Left out are texts, URLs, scores and versions, which
change with every capture, and what classifiers and language models say, which depends on their version, their budget
and the whole text: they judge the same content once more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.domain.takeovers import AT_SERVICE, affected_host
from app.domain.tampering import RULE_PREFIX, TamperSign
from app.domain.violations import REVIEW_BELOW, Evidence, Layer

# By rule (kind of violation and rule, for some rules a name from a catalogue as well): the terms of a lexicon that were
# found, sorted. Most rules have none. A rule with terms has markers beside it, rules of their own without terms.
MatchedRules = Mapping[str, tuple[str, ...]]

MAX_RULES: Final = 200  # of a finding; a domain has about five
MAX_TERMS: Final = 100  # of a rule
# From this many terms on, a page counts as full of them: evidence quotes no more, and which ones is arbitrary.
FULL: Final = 12
# From this many new terms on, another own page speaks, even beside one that was judged: evidence of both is compared as
# one, quotes at most eight terms of each, and new ones of a second page are then no majority.
OTHER_OWN_PAGE: Final = 4
CLASSIFIER: Final = "classifier"  # rule of the text classifier, whose terms are any words of the page
_SURE: Final = " sure"  # marker: a page matched the rule with a score that needs no review
_FULL: Final = " full"  # marker: a single page had `FULL` terms
# Rules whose terms are terms of a lexicon.
_LEXICON: Final = ("lexicon.", "hidden_link.anchor")
_OF_OWN_PAGES: Final = frozenset(
    RULE_PREFIX + sign.value
    for sign in (
        TamperSign.TITLE,
        TamperSign.TITLE_FOREIGN,
        TamperSign.DESCRIPTION,
        TamperSign.TEXT,
        TamperSign.TEXT_UNSURE,
        TamperSign.STUFFED,
        TamperSign.HIDDEN_TEXT,
    )
)
# Rules whose terms are names from a catalogue or a registry: brands, statuses of a registration, and its date, which is
# another one only after another registration. For names at cloud services it is the host that points there, no term.
_NAMED: Final = ("betting_house", "brand_", "look_alike_host.", "takeover.")


def matched_rules_of(kind: str, evidence: Iterable[Evidence]) -> dict[str, tuple[str, ...]]:
    """Return the matched rules of a page that violates in this way."""
    found: dict[str, set[str]] = {}
    for item in evidence:
        if item.layer is Layer.MODEL or item.rule == CLASSIFIER:
            continue
        rule = f"{kind} {item.rule}"
        if names := _names_of(item):
            found |= {f"{rule} {name}": set() for name in names}
        elif not _has_terms(item.rule):
            found.setdefault(rule, set())
        else:
            found.setdefault(rule, set()).update(item.terms)
            found |= {rule + marker: set() for marker in _markers_of(item)}
    return _bounded(found, {})


def merge_matched_rules(*several: MatchedRules, first: MatchedRules | None = None) -> dict[str, tuple[str, ...]]:
    """Return the rules that any of these have, each with all its terms.

    If there are too many, those of `first` stay, and which others stay does not depend on their order.
    """
    found: dict[str, set[str]] = {}
    for rules in several:
        for rule, terms in rules.items():
            found.setdefault(rule, set()).update(terms)
    return _bounded(found, first or {})


def rules_of_kind(rules: MatchedRules, kind: str) -> dict[str, tuple[str, ...]]:
    """Return the rules of one of the violations that a finding is made of."""
    return {rule: terms for rule, terms in rules.items() if rule.partition(" ")[0] == kind}


def read_matched_rules(values: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    """Return matched rules that went through JSON."""
    return {rule: tuple(map(str, terms)) for rule, terms in values.items()}


def has_new_rules(judged: MatchedRules, found: MatchedRules) -> bool:
    """Return whether a rule, or too many of its terms, were not judged. What is no longer found is not new."""
    return any(_is_new(rule, judged, found) for rule in found)


def _is_new(rule: str, judged: MatchedRules, found: MatchedRules) -> bool:
    """Return whether a rule was not judged, or has terms that count as new (ADR 0080).

    Single new terms come with an article or an advertisement. On a page that was full when it was judged, which terms
    are quoted is arbitrary: only a page full of entirely other ones is another page. Once many terms of a topic were
    judged, others are new only on a page that is full or sure. On the site's own pages some are always new.
    """
    full = rule + _FULL
    if rule not in judged:
        return not (rule.endswith(_FULL) and rule.removesuffix(_FULL) in found)
    terms = set(found[rule])
    new = terms.difference(judged[rule])
    if full in judged:
        return full in found and new == terms
    if full in found:
        return bool(new)
    is_majority = 2 * len(new) > len(terms)
    if rule.partition(" ")[2] in _OF_OWN_PAGES:
        return is_majority or len(new) >= OTHER_OWN_PAGE
    return is_majority and not (len(judged[rule]) >= FULL and rule + _SURE not in found)


def _names_of(item: Evidence) -> tuple[str, ...]:
    if item.rule.startswith(AT_SERVICE):
        return (affected_host(item.snippet),)
    return item.terms if item.rule.startswith(_NAMED) else ()


def _has_terms(rule: str) -> bool:
    return rule.startswith(_LEXICON) or rule in _OF_OWN_PAGES


def _markers_of(item: Evidence) -> list[str]:
    return [*([_SURE] if item.score >= REVIEW_BELOW else []), *([_FULL] if len(set(item.terms)) >= FULL else [])]


def _bounded(found: Mapping[str, Iterable[str]], first: MatchedRules) -> dict[str, tuple[str, ...]]:
    """Return the rules within the bounds: those of `first`, then those without names, of which there can be many."""

    def rank(rule: str) -> tuple[bool, bool, str]:
        return rule not in first, rule.partition(" ")[2].startswith(_NAMED), rule

    def terms_of(rule: str) -> tuple[str, ...]:
        known = first.get(rule, ())
        ranked = sorted(found[rule], key=lambda term: (term not in known, term))
        return tuple(sorted(ranked[:MAX_TERMS]))

    return {rule: terms_of(rule) for rule in sorted(sorted(found, key=rank)[:MAX_RULES])}
