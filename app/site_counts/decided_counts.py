"""Decisions about the findings of runs, for sums over many runs (ADR 0042, 0047)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.domain.decisions import DecisionState, holds
from app.domain.findings import COUNTED
from app.domain.task_row import TaskRow
from app.findings.queries import bases, decisions, findings
from app.site_counts.queries import Counts, SiteKey

MAX_FINDINGS: Final = 20_000  # about which people have decided: read in some 50 ms
RunKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided finding of a run. `taken`: by how much the run's counts are lower from `at` on, and until the day
    `until`; None: still.
    """

    at: datetime
    taken: Mapping[str, int]
    until: date | None = None

    def counts_at_end_of(self, day: date, today: date) -> bool:
        """Return whether the counts are lower at the end of a day. What counts now does so today, whenever it began."""
        if self.until is not None and (day == today or self.until <= day):
            return False
        return day == today or self.at.date() <= day


def read_decided(connection: Connection, runs: Sequence[RunKey]) -> Mapping[RunKey, Sequence[Decided]]:
    """Return the decided findings of each run. `runs`: task and number.

    A dismissed finding is not counted; one that is confirmed or whose fix is in progress is open, but needs no review.
    """
    decided: dict[RunKey, list[Decided]] = defaultdict(list)
    for row in findings.decided_of_runs(connection, runs, MAX_FINDINGS):
        is_dismissed = row.state == DecisionState.DISMISSED
        decided[row.task_id, row.run].append(Decided(row.decided_at, _taken(row, is_dismissed=is_dismissed)))
    return decided


def read_expired(
    connection: Connection, site: SiteKey, runs: Sequence[RunKey], since: date
) -> Mapping[RunKey, Sequence[Decided]]:
    """Return the findings of each run of a site that were dismissed until a day after `since`, and are open again."""
    expired = {(row.domain, row.cause): row for row in decisions.expired_of_target(connection, *site, since)}
    if not expired:
        return {}
    domains = {domain for domain, _ in expired}
    found: dict[RunKey, list[Decided]] = defaultdict(list)
    held: dict[tuple[str | None, ...], bool] = {}  # by what is compared, which runs have alike
    for task_id, run in runs:
        for row in bases.texts_at(connection, task_id, run, domains):
            decided = expired.get((row.domain, row.cause))
            if decided is None:
                continue
            compared = (row.domain, row.cause, row.kinds, row.matched_rules, row.risk_level)
            if compared not in held:
                held[compared] = holds(decided.state, bases.basis_of(decided), bases.basis_of_texts(row))
            if held[compared]:
                taken = _taken(row, is_dismissed=True)
                found[task_id, run].append(Decided(decided.decided_at, taken, decided.expires_on))
    return found


def open_counts_of(found: Counts, decided: Iterable[Decided]) -> dict[str, int]:
    """Return the counts of a run's open findings, by `COUNTED`. `found`: of all its findings."""
    counts = {name: found.get(name, 0) for name in COUNTED}
    for item in decided:
        for name, number in item.taken.items():
            counts[name] -= number
    return counts


def read_open_counts(connection: Connection, found: Mapping[RunKey, Counts]) -> dict[RunKey, dict[str, int]]:
    """Return the counts of the open findings of each run now. `found`: of all its findings."""
    decided = read_decided(connection, [key for key, counts in found.items() if counts.get("total")])
    return {key: open_counts_of(counts, decided.get(key, ())) for key, counts in found.items()}


def open_counts_of_tasks(connection: Connection, rows: Sequence[TaskRow]) -> dict[str, dict[str, int]]:
    """Return the same for the runs that these rows are of, by task. Each task is there once."""
    found = read_open_counts(connection, {(row.id, row.run): row.finding_counts for row in rows})
    return {task_id: counts for (task_id, _), counts in found.items()}


def _taken(row: Row[Any], *, is_dismissed: bool) -> Mapping[str, int]:
    taken = {"needs_review": int(row.needs_review)}
    if is_dismissed:
        taken |= {"total": 1, row.risk_level: 1}
    return taken
