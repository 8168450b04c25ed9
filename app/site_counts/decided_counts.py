"""Decisions about the findings of runs, for sums over many runs (ADR 0042, 0047)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.domain.decisions import DecisionState
from app.domain.findings import COUNTED
from app.findings.queries import findings
from app.site_counts.queries import Counts

MAX_FINDINGS: Final = 20_000  # about which people have decided: read in some 50 ms
RunKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided finding of a run. `taken`: by how much the run's counts are lower from `at` on."""

    at: datetime
    taken: Mapping[str, int]


def read_decided(connection: Connection, runs: Sequence[RunKey]) -> Mapping[RunKey, Sequence[Decided]]:
    """Return the decided findings of each run. `runs`: task and number.

    A dismissed finding is not counted; one that is confirmed or whose fix is in progress is open, but needs no review.
    """
    decided: dict[RunKey, list[Decided]] = defaultdict(list)
    for row in findings.decided_of_runs(connection, runs, MAX_FINDINGS):
        decided[row.task_id, row.run].append(Decided(row.decided_at, _taken(row)))
    return decided


def open_counts_of(found: Counts, decided: Iterable[Decided]) -> dict[str, int]:
    """Return the counts of a run's open findings, by `COUNTED`. `found`: of all its findings."""
    counts = {name: found.get(name, 0) for name in COUNTED}
    for item in decided:
        for name, number in item.taken.items():
            counts[name] -= number
    return counts


def read_open_counts(connection: Connection, task_id: str, run: int, found: Counts) -> dict[str, int]:
    """Return the counts of a run's open findings now. `found`: of all its findings."""
    key = (task_id, run)
    return open_counts_of(found, read_decided(connection, [key]).get(key, ()))


def _taken(row: Row[Any]) -> Mapping[str, int]:
    taken = {"needs_review": int(row.needs_review)}
    if row.state == DecisionState.DISMISSED:
        taken |= {"total": 1, row.risk_level: 1}
    return taken
