"""Rows and facts as REST and the report show them: plain JSON objects, times as on the wire."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Final

from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.redact import shown, shown_value
from app.domain.coverage import Coverage, Seen
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.violations import ViolationKey, violation_name
from app.events.types import Statistics

Json = dict[str, Any]
MAX_COVERED_HOSTS: Final = 100  # of a report's coverage
MAX_HOSTS: Final = 50  # of one third party in a list


def task_view(row: Row[Any], *, language: str, queue_position: int | None = None) -> Json:
    """A task, from its row."""
    stage = None if row.stage_key is None else STAGE_BY_KEY[StageKey(row.stage_key)].name(language)
    return {
        "id": row.id,
        "user_id": row.user_id,
        "target_domain": row.target_domain,
        "config": row.config,
        "status": row.status,
        "attempt": row.attempt,
        "progress": row.progress,
        "stage": stage,
        "stage_key": row.stage_key,
        "statistics": statistics_view(row),
        "violation_counts": row.violation_counts,
        "log_counts": row.log_counts,
        "warnings": len(row.warnings),
        "error": row.error,
        "verdict": row.verdict,
        "queue_position": queue_position,
        "last_seq": row.last_seq,
        "created_at": to_wire(row.created_at),
        "started_at": moment(row.started_at),
        "completed_at": moment(row.completed_at),
    }


def statistics_view(row: Row[Any]) -> Json:
    """The five numbers; while it runs, the duration is the running time counted so far."""
    counted = {"execution_duration": int(row.running_s), **row.statistics}
    return Statistics(**counted).model_dump()


def coverage_view(coverage: Coverage) -> Json:
    """What was seen by reason, in all and for the hosts where most was not."""
    hosts = [{"host": host, "by_reason": _by_reason(counts)} for host, counts in coverage.dimmest(MAX_COVERED_HOSTS)]
    return {"by_reason": _by_reason(coverage.total), "hosts": hosts}


def _by_reason(counts: Mapping[Seen, int]) -> Json:
    return {seen.value: number for seen, number in counts.items()}


def violation_view(row: Row[Any], *, language: str) -> Json:
    """A violation with its evidence, flat; names as in `violation_detected`."""
    return {
        "violation_id": row.id,
        "domain": row.domain,
        "violation_key": row.violation_key,
        "violation_type": violation_name(ViolationKey(row.violation_key), language),
        "risk_level": row.risk_level,
        "confidence_score": row.confidence_score,
        "description": shown(row.description),
        "evidence": shown_value(row.evidence, breaks=True),
        "needs_review": row.needs_review,
        "url": shown(row.url) or None,
        "found_on": shown(row.found_on) or None,
        "attempt": row.attempt,
        "created_at": to_wire(row.created_at),
    }


def log_view(row: Row[Any]) -> Json:
    """A log line, as in `task_logs`."""
    return {
        "log_seq": row.log_seq,
        "level": row.level,
        "module": row.module,
        "message": row.message,
        "created_at": to_wire(row.created_at),
    }


def listed_party_view(party: Any, risks: Mapping[str, str]) -> Json:
    """Show a third party with its first hosts alone: a wildcard zone has a thousand."""
    view = third_party_view(party, risks)
    return {**view, "hosts": view["hosts"][:MAX_HOSTS]}


def third_party_view(party: Any, risks: Mapping[str, str]) -> Json:
    """A third party with its `outcome`; `risk_level` is the highest of its violations, None without one."""
    return {**fact_view(party), "host_count": len(party.hosts), "risk_level": risks.get(party.domain)}


def fact_view(fact: Any) -> Json:
    """A fact of the engine (a flat dataclass) under its own names, its texts as a reader may see them."""
    return {name: _plain(getattr(fact, name)) for name in _names_of(fact.__class__)}


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    assert is_dataclass(kind)
    return tuple(field.name for field in fields(kind))


def moment(value: datetime | None) -> str | None:
    return None if value is None else to_wire(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return shown_value(value)
