"""What a scan found, and the report: the same document as `compliance scan --json` prints."""

from typing import Annotated, Any

from pydantic import Field

from app.domain.coverage import Seen
from app.domain.parties import Outcome
from app.domain.verdict import Reason
from app.domain.violations import RiskLevel, ViolationKey
from app.events.types import Statistics, VerdictInfo
from app.schemas.common import Count, Response
from app.schemas.tasks import TaskResponse


class Subdomain(Response):
    """A name in scope that resolves. `sources`: everyone who named it."""

    name: str
    sources: list[str]
    addresses: list[str]
    cnames: list[str]
    http_alive: bool
    https_alive: bool
    wildcard: bool


class Page(Response):
    """A fetched document; `parsed`: it counts as a page. `size` in bytes, `error` a key when there was no answer.

    `truncated`: it was longer than the limit, and only its beginning was read. Here and below, texts of pages come
    without control characters, and secrets in addresses are masked.
    """

    url: str
    depth: Count
    status: Count
    content_type: str
    charset: str
    title: str
    size: Count
    parsed: bool
    error: str | None
    duration_ms: Count
    truncated: bool


class ThirdParty(Response):
    """A registrable domain of others that pages refer to. `references` and `hidden` count; `hosts` are ASCII names, at
    most 50 of them in a list (the report has all that were kept, up to 1,000); `host_count` counts those kept.

    `risk_level`: the highest of its violations, null without one. That says nothing unless `outcome` is `examined`
    (at least one capture of its hosts brought something to look at). The others: `gone` (the names do not exist any
    more), `unreachable` (captured, and nothing came but errors, empty pages or no answer), `not_examined` (nothing was
    captured, or not yet).
    """

    domain: str
    hosts: list[str]
    host_count: Count
    category: str
    risk_level: RiskLevel | None
    outcome: Outcome
    references: Count
    relation: str
    hidden: Count
    example_page: str


class ViolationItem(Response):
    violation_id: str
    domain: str
    violation_key: ViolationKey
    violation_type: str
    risk_level: RiskLevel
    confidence_score: Annotated[float, Field(ge=0, le=1)]
    description: str
    evidence: list[dict[str, Any]]
    needs_review: bool
    url: str | None
    found_on: str | None
    attempt: Annotated[int, Field(ge=1)]
    created_at: str


class ResultPage(Response):
    """A page of a list. `truncated`: the list, `total` with it, does not have all that there was."""

    total: Count
    truncated: bool


class SubdomainPage(ResultPage):
    items: list[Subdomain]


class PagePage(ResultPage):
    items: list[Page]


class ThirdPartyPage(ResultPage):
    """`truncated`: the pages refer to more domains than a scan keeps (200,000)."""

    items: list[ThirdParty]


class ViolationPage(ResultPage):
    """`truncated`: there are more than are counted (100,000)."""

    items: list[ViolationItem]


class HostCoverage(Response):
    host: str
    by_reason: dict[Seen, Count]


class Coverage(Response):
    """URLs in scope: how many were crawled of those known, and what became of them, in all and for each host.

    At most 100 hosts, those first where most was not judged. While the crawl runs it is of those that are through.
    """

    crawled: Count
    known: Count
    by_reason: dict[Seen, Count]
    hosts: list[HostCoverage]


class ReportWarning(Response):
    """`reason`, `host`, `count`: what was not seen, where, and how much of it; left out where that is not the point."""

    code: str
    message: str
    reason: Reason | None = None
    host: str | None = None
    count: Count | None = None


class Report(Response):
    """Complete when the task is; partial while it runs.

    `truncated`: the pages refer to more domains than a scan keeps (200,000); `omitted_references` counts the references
    to those that were left out.
    """

    task: TaskResponse
    verdict: VerdictInfo | None
    statistics: Statistics
    coverage: Coverage
    subdomains: list[Subdomain]
    third_parties: list[ThirdParty]
    violations: list[ViolationItem]
    warnings: list[ReportWarning]
    truncated: bool
    omitted_references: Count
