"""Messages for people: the sentences of a delivery, before they are formatted in the markup of a channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.core.redact import display_text
from app.domain.difference_texts import DifferenceTexts
from app.domain.messages import Language, MessageCatalog, Text
from app.domain.notifications import NotificationKind
from app.domain.verdict import Reason, reason_name
from app.domain.violations import ViolationKey, violation_type

MAX_SECTIONS: Final = 20  # of a digest; the others are only counted
_OF_ENDS: Final = (
    NotificationKind.SCAN_COMPLETED,
    NotificationKind.SCAN_INCONCLUSIVE,
    NotificationKind.SCAN_FAILED,
)


@dataclass(frozen=True, slots=True)
class Section:
    """One notification: a heading, and lines below it. `url`: a page with details; None: there is none."""

    heading: str
    lines: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message as plain text; adapters that write markup escape it."""

    title: str
    sections: tuple[Section, ...]
    link_text: str
    more: str = ""  # about sections that were left out
    language: Language = Language.EN


@dataclass(frozen=True, slots=True)
class MessageWriter:
    """Writes messages. `public_url`: of the page, without a trailing slash; None: messages have no links."""

    public_url: str | None = None

    def write(self, contents: Mapping[str, Any], language: str) -> Message:
        """Return the message of a delivery's contents."""
        texts = MessageCatalog(language)
        items: Sequence[Mapping[str, Any]] = contents["items"]
        total: int = contents["total"]
        sections = tuple(self._section(item, texts) for item in items[:MAX_SECTIONS])
        title = sections[0].heading if total == 1 else str(texts("notice.digest", count=total))
        left_out = total - len(sections)
        more = str(texts("notice.more", count=left_out)) if left_out else ""
        return Message(title, sections, str(texts("notice.open")), more, texts.language)

    def test(self, language: str) -> Message:
        """Return the test message of a channel."""
        texts = MessageCatalog(language)
        section = Section(str(texts("notice.test")), (str(texts("notice.test_body")),), self.public_url)
        return Message(section.heading, (section,), str(texts("notice.open")), "", texts.language)

    def _section(self, item: Mapping[str, Any], texts: MessageCatalog) -> Section:
        kind = NotificationKind(item["kind"])
        return Section(str(_heading(kind, item, texts)), tuple(_lines(kind, item, texts)), self._url(item))

    def _url(self, item: Mapping[str, Any]) -> str | None:
        if self.public_url is None:
            return None
        task_id = item.get("task_id")
        return self.public_url if task_id is None else f"{self.public_url}/scans/{task_id}"


def _heading(kind: NotificationKind, item: Mapping[str, Any], texts: MessageCatalog) -> Text:
    target = item.get("target_domain", "")
    match kind:
        case NotificationKind.FINDINGS:
            return texts("notice.findings", target=target, count=item["total"])
        case NotificationKind.SCAN_COMPLETED:
            return texts("notice.scan_completed", target=target, count=item["finding_counts"].get("total", 0))
        case NotificationKind.SCAN_INCONCLUSIVE:
            return texts("notice.scan_inconclusive", target=target)
        case NotificationKind.SCAN_FAILED:
            return texts("notice.scan_failed", target=target)
        case NotificationKind.SITE_CHANGED:
            return texts("notice.site_changed", target=target, count=item.get("total", 1))
        case NotificationKind.SITE_OVERDUE:
            return texts("notice.site_overdue", target=target, days=item.get("days", 1))


def _lines(kind: NotificationKind, item: Mapping[str, Any], texts: MessageCatalog) -> list[str]:
    if kind is NotificationKind.FINDINGS:
        return _finding_lines(item, texts)
    if kind in _OF_ENDS:
        return _end_lines(item, texts)
    changes = DifferenceTexts(texts.language)
    return [changes.view(change)["text"] for change in item.get("changes", ())]


def _finding_lines(item: Mapping[str, Any], texts: MessageCatalog) -> list[str]:
    lines = []
    for found in item["findings"]:
        named = {
            "risk": texts(found["risk_level"]),
            "category": violation_type(ViolationKey(found["category"]), texts.language),
            "domain": found["domain"],
        }
        before = found.get("raised_from")
        line = texts("notice.finding", **named)
        if before is not None:
            line = texts("notice.finding_raised", **named, before=texts(before))
        page = found.get("found_on")
        lines.append(str(line) if not page else str(texts("notice.on_page", finding=line, url=display_text(page))))
    left_out = item["total"] - len(item["findings"])
    return [*lines, str(texts("notice.more_findings", count=left_out))] if left_out > 0 else lines


def _end_lines(item: Mapping[str, Any], texts: MessageCatalog) -> list[str]:
    error = item.get("error")
    if error is not None:
        said = texts.remake(error["text_key"], error.get("params") or {}) if error.get("text_key") else None
        return [display_text(str(said or error["message"]))]
    counts = item.get("finding_counts", {})
    levels = [f"{texts(level)} {counts[level]}" for level in ("critical", "high", "medium", "low") if level in counts]
    reasons = [str(reason_name(Reason(reason), texts.language)) for reason in item.get("reasons", ())]
    dismissed = [str(texts("notice.dismissed", count=item["dismissed"]))] if item.get("dismissed") else []
    return [str(texts.join_terms(part)) for part in (levels, dismissed, reasons) if part]
