"""Findings, third parties, pages and references with their evidence, as documents; and what a person should look at."""

from app.core.schema_fields import described
from app.findings.schemas.comments import CommentInfo
from app.findings.schemas.evidence import (
    Advice,
    CaptureItem,
    EvidenceItem,
    FindingSummary,
    RedirectChain,
    ReferenceItem,
)
from app.findings.schemas.results import AccusedThirdParty, Page, ResultPage
from app.rest.schemas import AttemptNumber, Count, ResponseBody


class AssigneeCount(ResponseBody):
    """Number of findings of one assignee."""

    user_id: str | None = described("User id; null: nobody.", "019b7a30-0000-7000-8000-000000000001")
    username: str | None = described("User name; null: nobody.", "mei")
    count: Count = described("Number of findings.", 2)


class FilterCounts(ResponseBody):
    """Number of findings that each value of a filter would list, with the other filters as they are. Values without
    findings are omitted.
    """

    risk_level: dict[str, Count] = described("By risk.", {"high": 3})
    violation_key: dict[str, Count] = described("By category.", {"gambling": 3})
    hidden: dict[str, Count] = described("By whether the reference is hidden (`true`, `false`).", {"true": 1})
    decision: dict[str, Count] = described("By decision.", {"open": 2, "confirmed": 1})
    assignee: list[AssigneeCount] = described("By assignee, nobody first; a read-only link shows no assignees.", [])


class FindingPage(ResultPage):
    """Highest risk first. `truncated`: the scan has more violations than are counted (100,000)."""

    items: list[FindingSummary] = described("The findings of this page.", [])
    by_level: dict[str, Count] = described(
        "Number of findings on all pages by risk; levels without findings are omitted.", {"high": 3}
    )
    counts: FilterCounts = described("Number of findings on all pages by the values of the filters.", {})
    domains: Count = described("Number of domains of the findings on all pages.", 3)
    open_counts: dict[str, Count] = described(
        "All findings by risk, whatever the filters, without what was dismissed.", {"total": 3, "high": 3}
    )
    open_domains: Count = described("Number of domains of these findings.", 3)
    dismissed: Count = described("Number of dismissed findings, whatever the filters.", 1)
    checked: Count = described("Number of the site's URLs whose content was checked.", 352)
    checkable: Count = described(
        "Number of those that should have been: not files, and no hosts without an address.", 359
    )


class ReferencePage(ResultPage):
    """In order of discovery; those to one third party are sorted by host first."""

    items: list[ReferenceItem] = described("The references of this page.", [])


class FindingDetail(FindingSummary):
    """A finding with all its evidence and the recommended actions."""

    attempt: AttemptNumber = described("Attempt of these results.", 1)
    evidence: list[EvidenceItem] = described("Evidence, by violation; at most 200 pieces.", [])
    references: list[ReferenceItem] = described("References with the highest risk, at most 50.", [])
    reference_count: Count = described("Number of entries in the list of references; `repeats` are not included.", 3)
    chains: list[RedirectChain] = described("Paths from the site's pages to the captured content.", [])
    captures: list[CaptureItem] = described("Captures of the third party.", [])
    site_captures: list[CaptureItem] = described("Captures of the referring pages, at most 5.", [])
    third_party: AccusedThirdParty | None = described(
        "The third party; null if the site itself shows the content.", None
    )
    advice: list[Advice] = described("Recommended actions, in order.", [])
    comments: list[CommentInfo] = described("Comments on it, oldest first; a read-only link shows none.", [])


class ThirdPartyDetail(ResponseBody):
    """A third party with the references of the site to it and its captures."""

    attempt: AttemptNumber = described("Attempt of these results.", 1)
    third_party: AccusedThirdParty = described("As in the list of third parties.", {})
    findings: list[FindingSummary] = described("Findings about it.", [])
    references: list[ReferenceItem] = described("The strongest references, at most 50.", [])
    reference_count: Count = described("Number of entries in the list of references; `repeats` are not included.", 3)
    chains: list[RedirectChain] = described("Paths from the site's pages to the captured content.", [])
    captures: list[CaptureItem] = described("Captures of it.", [])
    site_captures: list[CaptureItem] = described("Captures of the referring pages, at most 5.", [])


class PageDetail(Page):
    """A page of the site with its references to third parties."""

    attempt: AttemptNumber = described("Attempt of these results.", 1)
    references: list[ReferenceItem] = described("One page of its references (`page`, `page_size`).", [])
    reference_count: Count = described("Number of entries in the list; `repeats` are not included.", 3)
    capture: CaptureItem | None = described("Captures of the page, if any.", None)


class ReviewItem(ResponseBody):
    """A finding with its scan: the newest completed scan of its target, or that whose results stand for it."""

    task_id: str = described("Task id of the scan.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    user_id: str = described("User id of the owner.", "019b7a30-0000-7000-8000-000000000001")
    target_domain: str = described("Scanned domain.", "example.com")
    attempt: AttemptNumber = described("Attempt of these results.", 1)
    completed_at: str = described("Time at which the scan completed.", "2026-11-26T07:40:04.623Z")
    finding: FindingSummary = described("The finding, as in the scan's list.", {})


class ReviewPage(ResponseBody):
    """Newest scans first, in each the findings with the highest confidence. With a user as `assignee`, with `due` or
    with `sort=due`, the earliest due date first: then findings that are assigned or have a due date are listed whether
    they need a review or not. A page can be empty and have a `next_cursor`.
    """

    items: list[ReviewItem] = described("The findings of this page.", [])
    next_cursor: str | None = described("Cursor of the next page; null: there is none.", "WyIyMDI2LTExLTI2Il0")
    unreadable: list[str] = described(
        "Scans of this page whose results cannot be read at the moment; their findings are omitted.", []
    )
