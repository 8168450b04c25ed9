"""What the row of a site says, put together: its schedule, its plan and its options."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import Row

from app.core.clock import to_wire
from app.domain.scan_options import ScanOptions
from app.sites.schedule import SHOWN_RUNS, Schedule, dues, next_starts, plan

MAX_SITES: Final = 5_000  # of one user
LEAST_PATIENCE: Final = timedelta(days=7)  # where the schedule decides
PATIENCE_WITHOUT_SCHEDULE: Final = timedelta(days=30)
DUES: Final = 2  # due times of the schedule after the last conclusive scan: the scan of one may fail
NO_PLAN: Final[Mapping[str, Any]] = {"due_at": None, "next_run_at": None, "try_at": None, "waits_for": None}
SCHEDULE_COLUMNS: Final = ("cron", "time_zone", "every_hours")


def schedule_of(row: Row[Any]) -> Schedule | None:
    """Return the schedule of a site, also of one that is paused; None: it has none."""
    if row.cron is None and row.every_hours is None:
        return None
    return Schedule(
        since=row.scheduled_at, cron=row.cron, time_zone=row.time_zone or "UTC", every_hours=row.every_hours
    )


def done_upto(row: Row[Any], now: datetime) -> datetime | None:
    """Return up to when runs that were due are done: the last one that was started, and those that it made up for.

    None: there is none, or it was started by a clock that was ahead.
    """
    done: datetime | None = row.last_started_at if row.last_missed else row.last_due_at
    return done if done is None or done <= now else None


def plan_columns(
    schedule: Schedule | None,
    site_id: str,
    *,
    paused: bool,
    after: datetime,
    spread_s: int,
    done_upto: datetime | None = None,
) -> Mapping[str, Any]:
    """Return the columns of `managed_sites` that plan the first run after this time (`schedule.plan`). May read time
    zones: blocking.
    """
    if schedule is None or paused:
        return NO_PLAN
    found = plan(schedule, site_id, after=after, spread_s=spread_s, done_upto=done_upto)
    if found is None:
        return NO_PLAN
    return {"due_at": found.due_at, "next_run_at": found.starts_at, "try_at": found.starts_at, "waits_for": None}


def options_of(row: Row[Any]) -> tuple[ScanOptions, frozenset[str]]:
    """Return the site's scan options, and which of them its owner has set."""
    return ScanOptions.from_json(row.config), frozenset(row.config)


def overdue_since(row: Row[Any], conclusive_at: datetime | None, now: datetime) -> datetime | None:
    """Return since when a site has had no conclusive scan for too long; None: it is not overdue.

    `conclusive_at`: when the newest conclusive one ended; None: there is none. A site that is paused is never overdue.
    It is given time anew when its schedule is set, or resumed.
    """
    if row.paused:
        return None
    scanned_at = max(row.scheduled_at, conclusive_at or row.created_at)
    since = _overdue_from(row, scanned_at, now)
    return since if since is not None and since <= now else None


def _overdue_from(row: Row[Any], scanned_at: datetime, now: datetime) -> datetime | None:
    """Return from when on the site is overdue, which depends on `scanned_at` alone; None: not yet, or never."""
    schedule = schedule_of(row)
    if row.overdue_after_days is not None:
        return scanned_at + timedelta(days=row.overdue_after_days)
    if schedule is None:
        return scanned_at + PATIENCE_WITHOUT_SCHEDULE
    if now - scanned_at < LEAST_PATIENCE:
        return None  # most sites: their due times need not be found
    due = next(islice(dues(schedule, scanned_at), DUES - 1, None), None)
    return None if due is None else max(due, scanned_at + LEAST_PATIENCE)


def next_runs(row: Row[Any], now: datetime, spread_s: int) -> list[str]:
    """Return when the next runs of a site start; none while it is paused."""
    schedule = schedule_of(row)
    if schedule is None or row.paused:
        return []
    # The planned run starts when it was planned to, also where the spread has changed since.
    is_ahead = row.next_run_at is not None and row.next_run_at > now
    done = row.due_at if is_ahead else done_upto(row, now)
    later = next_starts(schedule, row.id, after=now, spread_s=spread_s, done_upto=done)
    starts = [row.next_run_at, *later][:SHOWN_RUNS] if is_ahead else later
    return [to_wire(at) for at in starts]
