"""Queries over sites for other subjects: totals, highest risks, current results, and findings that need a review."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from app.site_counts import queries
from app.site_counts.decided_counts import open_counts_of_tasks, read_open_counts
from app.site_counts.queries import (
    SITES_AT_ONCE,
    Counts,
    SiteKey,
    existing_sites,
    forget_user,
    is_all_counted,
    site_runs,
    totals,
    waiting_scans,
    worst,
)
from app.site_counts.tables import NOW

__all__ = [
    "NOW",
    "Counts",
    "SiteKey",
    "existing_sites",
    "forget_user",
    "is_all_counted",
    "open_by_day",
    "open_counts_of_tasks",
    "read_open_counts",
    "site_runs",
    "standings",
    "totals",
    "waiting_scans",
    "worst",
]


def standings(connection: Connection, some: Sequence[SiteKey]) -> dict[SiteKey, Row[Any]]:
    """Return the rows of these sites, if a run of them has ended (`queries.standings`)."""
    found: dict[SiteKey, Row[Any]] = {}
    for start in range(0, len(some), SITES_AT_ONCE):
        found |= queries.standings(connection, some[start : start + SITES_AT_ONCE])
    return found


def open_by_day(
    connection: Connection, open_now: dict[SiteKey, int], *, today: date, days: int
) -> dict[SiteKey, list[int]]:
    """Return the open findings at the end of each of the last days, oldest first; for today `open_now`."""
    some, found = list(open_now), {}
    for start in range(0, len(some), SITES_AT_ONCE):
        part = some[start : start + SITES_AT_ONCE]
        for site, changes in queries.changes_since(connection, part, today - timedelta(days=days - 1)).items():
            at_end = [open_now[site]]
            for ago in range(days - 1):
                at_end.append(at_end[-1] - changes.get(today - timedelta(days=ago), 0))
            found[site] = at_end[::-1]
    return found
