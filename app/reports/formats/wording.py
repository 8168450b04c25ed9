"""Times, durations, decisions, assignments and comments in a report.

Times have their zone, because readers do not know the server's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from app.domain.decisions import DecisionState
from app.domain.messages import MessageCatalog

_LENGTH_TO_SECONDS: Final = 19  # 2026-11-26T10:53:12


def moment_text(wire: str | None) -> str:
    """Return a time of the wire (RFC 3339, `Z`) to the second, as `2026-11-26 10:53:12 UTC`; "" for None."""
    return "" if wire is None else f"{wire[:_LENGTH_TO_SECONDS].replace('T', ' ')} UTC"


def utc_moment(wire: str | None) -> datetime | None:
    """Return a time of the wire to the second, without its zone, as spreadsheets have times; None for None."""
    return None if wire is None else datetime.fromisoformat(wire[:_LENGTH_TO_SECONDS])


def is_dismissed(found: dict[str, Any]) -> bool:
    """Whether a person has decided that a finding is none, and the decision holds."""
    return bool(found["state"] == DecisionState.DISMISSED)


def shown_level(found: dict[str, Any]) -> str:
    """Return the risk level in whose colour a finding is shown; "" for one that was dismissed: it has none."""
    return "" if is_dismissed(found) else str(found["risk"]["level"])


def duration_text(seconds: int, texts: MessageCatalog) -> str:
    """Return hours, minutes and seconds, those that lead and are zero left out."""
    minutes, second = divmod(max(0, seconds), 60)
    hours, minute = divmod(minutes, 60)
    key = "report.hours" if hours else "report.minutes" if minute else "report.seconds"
    return texts(key, hours=hours, minutes=minute, seconds=second)


def assignment_cells(assignment: dict[str, Any] | None) -> tuple[str, str]:
    """Return assignee and due date of a finding; "" for what there is none of."""
    if assignment is None:
        return "", ""
    assignee = assignment["assignee"]
    name = "" if assignee is None else assignee["username"]
    return name, assignment["due_on"] or ""


def comments_text(comments: Sequence[dict[str, Any]], texts: MessageCatalog) -> str:
    """Return the comments on a finding, each with author and time on a line of its own; "" without any."""
    return "\n".join(_comment_text(comment, texts) for comment in comments)


def _comment_text(comment: dict[str, Any], texts: MessageCatalog) -> str:
    said = {"time": moment_text(comment["created_at"]), "text": comment["text"]}
    if comment["author"] is None:
        return str(texts("report.comment_unnamed", **said))
    return str(texts("report.comment", name=comment["author"], **said))


def decision_text(decision: dict[str, Any] | None, texts: MessageCatalog) -> str:
    """Return the decision about a finding with user, time, reason and the day on which it expires; "" if undecided."""
    if decision is None:
        return ""
    expires_on = decision["expires_on"]
    state = texts("report.dismissed_until", day=expires_on) if expires_on else texts(f"decision.{decision['state']}")
    said = {"state": state, "name": decision["decided_by"]}
    time, reason = moment_text(decision["decided_at"]), decision["reason"]
    key = "report.decided" if reason is None else "report.decided_because"
    told = texts(key, **said, time=time, **({} if reason is None else {"reason": reason}))
    if decision["holds"]:
        return str(told)
    return str(texts("report.decision_expired" if decision["expired"] else "report.decision_lapsed", decision=told))
