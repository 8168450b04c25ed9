"""What a person should look at, over all scans."""

from app.core.schema_fields import described
from app.findings.schemas.evidence import FindingSummary
from app.rest.schemas import AttemptNumber, ResponseBody


class ReviewItem(ResponseBody):
    """A finding with the scan that has it: the newest completed one of its target."""

    task_id: str = described("The scan.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    user_id: str = described("Whose scan it is.", "019b7a30-0000-7000-8000-000000000001")
    target_domain: str = described("What was scanned.", "example.com")
    attempt: AttemptNumber = described("The attempt whose results these are.", 1)
    completed_at: str = described("When the scan was complete.", "2026-11-26T07:40:04.623Z")
    finding: FindingSummary = described("The finding, as in the scan's list.", {})


class ReviewPage(ResponseBody):
    """The newest scans first, in each the surest findings. A page may be empty and have a `next_cursor`."""

    items: list[ReviewItem] = described("The findings of this page.", [])
    next_cursor: str | None = described("For the next page; null: there is none.", "WyIyMDI2LTExLTI2Il0")
    unreadable: list[str] = described(
        "Scans of this page whose results cannot be read now; their findings are left out.", []
    )
