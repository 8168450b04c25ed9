"""Hidden links: external references that people do not see, to something that they should not find there.

A hidden reference is a finding when

- its target violates (any content violation): the confidence is the target's own, or
- its anchor text hits a lexicon: `ANCHOR_TWO_TERMS` from two distinct terms on, `ANCHOR_ONE_TERM` for a single one
  from the *product* weight on; a topic term alone, or a guard word beside it, says nothing.

Parties of a known harmless category and allow-listed ones stay clean: menus, tabs and texts for screen readers hide
links to them legitimately. So do hidden links to an unknown party that does nothing wrong. What a browser has shown to
be hidden says so (`rendered`).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from app.domain.rendered_links import RENDERED
from app.domain.scan_facts import Reference
from app.domain.violations import Evidence, Layer, ViolationKey
from app.engines.analyse.detection import Detection
from app.engines.analyse.layer import Signal
from app.engines.analyse.subject import Subject
from app.engines.analyse.text.lexicon import PRODUCT_FROM, Hit, Lexicon, Role
from app.engines.analyse.text.normalise import Normaliser

ANCHOR_TWO_TERMS: Final = 0.85
ANCHOR_ONE_TERM: Final = 0.65
MAX_REFERENCES: Final = 200  # of the sample that are looked at
UNKNOWN: Final = "unknown"  # category of a party that no list knows


class HiddenLinks:
    """Immutable after construction."""

    def __init__(self, *, lexicon: Lexicon, normaliser: Normaliser) -> None:
        self._lexicon = lexicon
        self._normaliser = normaliser

    def examine(self, subject: Subject, content: Sequence[Detection]) -> Iterable[Signal]:
        """Signals for `hidden_link`. `content` holds the detections about the target; allow lists are the caller's."""
        hidden = [reference for reference in subject.references[:MAX_REFERENCES] if reference.hidden is not None]
        if subject.third_party.category == UNKNOWN or content:
            yield from self._anchors(hidden)
        if content and hidden:
            yield _target(hidden[0], content[0])

    def _anchors(self, hidden: list[Reference]) -> Iterator[Signal]:
        best = max((self._anchor(reference) for reference in hidden), key=lambda item: item[0], default=(0.0, (), None))
        score, terms, reference = best
        if reference is not None and score:
            source = f"lexicon {self._lexicon.version}"
            yield _signal("hidden_link.anchor", score, reference, provenance=source, terms=terms)

    def _anchor(self, reference: Reference) -> tuple[float, tuple[str, ...], Reference | None]:
        hits = self._lexicon.find(self._normaliser.normalise(reference.text))
        if any(term.role is Role.GUARD for hit in hits for term in hit.terms):
            return 0.0, (), None
        weights = _weights(hits)
        if not weights or max(weights.values()) < PRODUCT_FROM:
            return 0.0, (), None
        return (ANCHOR_TWO_TERMS if len(weights) > 1 else ANCHOR_ONE_TERM), tuple(weights), reference


def _weights(hits: list[Hit]) -> dict[str, float]:
    """Distinct patterns of terms with their highest weight."""
    weights: dict[str, float] = {}
    for hit in hits:
        for term in hit.terms:
            if term.role is Role.TERM:
                weights[term.pattern] = max(weights.get(term.pattern, 0.0), term.weight)
    return weights


def _target(reference: Reference, detection: Detection) -> Signal:
    strongest = detection.evidence[0]
    return _signal(
        "hidden_link.target",
        detection.confidence,
        reference,
        provenance=strongest.provenance,
        terms=(detection.key.value,),
        guards=strongest.guards,
    )


def _signal(
    rule: str,
    score: float,
    reference: Reference,
    *,
    provenance: str,
    terms: tuple[str, ...],
    guards: tuple[str, ...] = (),
) -> Signal:
    evidence = Evidence(
        layer=Layer.STRUCTURE,
        rule=rule,
        score=score,
        snippet=(reference.snippet or reference.text or reference.raw)[:200],
        provenance=provenance,
        terms=terms,
        guards=guards,
        hidden_by=reference.hidden,
        rendered=reference.kind.startswith(RENDERED),
        page_url=reference.page_url,
    )
    return Signal(ViolationKey.HIDDEN_LINK, evidence)
