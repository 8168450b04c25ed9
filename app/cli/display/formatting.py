"""Events in words, for both displays."""

from collections.abc import Mapping
from typing import Any, Final

from app.cli.terminal import clean
from app.client.taskview import TaskView
from app.domain.messages import MessageCatalog
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.verdict import Verdict, main_reasons
from app.domain.violations import RiskLevel, ViolationKey, violation_name

COUNTED: Final = ("total_subdomains", "total_pages_crawled", "total_third_party_domains", "total_violations")
RISK_STYLES: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}


def stage_name(key: StageKey, texts: MessageCatalog) -> str:
    return STAGE_BY_KEY[key].name(texts.language)


def kind_name(key: str, texts: MessageCatalog) -> str:
    """Name a kind of violation."""
    return violation_name(ViolationKey(key), texts.language)


def category_name(category: str, texts: MessageCatalog) -> str:
    """Name the category of a third party; one of a deployment's own lists stands for itself."""
    key = f"category.{category}"
    return texts(key) if key in texts else clean(category)


def counted(view: TaskView, texts: MessageCatalog) -> list[tuple[str, int]]:
    """Return the four numbers with their names."""
    return [(texts(name), view.statistics.get(name, 0)) for name in COUNTED]


def state_of(view: TaskView, texts: MessageCatalog) -> str:
    """Return the status and what matters about it."""
    parts: list[str] = [texts("deleted" if view.deleted else view.status.value)]
    if view.verdict is not None:
        parts.append(verdict_line(view.verdict, texts))
    if view.queue_position is not None:
        parts.append(texts("queue_place", position=view.queue_position))
    if view.attempt > 1:
        parts.append(texts("attempt", attempt=view.attempt))
    if view.eta_s is not None and not view.ended:
        low, high = view.eta_range_s or (view.eta_s, view.eta_s)
        parts.append(texts("remaining", low=low, high=high) if low < high else texts("remaining_about", seconds=low))
    return " · ".join(parts)


def verdict_line(verdict: Mapping[str, Any], texts: MessageCatalog) -> str:
    """Return the result with what must be known first: what decided against it, and which limit cut it."""
    known = Verdict.from_json(verdict)
    name, reasons = texts(f"verdict_{known.result}"), main_reasons(known, texts.language)
    return f"{name} ({reasons})" if reasons else name


def violation_line(body: Mapping[str, Any], texts: MessageCatalog) -> str:
    """Return the body of `violation_detected` on one line."""
    found = body["violation"]
    facts = [
        _least_risk(found["risk_level"], texts),
        kind_name(body["violation_key"], texts),
        str(found["domain"]),
        texts("record.confidence", percent=round(found["confidence_score"] * 100)),
    ]
    if body["needs_review"]:
        facts.append(texts("needs_review"))
    if body.get("found_on"):
        facts.append(texts("found_on", page=body["found_on"]))
    return clean(" · ".join(facts))


def _least_risk(level: str, texts: MessageCatalog) -> str:
    """Say that the finding may be worse: while the scan runs, nobody knows where else on the site it leads there."""
    return texts(level) if level == RiskLevel.CRITICAL else texts("risk_at_least", level=texts(level))


def labelled(what: str, text: str, texts: MessageCatalog) -> str:
    """Return `what: text` with the language's own colon."""
    return clean(texts("labelled", what=what, text=text))
