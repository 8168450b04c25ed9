"""Events in words, for both displays."""

from collections.abc import Mapping
from typing import Any, Final

from app.cli.texts import Labels, clean
from app.client.taskview import TaskView
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.verdict import CUTS, DECISIVE, Reason, Result, reason_name
from app.domain.violations import ViolationKey, violation_name

COUNTED: Final = ("total_subdomains", "total_pages_crawled", "total_third_party_domains", "total_violations")
RISK_STYLES: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}


def stage_name(key: StageKey, labels: Labels) -> str:
    return STAGE_BY_KEY[key].name(labels.language)


def kind_name(key: str, labels: Labels) -> str:
    """Of a violation."""
    return violation_name(ViolationKey(key), labels.language)


def counted(view: TaskView, labels: Labels) -> list[tuple[str, int]]:
    """The four numbers with their names."""
    return [(labels(name), view.statistics.get(name, 0)) for name in COUNTED]


def state_of(view: TaskView, labels: Labels) -> str:
    """Status, and what matters about it."""
    parts = [labels("deleted" if view.deleted else view.status.value)]
    if view.verdict is not None:
        parts.append(verdict_line(view.verdict, labels))
    if view.queue_position is not None:
        parts.append(labels("queued", position=view.queue_position))
    if view.attempt > 1:
        parts.append(labels("attempt", attempt=view.attempt))
    if view.eta_s is not None and not view.ended:
        parts.append(labels("remaining", seconds=view.eta_s))
    return " · ".join(parts)


def verdict_line(verdict: Mapping[str, Any], labels: Labels) -> str:
    """The result with what must be known before anything else: what decided against it, and which limit cut it."""
    result = Result(verdict["result"])
    wanted = (*(DECISIVE if result is Result.INCONCLUSIVE else ()), *CUTS)
    said = [reason_name(Reason(code), labels.language) for code in verdict["reasons"] if Reason(code) in wanted]
    reasons = ("; " if labels.language == "en" else "；").join(said)
    name = labels(f"verdict_{result.value}")
    return f"{name} ({reasons})" if reasons else name


def violation_line(body: Mapping[str, Any], labels: Labels) -> str:
    """Of `violation_detected`, on one line."""
    found = body["violation"]
    review = f" ({labels('needs_review')})" if body["needs_review"] else ""
    where = f", {labels('found_on', page=body['found_on'])}" if body.get("found_on") else ""
    risk, kind = labels(found["risk_level"]), kind_name(body["violation_key"], labels)
    return clean(f"{risk} · {kind} · {found['domain']} · {found['confidence_score']:.2f}{review}{where}")
