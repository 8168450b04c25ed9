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
            "The domains, each as the target of a task; one that is named twice is scanned once.",
            ["example.com", "example.org"],
        )
    )
    title: Annotated[Text, Field(min_length=1, max_length=MAX_TITLE)] | None = described(
        "What it is called, for people.", "Branch offices", default=None
    )
    config: CommonOptions | None = described(
        "Options of all its scans; left out: the defaults of this deployment.", default=None
    )


class OrderHead(ResponseBody):
    """An order in a list."""

    id: str = described("Its id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a11")
    user_id: str = described("Whose order it is.", "019b7a30-0000-7000-8000-000000000001")
    title: str | None = described("What it is called, for people.", "Branch offices")
    targets: Count = described("How many tasks were made of it.", 2)
    status_counts: dict[str, Count] = described(
        "How many of its tasks are where; without those that were deleted.", {"completed": 1, "running": 1}
    )
    created_at: str = described("When it was asked for.", "2026-01-01T00:00:00.000Z")


class OrderPage(ResponseBody):
    items: list[OrderHead] = described("The orders of this page, the newest first.")
    total: Count = described("How many there are, counted up to 100,000.", 1)


class OrderedProperty(ResponseBody):
    """A domain of an order: its task as it is, and what the results say that stand for it."""

    task_id: str = described("The task that scans it.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    target_domain: str = described("What is scanned.", "example.com")
    status: TaskStatus = described("Where the task is.", "completed")
    attempt: AttemptNumber = described("The number of the newest attempt.", 1)
    shown_attempt: AttemptNumber = described("Whose results lists and reports show.", 1)
    progress: Annotated[int, Field(ge=0, le=100)] = described("In percent; it never falls within an attempt.", 100)
    result: Result | None = described(
        "What is known: violations also when the scan did not end well; null while nobody knows.", "violations"
    )
    verdict: VerdictInfo | None = described("What the scan claims whose results are shown; null: nothing.")
    finding_counts: dict[str, Count] = described("Findings by risk.", {"total": 1, "high": 1})
    error: ErrorInfo | None = described("Why the attempt failed.")
    created_at: str = described("When it was asked for.", "2026-01-01T00:00:00.000Z")
    completed_at: str | None = described("When the attempt ended.", "2026-01-01T00:12:00.000Z")


class OrderSummary(OrderHead):
    """An order over all its scans."""

    config: dict[str, Any] = described("The options of all its scans.", {"max_pages": 1000})
    result: Result | None = described(
        "Over all: violations when one has some, clean when each is clean; null while a scan is unfinished.", None
    )
    result_counts: dict[str, Count] = described("How many domains have which result.", {"violations": 1})
    finding_counts: dict[str, Count] = described("Findings by risk, over all.", {"total": 1, "high": 1})


class OrderResponse(OrderSummary):
    properties: list[OrderedProperty] = described("Its domains, the worst first.")


class OrderedFinding(ResponseBody):
    """What the scan of one domain of the order has found of another one."""

    task_id: str = described("The task that found it.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Whose results these are.", 1)
    target_domain: str = described("What was scanned.", "example.com")
    finding_id: str = described("The finding of that task.", "gambling.casino.example")
    kinds: list[ViolationKey] = described("Of its violations; the first one is the cause.", ["gambling", "hidden_link"])
    risk_level: RiskLevel = described("The highest of its violations.", "high")
    confidence_score: Annotated[float, Field(ge=0, le=1)] = described("How sure the analysis is.", 0.93)
    needs_review: bool = described("A person should look at it.", False)
    decision: DecisionState = described("What a person has decided about it.", "open")
    url: str | None = described("What was found.", "https://casino.example/")
    found_on: str | None = described("The page that leads there.", "https://www.example.com/")


class FoundDomain(ResponseBody):
    """A domain that scans of the order lead to, once for all of them."""

    domain: str = described("The domain; that of the target itself for what stands on its own pages.", "casino.example")
    risk_level: RiskLevel = described("The highest of its findings.", "high")
    kinds: list[ViolationKey] = described("What it was found for.", ["gambling"])
    targets: list[str] = described("On which domains of the order it was found.", ["example.com", "example.org"])
    findings: list[OrderedFinding] = described("Each of them.")


class OrderReport(OrderResponse):
    """`omitted_findings`: beyond 100,000 they are counted alone; the reports of the tasks have them."""

    domains: list[FoundDomain] = described("What was found, by domain, the worst first.")
    omitted_findings: Count = described("So many findings had no place in this report.", 0)
