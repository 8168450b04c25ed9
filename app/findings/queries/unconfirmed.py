"""Findings that were seen once, and not when their page was judged again (ADR 0078)."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, Text, cast, select, tuple_

from app.core.listing import MAX_COUNTED
from app.domain.rechecks import CODE, Recheck, is_unconfirmed
from app.domain.violations import RiskLevel
from app.findings.tables import findings

RUNS_AT_ONCE: Final = 50
f = findings.c


def unconfirmed_at(connection: Connection, runs: Collection[tuple[str, int]]) -> frozenset[tuple[str, str]]:
    """Return (domain, kind) of what was seen once in one of these runs (task, run)."""
    # The text keeps most rows from being parsed; what is not confirmed is always low.
    has_reason = cast(f.reasons, Text).contains(f"{CODE}{Recheck.NOT_CONFIRMED}", autoescape=True)
    ordered = sorted(set(runs))
    found: set[tuple[str, str]] = set()
    for start in range(0, len(ordered), RUNS_AT_ONCE):
        some = ordered[start : start + RUNS_AT_ONCE]
        of_runs = (tuple_(f.task_id, f.run).in_(some), f.risk_level == RiskLevel.LOW.value, has_reason)
        rows = connection.execute(select(f.domain, f.cause, f.reasons).where(*of_runs).limit(MAX_COUNTED))
        found.update((row.domain, row.cause) for row in rows if is_unconfirmed(row.reasons))
    return frozenset(found)
