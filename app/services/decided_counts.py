"""How much of what runs have found is decided by now, for sums over many runs (ADR 0042, 0047)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.domain.decisions import DecisionState, holds
from app.domain.findings import FindingId, group
from app.repositories import decisions, violations
from app.repositories.sites import EndedRun

MAX_DECISIONS: Final = 5_000
MAX_VIOLATIONS: Final = 20_000  # about which they are: read and grouped in some 50 ms
RunKey = tuple[str, int]
_Decisions = Mapping[tuple[str, str], Row[Any]]  # by cause and domain


@dataclass(frozen=True, slots=True)
class Decided:
    """One finding of a run. `taken`: by how much the run's counts are fewer from `at` on."""

    at: datetime
    taken: Mapping[str, int]


def read_decided(connection: Connection, runs: Sequence[EndedRun]) -> tuple[Mapping[RunKey, Sequence[Decided]], bool]:
    """Return what holds of each run by task and number, and whether there is more than was looked at.

    A dismissed finding counts for nothing; one that is confirmed or being mended is open, but waits for nobody.
    """
    rows = decisions.of_sites(connection, list(dict.fromkeys(run.site for run in runs)), MAX_DECISIONS)
    by_site: dict[tuple[str, str], dict[tuple[str, str], Row[Any]]] = defaultdict(dict)
    for row in rows:
        by_site[row.user_id, row.target_domain][row.cause, row.domain] = row
    sites = {(run.task_id, run.run): by_site[run.site] for run in runs if run.site in by_site}
    found = violations.of_runs(connection, list(sites), {row.domain for row in rows}, MAX_VIOLATIONS)
    by_run: dict[RunKey, list[Row[Any]]] = defaultdict(list)
    for violation in found:
        by_run[violation.task_id, violation.run].append(violation)
    decided = {key: _decided(some, sites[key]) for key, some in by_run.items()}
    return decided, len(rows) == MAX_DECISIONS or len(found) == MAX_VIOLATIONS


def _decided(found: Sequence[Row[Any]], known: _Decisions) -> list[Decided]:
    decided = []
    for finding in group(found):
        row = known.get(_key(finding.id))
        if row is not None and holds(row.kinds, {one.violation_key for one in finding.violations}):
            decided.append(Decided(row.decided_at, _taken(DecisionState(row.state), finding.violations)))
    return decided


def _key(finding: FindingId) -> tuple[str, str]:
    return finding.cause.value, finding.domain


def _taken(state: DecisionState, found: Sequence[Row[Any]]) -> Mapping[str, int]:
    taken: dict[str, int] = defaultdict(int)
    if state is DecisionState.OPEN:
        return taken
    for violation in found:
        taken["needs_review"] += violation.needs_review
        if state is DecisionState.DISMISSED:
            taken["total"] += 1
            taken[violation.risk_level] += 1
    return taken
