"""Findings, third parties, pages and references with their evidence, as documents."""

from app.core.schema_fields import described
from app.findings.schemas.evidence import (
    Advice,
    CaptureItem,
    EvidenceItem,
    FindingSummary,
    RedirectChain,
    ReferenceItem,
)
from app.findings.schemas.results import Page, ResultPage, ThirdParty
from app.rest.schemas import AttemptNumber, Count, ResponseBody


class FindingPage(ResultPage):
    """The worst first. `truncated`: the scan has more violations than are counted (100,000)."""

    items: list[FindingSummary] = described("The findings of this page.", [])
    by_level: dict[str, Count] = described(
        "How many on all pages have each risk level; levels without any are left out.", {"high": 3}
    )
    domains: Count = described("How many domains those on all pages are about.", 3)
    crawled: Count = described("How many of the site's known addresses were answered.", 352)
    known: Count = described("How many of the site's addresses are known.", 359)


class ReferencePage(ResultPage):
    """In the order of finding; those to one third party by host first."""

    items: list[ReferenceItem] = described("The references of this page.", [])


class FindingDetail(FindingSummary):
    """A finding with everything that speaks for it and what is to be done."""

    attempt: AttemptNumber = described("The attempt whose results these are.", 1)
    evidence: list[EvidenceItem] = described("What speaks for it, by violation; at most 200 pieces.", [])
    references: list[ReferenceItem] = described("The worst references, at most 50.", [])
    reference_count: Count = described("How many the list of references has; `repeats` come on top.", 3)
    chains: list[RedirectChain] = described("The ways from the site's pages to what was captured.", [])
    captures: list[CaptureItem] = described("What was captured of the third party.", [])
    site_captures: list[CaptureItem] = described("What was captured of the referring pages, at most 5.", [])
    third_party: ThirdParty | None = described("The third party; null when the site itself shows it.", None)
    advice: list[Advice] = described("What is to be done, in order.", [])


class ThirdPartyDetail(ResponseBody):
    """A third party with how the site leads to it and what was captured of it."""

    attempt: AttemptNumber = described("The attempt whose results these are.", 1)
    third_party: ThirdParty = described("As in the list of third parties.", {})
    findings: list[FindingSummary] = described("What was found about it.", [])
    references: list[ReferenceItem] = described("The strongest references, at most 50.", [])
    reference_count: Count = described("How many the list of references has; `repeats` come on top.", 3)
    chains: list[RedirectChain] = described("The ways from the site's pages to what was captured.", [])
    captures: list[CaptureItem] = described("What was captured of it.", [])
    site_captures: list[CaptureItem] = described("What was captured of the referring pages, at most 5.", [])


class PageDetail(Page):
    """A page of the site with its references to third parties."""

    attempt: AttemptNumber = described("The attempt whose results these are.", 1)
    references: list[ReferenceItem] = described("One page of its references (`page`, `page_size`).", [])
    reference_count: Count = described("How many there are in the list; `repeats` come on top.", 3)
    capture: CaptureItem | None = described("What was captured of it, when it was.", None)
