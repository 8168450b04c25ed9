"""Orders: scans of many domains that are asked for at once."""

from typing import Annotated, Any

from pydantic import Field

from app.core.schema_fields import described
from app.domain.decisions import DecisionState
from app.domain.orders import MAX_TARGETS, MAX_TITLE
from app.domain.tasks import TaskStatus
from app.domain.verdict import Result
from app.domain.violations import RiskLevel, ViolationKey
from app.events.types import ErrorInfo, VerdictInfo
from app.rest.schemas import AttemptNumber, Count, RequestBody, ResponseBody, Text, first_items
from app.scans.schemas.tasks import MAX_TARGET, CommonOptions

Target = Annotated[str, Field(max_length=MAX_TARGET)]


class OrderCreate(RequestBody):
    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=MAX_TARGETS), first_items(MAX_TARGETS)] = (
        described(
            "Domains, each in the form of a task's target; a duplicate is scanned once.",
            ["example.com", "example.org"],
        )
    )
    title: Annotated[Text, Field(min_length=1, max_length=MAX_TITLE)] | None = described(
        "Title of the order.", "Branch offices", default=None
    )
    config: CommonOptions | None = described(
        "Options of all its scans; omitted: the defaults of this deployment.", default=None
    )


class OrderHead(ResponseBody):
    """An order in a list."""

    id: str = described("Identifier of the order.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a11")
    user_id: str = described("User id of the owner.", "019b7a30-0000-7000-8000-000000000001")
    title: str | None = described("Title of the order.", "Branch offices")
    targets: Count = described("Number of tasks created for it.", 2)
    status_counts: dict[str, Count] = described(
        "Number of its tasks by status, without deleted ones.", {"completed": 1, "running": 1}
    )
    created_at: str = described("Time of creation.", "2026-01-01T00:00:00.000Z")


class OrderPage(ResponseBody):
    items: list[OrderHead] = described("Orders of this page, newest first.")
    total: Count = described("Number of orders, counted up to 100,000.", 1)


class OrderedProperty(ResponseBody):
    """A domain of an order: the current state of its task, and the results that represent it."""

    task_id: str = described("Task of the scan.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    target_domain: str = described("Scanned domain.", "example.com")
    status: TaskStatus = described("Status of the task.", "completed")
    attempt: AttemptNumber = described("Number of the newest attempt.", 1)
    shown_attempt: AttemptNumber = described("Attempt whose results lists and reports show.", 1)
    progress: Annotated[int, Field(ge=0, le=100)] = described(
        "Progress in percent; it never decreases within an attempt.", 100
    )
    result: Result | None = described(
        "Known result: violations also if the scan did not complete; null while unknown.", "violations"
    )
    verdict: VerdictInfo | None = described("Verdict of the scan whose results are shown; null: none.")
    finding_counts: dict[str, Count] = described("Findings by risk, as they were found.", {"total": 2, "high": 2})
    open_counts: dict[str, Count] = described(
        "Findings by risk, without what was dismissed: the numbers to show.", {"total": 1, "high": 1}
    )
    error: ErrorInfo | None = described("Reason why the attempt failed.")
    created_at: str = described("Time of creation.", "2026-01-01T00:00:00.000Z")
    completed_at: str | None = described("End time of the attempt.", "2026-01-01T00:12:00.000Z")


class OrderSummary(OrderHead):
    """An order over all its scans."""

    config: dict[str, Any] = described("Options of all its scans.", {"max_pages": 1000})
    result: Result | None = described(
        ("Overall result: violations if any scan found some, clean if each is clean; null while a scan is unfinished."),
        None,
    )
    result_counts: dict[str, Count] = described("Number of domains by result.", {"violations": 1})
    finding_counts: dict[str, Count] = described(
        "Findings by risk, over all, as they were found.", {"total": 2, "high": 2}
    )
    open_counts: dict[str, Count] = described(
        "Findings by risk, over all, without what was dismissed: the numbers to show.", {"total": 1, "high": 1}
    )


class OrderResponse(OrderSummary):
    properties: list[OrderedProperty] = described("Domains of the order, highest risk first.")


class OrderedFinding(ResponseBody):
    """Findings on one domain, from the scan of one domain of the order."""

    task_id: str = described("Task that found it.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Attempt of the results.", 1)
    target_domain: str = described("Scanned domain.", "example.com")
    finding_id: str = described("Finding of that task.", "gambling.casino.example")
    kinds: list[ViolationKey] = described(
        "Categories of its violations; the first one is the cause.", ["gambling", "hidden_link"]
    )
    risk_level: RiskLevel = described("Risk level of the finding.", "high")
    confidence_score: Annotated[float, Field(ge=0, le=1)] = described("Confidence of the cause.", 0.93)
    needs_review: bool = described("Whether a person should review it.", False)
    decision: DecisionState = described("Decision about it.", "open")
    url: str | None = described("URL of the evidence.", "https://casino.example/")
    found_on: str | None = described("Page that refers to it.", "https://www.example.com/")


class FoundDomain(ResponseBody):
    """A domain that scans of the order lead to, once for all of them."""

    domain: str = described("Domain; that of the target for content of its own pages.", "casino.example")
    risk_level: RiskLevel | None = described(
        "Highest risk of its findings, without what was dismissed; null: everything was dismissed.", "high"
    )
    kinds: list[ViolationKey] = described("Categories of its findings.", ["gambling"])
    targets: list[str] = described("Domains of the order on which it was found.", ["example.com", "example.org"])
    findings: list[OrderedFinding] = described("Each occurrence.")


class OrderReport(OrderResponse):
    """`omitted_findings`: findings beyond 100,000 are only counted; the reports of the tasks contain them."""

    domains: list[FoundDomain] = described(
        "Findings by domain, highest risk first, and at the end those of which everything was dismissed."
    )
    omitted_findings: Count = described("Number of findings that are not in this report.", 0)
