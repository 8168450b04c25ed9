"""Rows and facts as REST and the report show them: plain JSON objects, times as on the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.redact import display_value
from app.domain.coverage import Coverage, Seen
from app.domain.messages import Language
from app.domain.projection import WARNING_FIELDS
from app.domain.reputation_lists import UsedList
from app.domain.scan_facts import Hop, HostFact, PageFact, Registration, ThirdParty, TlsFacts
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.task_row import Run, TaskRow
from app.domain.translation import translate
from app.domain.verdict import is_conclusive
from app.events.types import LogLine, Statistics

Json = dict[str, Any]
Fact = HostFact | PageFact | Hop | Registration | ThirdParty | TlsFacts
MAX_COVERED_HOSTS: Final = 100  # of a report's coverage
MAX_HOPS: Final = 20  # of one third party in the report
MAX_HOSTS: Final = 50  # of one third party in a list


def serialise_task(
    row: TaskRow,
    shown_attempt: int,
    *,
    open_counts: Mapping[str, int],
    language: str,
    queue_position: int | None = None,
    owner: str | None = None,
    is_outside: bool = False,
) -> Json:
    """A task, from its row. `shown_attempt`: whose results lists and reports show. `open_counts`: of the findings of
    the row's run that nobody has dismissed. `owner`: the name of the row's user. `is_outside`: the reader may be
    outside of the organisation, and is not told of a legal hold.
    """
    stage = None if row.stage_key is None else STAGE_BY_KEY[StageKey(row.stage_key)].name(language)
    return {
        "id": row.id,
        "user_id": row.user_id,
        "owner": owner,
        "target_domain": row.target_domain,
        "config": row.config,
        "status": row.status,
        "attempt": row.attempt,
        "shown_attempt": shown_attempt,
        "progress": row.progress,
        "stage": stage,
        "stage_key": row.stage_key,
        "statistics": serialise_statistics(row),
        "violation_counts": row.violation_counts,
        "finding_counts": row.finding_counts,
        "open_counts": open_counts,
        "log_counts": row.log_counts,
        "warnings": len(row.warnings),
        "error": serialise_error(row, language),
        "verdict": serialise_verdict(row.verdict),
        "priority": -row.rank,
        "queue_position": queue_position,
        "last_seq": row.last_seq,
        "hold": None if is_outside else _hold(row),
        "created_at": to_wire(row.created_at),
        "started_at": optional_to_wire(row.started_at),
        "completed_at": optional_to_wire(row.completed_at),
    }


def _hold(row: TaskRow) -> Json | None:
    return None if row.held_at is None else {"by": row.held_by, "at": to_wire(row.held_at), "reason": row.hold_reason}


def serialise_run(run: Run, language: str) -> Json:
    """A run, finished or in progress."""
    row = run.task
    return {
        "attempt": row.attempt,
        "first_attempt": row.run,
        "status": row.status,
        "conclusive": is_conclusive(row.status, row.verdict),
        "verdict": serialise_verdict(row.verdict),
        "statistics": serialise_statistics(row),
        "violation_counts": row.violation_counts,
        "finding_counts": row.finding_counts,
        "log_counts": row.log_counts,
        "stages": row.stages,
        "warnings": serialise_warnings(row, language),
        "error": serialise_error(row, language),
        "ended_by": row.cancel_by,
        "queued_at": to_wire(row.queued_at),
        "started_at": optional_to_wire(row.started_at),
        "completed_at": optional_to_wire(row.completed_at),
        "results_removed_at": optional_to_wire(run.results_removed_at),
    }


def serialise_warnings(row: TaskRow, language: str) -> list[Json]:
    told = (translate(said, Language(language)) for said in row.warnings)
    return [{name: said[name] for name in WARNING_FIELDS if name in said} for said in told]


def serialise_verdict(verdict: Mapping[str, Any] | None) -> Json | None:
    """Return the verdict of a task's row; a verdict without third-party counts says so."""
    return None if verdict is None else {"counts": None, **verdict}


def serialise_statistics(row: TaskRow) -> Json:
    """The five numbers; while it runs, the duration is the running time counted so far."""
    counted = {"execution_duration": int(row.running_s), **row.statistics}
    return Statistics(**counted).model_dump()


def serialise_coverage(coverage: Coverage) -> Json:
    """URLs by outcome: in total, and for the hosts where most could not be checked."""
    hosts = [
        {"host": host, "by_reason": _by_reason(counts)} for host, counts in coverage.least_covered(MAX_COVERED_HOSTS)
    ]
    return {"by_reason": _by_reason(coverage.total), "hosts": hosts}


def _by_reason(counts: Mapping[Seen, int]) -> Json:
    return {seen.value: number for seen, number in counts.items()}


def serialise_log_line(row: Row[Any], language: str) -> Json:
    """Return a log line with the fields that it has in `task_logs`."""
    fields = {name: getattr(row, name) for name in LogLine.model_fields}
    known = {name: value for name, value in fields.items() if value is not None}  # else it was made of no key
    return {**translate(known, Language(language)), "created_at": to_wire(row.created_at)}


def serialise_error(row: TaskRow, language: str) -> Json | None:
    """Return why the last attempt failed."""
    return None if row.error is None else translate(row.error, Language(language))


def serialise_listed_third_party(party: ThirdParty, risks: Mapping[str, str], causes: Mapping[str, str]) -> Json:
    """Show a third party with its first hosts alone: a wildcard zone has a thousand. `causes`: what their content is
    accused of.
    """
    view = serialise_third_party(party, risks)
    return {**view, "hosts": view["hosts"][:MAX_HOSTS], "violation_key": causes.get(party.domain)}


def serialise_third_party(party: ThirdParty, risks: Mapping[str, str]) -> Json:
    """A third party with its `outcome`; `risk_level` is that of its worst finding, None without one."""
    return {**serialise_fact(party), "host_count": len(party.hosts), "risk_level": risks.get(party.domain)}


def serialise_reported_third_party(
    party: ThirdParty, risks: Mapping[str, str], hops: Mapping[str, Sequence[Hop]]
) -> Json:
    """Show a third party as the report does: with the first redirects that lead to its hosts."""
    own = (hop for host in party.hosts for hop in hops.get(host, ()))
    return {**serialise_third_party(party, risks), "hops": [serialise_fact(hop) for hop in islice(own, MAX_HOPS)]}


def serialise_fact(fact: Fact) -> Json:
    """A fact of the engine (a flat dataclass) under its own names, its texts as a reader may see them."""
    kind: Any = fact.__class__  # `cache` takes no union of classes
    return {name: _plain(getattr(fact, name)) for name in _names_of(kind)}


@cache
def _names_of(kind: type[Fact]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def optional_to_wire(value: datetime | None) -> str | None:
    return None if value is None else to_wire(value)


def time_to_wire(seconds: float | None) -> str | None:
    """Return a time that a scan's file has as seconds since 1970."""
    return None if seconds is None else to_wire(datetime.fromtimestamp(seconds, UTC))


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return display_value(value)


def serialise_used_list(used: UsedList) -> dict[str, Any]:
    """A list that a scan looked into, as its report names it."""
    return {
        "name": used.name,
        "kind": used.kind,
        "source": used.source,
        "date": used.date,
        "sha256": used.sha256,
        "entries": used.entries,
    }
