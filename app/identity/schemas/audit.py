"""The audit log, as administrators read it."""

from typing import Any, Literal

from app.core.schema_fields import described
from app.rest.schemas import ResponseBody


class AuditItem(ResponseBody):
    """One row. What was denied again and again is one more row with `detail.count` (docs/metrics.md)."""

    id: int = described("Its number.", 4711)
    at: str = described("When it happened.", "2026-11-27T07:40:04.623Z")
    action: str = described("What was done (docs/metrics.md has all of them).", "task.cancel")
    outcome: Literal["ok", "denied", "failed"] = described("How it ended.", "ok")
    user_id: str | None = described("Who; null when nobody had signed in.", "019b7a30-0000-7000-8000-000000000001")
    username: str | None = described("Their name; null also when the account is gone.", "mei")
    address: str | None = described("From where.", "192.0.2.7")
    object_id: str | None = described("What it was done to.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    detail: dict[str, Any] = described("Codes and numbers.", {"attempt": 1})


class AuditPage(ResponseBody):
    """The newest first."""

    items: list[AuditItem] = described("The rows of this page.", [])
    next_cursor: str | None = described("For the next page; null: there is none.", "WyIyMDI2LTExLTI2Il0")
