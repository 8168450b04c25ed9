"""What a person should look at, over all scans."""

from app.core.schema_fields import described
from app.findings.schemas.evidence import FindingSummary
from app.rest.schemas import AttemptNumber, ResponseBody


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
