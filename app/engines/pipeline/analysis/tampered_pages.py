"""Signs that pages of the site were tampered with, as they come with the references of a page: violations out."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from app.domain.scan_facts import Reference
from app.domain.tampering import RULE_PREFIX, SCORES, TamperSign, certainty, sign_of, visitor_of
from app.domain.violations import REVIEW_BELOW, Evidence, Layer, ViolationFact, ViolationKey
from app.engines.urls import host_of

_PROVENANCE: Final = "structure"


class TamperedPages:
    """One violation for each host, with the evidence of its first page; every page is kept as evidence."""

    def __init__(
        self, *, report: Callable[[ViolationFact], Awaitable[object]], on_page: Callable[[ViolationFact], None]
    ) -> None:
        """`report` is told the violation, also when it is known already; then `on_page` of each page."""
        self._report = report
        self._on_page = on_page

    async def take_in(self, references: Iterable[Reference]) -> None:
        """Take the references of pages, in which those of one page stand together. Raises ScanStopped."""
        signs = (reference for reference in references if sign_of(reference.kind) is not None)
        for page_url, of_page in groupby(signs, key=lambda reference: reference.page_url):
            fact = tampered_page(page_url, list(of_page))
            await self._report(fact)
            self._on_page(fact)


def tampered_page(page_url: str, references: Sequence[Reference]) -> ViolationFact:
    """Return what the signs of one page, never none, say together; its description is still to be written."""
    evidence = sorted(_evidence(references), key=lambda item: -item.score)
    confidence = certainty(sign for reference in references if (sign := sign_of(reference.kind)) is not None)
    return ViolationFact(
        domain=host_of(page_url),
        violation_key=ViolationKey.TAMPERED,
        confidence_score=confidence,
        description="",
        evidence=tuple(evidence),
        needs_review=confidence < REVIEW_BELOW,
        url=page_url,
        found_on=page_url,
    )


def _evidence(references: Iterable[Reference]) -> Iterator[Evidence]:
    for reference in references:
        sign = sign_of(reference.kind)
        if sign is not None:
            found = Evidence(
                layer=Layer.STRUCTURE,
                rule=f"{RULE_PREFIX}{sign.value}",
                score=SCORES[sign],
                snippet=reference.snippet,
                provenance=_PROVENANCE,
                terms=tuple(filter(None, reference.text.split(", "))),
                shown_to=visitor_of(reference.kind),
            )
            yield _of_model(found) if sign is TamperSign.MODEL else found


def _of_model(item: Evidence) -> Evidence:
    """What a language model said names the model: its words are the class, and who says so."""
    said, *source = item.terms
    return replace(item, layer=Layer.MODEL, provenance=", ".join(source), terms=(said,))
