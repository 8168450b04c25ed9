"""Stores the current results and open findings of each site (`site_counts.tables`), so that overviews need not count.

Every change (a run that ends or is repeated, a deletion, a decision) calls `recount` in its own transaction: the site
is counted again from its runs and the decisions about it, and the totals of the owner's sites are changed by the
difference. Counting twice therefore changes nothing, and the next count corrects whatever was missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.domain.violations import WORST_FIRST
from app.site_counts import queries
from app.site_counts.decided_counts import Decided, open_counts_of, read_decided, read_expired
from app.site_counts.queries import SUMMED, Counts, EndedRun, SiteKey
from app.site_counts.tables import NOW

TREND_DAYS: Final = 30
LOOK_EVERY_S: Final = 600.0  # for runs that a process of another version has ended without counting them
OVERLAP: Final = timedelta(hours=1)  # of two looks: more than clocks differ
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
RUNS_AT_ONCE: Final = 100  # for more, PostgreSQL prefers to read the whole table of tasks
SITES_AT_ONCE: Final = 10  # of one transaction: some 30 ms of the write lock
_DIGITS: Final = 9  # of a count
NOTHING: Final = dict.fromkeys(SUMMED, 0)
log = structlog.get_logger(__name__)


def recount(connection: Connection, site: SiteKey, *, now: datetime) -> None:
    """Count one site again."""
    is_known = queries.lock(connection, site)
    changed = queries.changes_of(connection, site)
    before = {**changed, NOW: {"sites": int(is_known), **queries.counts_of(connection, site)}}
    runs = queries.ended_runs(connection, site)
    if runs:
        standing = _standing_by_day(runs, now.date())
        # Other runs are not counted, so that a decision holds the write lock only briefly.
        keys = list({(run.task_id, run.run) for run in standing.values()})
        decided, expired = (
            read_decided(connection, keys),
            read_expired(connection, site, keys, _days_until(now.date())[0]),
        )
        history = _History(runs[-1], standing, (decided, expired), now.date())
        after = history.changes()
        waiting = queries.waiting_scan(connection, site)
        review_task_id, review_at = (None, None) if waiting is None else waiting
        queries.write(connection, site, {**history.row(), "review_task_id": review_task_id, "review_at": review_at})
    else:
        after = {NOW: NOTHING}
        queries.remove(connection, site)
    kept = {day: counts for day, counts in after.items() if day != NOW}
    if kept != changed:
        queries.replace_changes(connection, site, kept)
    queries.add_counts(connection, site[0], _differences(before, after))


def _recount_some(connection: Connection, *, some: Sequence[SiteKey], now: datetime) -> None:
    """Count sites again. All are locked in their order before the first is counted, so that writers cannot deadlock."""
    for site in some:
        queries.lock(connection, site)
    for site in some:
        recount(connection, site, now=now)


class _History:
    """The state of a site according to its runs, and its open findings at the end of each of the last days (UTC)."""

    def __init__(
        self,
        last: EndedRun,
        standing: Mapping[date, EndedRun],
        decided: Sequence[Mapping[tuple[str, int], Sequence[Decided]]],
        today: date,
    ) -> None:
        """`last`: the run that ended last. `standing`: see `_standing_by_day`. `decided`: about those runs."""
        self._last = last
        self._standing = standing
        self._decided = decided
        self._today = today

    def row(self) -> dict[str, Any]:
        """Return the columns of `sites`."""
        last, standing = self._last, self._standing[self._today]
        counts = self._open(standing, self._today)
        return {
            "task_id": last.task_id,
            "attempt": last.attempt,
            "status": last.status,
            "verdict": last.verdict,
            "completed_at": last.completed_at,
            "shown_task_id": standing.task_id,
            "shown_attempt": standing.attempt,
            **counts,
            "urgency": _urgency(counts, last),
        }

    def changes(self) -> dict[date, Counts]:
        """Return the change in open findings on each day, and under NOW the current number."""
        days = _days_until(self._today)
        at_end = [self._at_end_of(day) for day in days]
        changes = {
            day: {name: now[name] - before[name] for name in SUMMED}
            for day, before, now in zip(days[1:], at_end, at_end[1:], strict=False)
        }
        return {**{day: change for day, change in changes.items() if any(change.values())}, NOW: at_end[-1]}

    def _at_end_of(self, day: date) -> Counts:
        run = self._standing.get(day)
        return NOTHING if run is None else {"sites": 1, **self._open(run, day)}

    def _open(self, run: EndedRun, day: date) -> dict[str, int]:
        decided = (item for some in self._decided for item in some.get((run.task_id, run.run), ()))
        by_then = (item for item in decided if item.counts_at_end_of(day, self._today))
        return open_counts_of(run.finding_counts, by_then)


def _days_until(today: date) -> list[date]:
    return [today - timedelta(days=ago) for ago in reversed(range(TREND_DAYS))]


def _standing_by_day(runs: Sequence[EndedRun], today: date) -> dict[date, EndedRun]:
    """Return the run with the current results at the end of each of the last days, including today; days before the
    first run are omitted.

    `runs` in the order in which they ended. Runs dated later than today, by another clock, count from today on.
    """
    found: dict[date, EndedRun] = {}
    for day in _days_until(today):
        ended = [run for run in runs if day == today or run.completed_at.date() <= day]
        if ended:
            found[day] = _standing(ended)
    return found


def _standing(runs: Sequence[EndedRun]) -> EndedRun:
    """Return the newest conclusive one, else the newest."""
    return next((run for run in reversed(runs) if run.conclusive), runs[-1])


def _urgency(counts: Counts, last: EndedRun) -> str:
    """Return digits whose order is that of the overview: highest risk first, then inconclusive scans, then newest."""
    worst = "".join(f"{10**_DIGITS - 1 - min(counts[risk], 10**_DIGITS - 1):0{_DIGITS}}" for risk in WORST_FIRST)
    return f"{worst}{int(last.conclusive)}{10**11 - int(last.completed_at.timestamp()):012}"


def _differences(before: Mapping[date, Counts], after: Mapping[date, Counts]) -> dict[date, Counts]:
    found: dict[date, Counts] = {}
    for day in {*before, *after}:
        old, new = before.get(day, NOTHING), after.get(day, NOTHING)
        changed = {name: new[name] - old[name] for name in SUMMED}
        if any(changed.values()):
            found[day] = changed
    return found


@dataclass(kw_only=True, eq=False, repr=False)
class SiteKeeper:
    """Counts runs that were not counted: once all that ended before an upgrade, and later those of processes of the
    previous version.
    """

    db: Database
    clock: Clock

    async def keep_current(self) -> None:
        """Count missed runs regularly, until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseUnavailable as error:
                log.warning("sites_not_counted", reason=error.message)
            await self.clock.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Count missed runs. Raises DatabaseUnavailable; the next look continues."""
        began = self.clock.now()
        filled = await self.db.read(queries.filled_until)
        counted = 0
        after: tuple[datetime, str, int] | None = (BEGINNING if filled is None else filled - OVERLAP, "", 0)
        while after is not None:
            behind, after = await self.db.read(partial(queries.ended_after, after=after, limit=RUNS_AT_ONCE))
            for start in range(0, len(behind), SITES_AT_ONCE):
                some = sorted(behind[start : start + SITES_AT_ONCE])
                await self.db.write(partial(_recount_some, some=some, now=self.clock.now()))
                counted += len(some)
        await self.db.write(lambda c: queries.note_filled(c, began))
        if filled is None and counted:
            log.info("sites_counted", sites=counted)
