"""Models of the feed of notifications, and of deliveries."""

from typing import Annotated, Any, Self

from pydantic import Field
from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.schema_fields import described
from app.domain.difference_texts import DifferenceTexts
from app.domain.differences import Change, Section
from app.domain.messages import Language
from app.domain.notifications import SHOWN_CHANGES, SHOWN_FINDINGS, DeliveryStatus, NotificationKind
from app.domain.party_changes import Aspect
from app.domain.translation import translate
from app.domain.verdict import Reason
from app.domain.violations import RiskLevel, ViolationKey
from app.events.types import ErrorInfo
from app.notifications.delivering import is_test
from app.notifications.schemas.channels import DeliveryError
from app.rest.schemas import AttemptNumber, Count, RequestBody, ResponseBody, first_items

MAX_SEQ = 2**31 - 1
MAX_MARKED = 200
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]
READ_REVISION = "Number of times that notifications were marked as read."


class NotifiedFinding(ResponseBody):
    """A finding in a notification."""

    id: str = described("Identifier of the finding.", "gambling.bets.example")
    domain: str = described("Content source.", "bets.example")
    category: ViolationKey = described("Category of the finding.", "gambling")
    risk_level: RiskLevel = described("Risk level of the finding.", "high")
    raised_from: RiskLevel | None = described(
        "Risk level of the previous notification; null: the finding is new.", "medium", default=None
    )
    needs_review: bool = described("Whether a person should review it.", False)
    url: str = described("URL of the evidence.", "https://bets.example/")
    found_on: str | None = described("Page that refers to it.", "https://www.corp.example/old/", default=None)


class SiteChange(ResponseBody):
    """A third party whose owner or content has changed."""

    section: Section = described("Always `content`: the owner or the content.", "content")
    change: Change = described("Always `changed`.", "changed")
    name: str = described("Third-party domain.", "partner.example")
    aspect: Aspect = described("Fact that has changed.", "registrar")
    before: str = described("Previous value.", "Names Ltd", default="")
    after: str = described("New value.", "Domains Inc", default="")
    url: str = described("Captured URL; empty for registrations.", "", default="")
    is_unconfirmed: bool = described("Seen once: the page could not be captured again.", False, default=False)
    text: str = described(
        "The change as a sentence in the reader's language; empty in webhooks.",
        "The registrar of partner.example is now Domains Inc (previously Names Ltd).",
        default="",
    )


class NotificationContent(ResponseBody):
    """Content of a notification. Fields that do not apply to its kind are omitted."""

    kind: NotificationKind = described("Kind of the notification.", "findings")
    target_domain: str = described("Scanned domain.", "corp.example", default="")
    task_id: str | None = described("Task of the scan.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10", default=None)
    attempt: AttemptNumber | None = described("Number of the attempt.", 1, default=None)
    findings: list[NotifiedFinding] | None = described(
        f"New findings, highest risk first, at most {SHOWN_FINDINGS}.", default=None
    )
    total: Count | None = described("Number of new findings, or of changes.", 3, default=None)
    finding_counts: dict[str, Count] | None = described(
        "Open findings of the scan by risk, without dismissed ones.", {"total": 1, "high": 1}, default=None
    )
    dismissed: Count | None = described("Number of dismissed findings of the scan.", 2, default=None)
    reasons: list[Reason] | None = described(
        "Why URLs or third parties were not checked (docs/errors.md).", ["robots"], default=None
    )
    error: ErrorInfo | None = described("Reason why the scan failed.", default=None)
    changes: list[SiteChange] | None = described(f"Third parties that changed, at most {SHOWN_CHANGES}.", default=None)
    days: Count | None = described("Days since the last conclusive scan.", 7, default=None)
    since: str | None = described("Time of the last conclusive scan.", "2026-01-01T00:00:00.000Z", default=None)

    @classmethod
    def told(cls, content: dict[str, Any], language: Language) -> Self:
        """Return the content with its sentences in this language."""
        translated = dict(content)
        if translated.get("error") is not None:
            translated["error"] = translate(translated["error"], language)
        if translated.get("changes") is not None:
            translated["changes"] = [DifferenceTexts(language).view(change) for change in translated["changes"]]
        return cls.model_validate(translated)


class NotificationResponse(ResponseBody):
    seq: Seq = described("Number within the user's feed, in chronological order and without gaps.", 12)
    id: str = described("Notification id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a22")
    content: NotificationContent = described("Content of the notification.")
    created_at: str = described("Time of the notification.", "2026-01-01T00:12:00.000Z")
    read_at: str | None = described("Time at which the user read it; null: not yet.", "2026-01-01T00:13:00.000Z")

    @classmethod
    def of(cls, row: Row[Any], language: Language) -> Self:
        return cls(
            seq=row.seq,
            id=row.id,
            content=NotificationContent.told(row.content, language),
            created_at=to_wire(row.created_at),
            read_at=None if row.read_at is None else to_wire(row.read_at),
        )


class NotificationPage(ResponseBody):
    items: list[NotificationResponse] = described("Notifications.")
    last_seq: Seq = described("Number of the newest notification; 0: there has been none.", 12)
    unread: Count = described("Number of unread notifications, counted up to 1,000.", 3)
    read_revision: Count = described(READ_REVISION, 5)


class ReadRequest(RequestBody):
    up_to: Seq | None = described("All notifications up to this number.", 12, default=None)
    seqs: Annotated[tuple[Seq, ...], Field(max_length=MAX_MARKED), first_items(MAX_MARKED)] = described(
        "Individual notifications by number.", [11, 12], default=()
    )


class ReadState(ResponseBody):
    last_seq: Seq = described("Number of the newest notification; 0: there has been none.", 12)
    unread: Count = described("Number of unread notifications, counted up to 1,000.", 0)
    read_revision: Count = described(READ_REVISION, 6)


class DeliveryResponse(ResponseBody):
    """A message to one channel."""

    id: str = described("Delivery id; the same in every attempt.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a23")
    channel_id: str = described("Channel to which it is sent.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a20")
    status: DeliveryStatus = described("Status of the delivery.", "sent")
    attempts: Count = described("Tries so far.", 1)
    is_test: bool = described("Whether it is a test message, which has no notifications.", False)
    items: list[NotificationContent] = described("The first notification in it.")
    total: Count = described("Number of notifications that it stands for.", 1)
    created_at: str = described("Time of creation.", "2026-01-01T00:12:00.000Z")
    next_at: str | None = described("Time of the next attempt; null: none.", "2026-01-01T00:12:05.000Z")
    sent_at: str | None = described(
        "Time at which the receiver accepted it; null: not yet.", "2026-01-01T00:12:01.000Z"
    )
    error: DeliveryError | None = described("Reason why the last attempt failed; null: it did not fail.")

    @classmethod
    def of(cls, row: Row[Any], language: Language) -> Self:
        return cls(
            id=row.id,
            channel_id=row.channel_id,
            status=DeliveryStatus(row.status),
            attempts=row.attempts,
            is_test=is_test(row.source),
            items=[] if row.first is None else [NotificationContent.told(row.first, language)],
            total=row.total,
            created_at=to_wire(row.created_at),
            next_at=to_wire(row.next_at) if row.status == DeliveryStatus.WAITING else None,
            sent_at=None if row.sent_at is None else to_wire(row.sent_at),
            error=DeliveryError.of(row.error, language),
        )


class DeliveryPage(ResponseBody):
    items: list[DeliveryResponse] = described("Deliveries, newest first.")
    next_cursor: str | None = described("Cursor of the next page; null: this is the last page.", "WyI")
