"""The audit log, as administrators read it."""

from typing import Any, Literal

from app.core.schema_fields import described
from app.rest.schemas import ResponseBody


class AuditItem(ResponseBody):
    """One row. Repeatedly denied actions share one row with `detail.count` (docs/metrics.md)."""

    id: int = described("Number of the row.", 4711)
    at: str = described("Time of the action.", "2026-11-27T07:40:04.623Z")
    action: str = described("What was done (docs/metrics.md has all of them).", "task.cancel")
    outcome: Literal["ok", "denied", "failed"] = described("Outcome of the action.", "ok")
    user_id: str | None = described("User id; null if nobody was signed in.", "019b7a30-0000-7000-8000-000000000001")
    username: str | None = described("User name; null also if the account was deleted.", "mei")
    address: str | None = described("IP address of the client.", "192.0.2.7")
    object_id: str | None = described("Object of the action.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    detail: dict[str, Any] = described("Details as codes and numbers.", {"attempt": 1})


class AuditPage(ResponseBody):
    """Newest first."""

    items: list[AuditItem] = described("The rows of this page.", [])
    next_cursor: str | None = described("Cursor of the next page; null: there is none.", "WyIyMDI2LTExLTI2Il0")
