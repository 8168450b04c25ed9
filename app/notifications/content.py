"""The content of a notification: JSON with codes and numbers, which channels and readers put into words.

It is created once, in the transaction that writes the notification, and is the same for the feed, all channels and
every attempt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.domain.notifications import SHOWN_FINDINGS, NotificationKind
from app.domain.tasks import TaskStatus
from app.domain.verdict import Result
from app.findings.open_findings import OpenFinding
from app.notifications.queries.outbox import RunState

# Characters: pages choose how long their addresses are, and what notifies is written once for each channel.
MAX_URL: Final = 500
Content = dict[str, Any]  # `notifications.schemas.feed.NotificationContent`


@dataclass(frozen=True, slots=True)
class NewFinding:
    """A finding of which a rule has not notified yet, or only at a lower risk."""

    finding: OpenFinding
    raised_from: str | None = None


def of_findings(run: RunState, new: Sequence[NewFinding]) -> Content:
    """Return the content for new findings. `new`: highest risk first, at least one."""
    return {
        **_of_run(NotificationKind.FINDINGS, run),
        "findings": [_finding(item) for item in new[:SHOWN_FINDINGS]],
        "total": len(new),
    }


def of_end(run: RunState, open_counts: Mapping[str, int]) -> Content | None:
    """Return the content for an ended run; None for a cancelled one. `open_counts`: of its open findings."""
    match run.status:
        case TaskStatus.FAILED:
            return {**_of_run(NotificationKind.SCAN_FAILED, run), "error": run.error}
        case TaskStatus.COMPLETED:
            verdict = run.verdict or {}
            is_inconclusive = verdict.get("result") == Result.INCONCLUSIVE
            kind = NotificationKind.SCAN_INCONCLUSIVE if is_inconclusive else NotificationKind.SCAN_COMPLETED
            counts = {name: count for name, count in open_counts.items() if count}
            said = {**_of_run(kind, run), "finding_counts": counts, "reasons": list(verdict.get("reasons", ()))}
            dismissed = run.finding_counts.get("total", 0) - open_counts.get("total", 0)
            return {**said, "dismissed": dismissed} if dismissed else said
    return None


def of_site(kind: NotificationKind, detail: Mapping[str, Any]) -> Content:
    """Return the content for a site; `detail` has its `target_domain` and the other fields."""
    names = ("target_domain", "task_id", "attempt", "changes", "total", "days", "since")
    return {"kind": kind.value, **{name: detail[name] for name in names if detail.get(name) is not None}}


def _of_run(kind: NotificationKind, run: RunState) -> Content:
    return {
        "kind": kind.value,
        "target_domain": run.target_domain,
        "task_id": run.task_id,
        "attempt": run.attempt,
    }


def _finding(new: NewFinding) -> dict[str, Any]:
    found = new.finding
    said = {
        "id": str(found.id),
        "domain": found.id.domain,
        "category": found.id.cause.value,
        "risk_level": found.risk_level.value,
        "needs_review": found.needs_review,
        "url": found.url[:MAX_URL],
    }
    if found.page_url:
        said["found_on"] = found.page_url[:MAX_URL]
    return said if new.raised_from is None else {**said, "raised_from": new.raised_from}
