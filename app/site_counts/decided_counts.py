"""Decisions about the findings of runs, for sums over many runs (ADR 0042, 0047)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.domain.decisions import DecisionState
from app.findings.queries import findings
from app.site_counts.queries import EndedRun

MAX_FINDINGS: Final = 20_000  # about which people have decided: read in some 50 ms
RunKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided finding of a run. `taken`: by how much the run's counts are lower from `at` on."""

    at: datetime
    taken: Mapping[str, int]


def read_decided(connection: Connection, runs: Sequence[EndedRun]) -> Mapping[RunKey, Sequence[Decided]]:
    """Return the decided findings of each run, by task and number.

    A dismissed finding is not counted; one that is confirmed or whose fix is in progress is open, but needs no review.
    """
    decided: dict[RunKey, list[Decided]] = defaultdict(list)
    for row in findings.decided_of_runs(connection, [(run.task_id, run.run) for run in runs], MAX_FINDINGS):
        decided[row.task_id, row.run].append(Decided(row.decided_at, _taken(row)))
    return decided


def _taken(row: Row[Any]) -> Mapping[str, int]:
    taken = {"needs_review": int(row.needs_review)}
    if row.state == DecisionState.DISMISSED:
        taken |= {"total": 1, row.risk_level: 1}
    return taken
