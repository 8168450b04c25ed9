"""When scans of a site are due: a cron expression in a time zone, or every so many hours. Pure (ADR 0072).

A time that daylight saving skips is due at the end of the gap, and one that comes twice is due the first time, as in
Debian's cron. Where the hour is `*`, each hour counts, as it passes.

A run starts a little after it is due: each site has an offset of its own, which depends on its id alone, so that sites
that are due at the same minute do not start together.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final

from cronsim import CronSim, CronSimError

from app.domain.time_zones import time_zone

MAX_CRON: Final = 100  # characters
MAX_ZONE: Final = 64
MAX_HOURS: Final = 2_160  # 90 days
SHOWN_RUNS: Final = 5
MAX_MISSED: Final = 1_000  # runs that are counted of an outage
CRON_FIELDS: Final = 5
_ANY_MOMENT: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Either `cron` with `time_zone`, an IANA name, or `every_hours`. `since`: when it was set; hours count from it."""

    since: datetime
    cron: str | None = None
    time_zone: str = "UTC"
    every_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The next run: when it is due, and when it starts."""

    due_at: datetime
    starts_at: datetime


@lru_cache(maxsize=4_096)
def cron_fault(cron: str) -> str | None:
    """Return the code of what is wrong with a cron expression; None: nothing is.

    With one minute of the hour, runs are an hour apart: no scan is asked for while the one before has just begun.
    """
    if len(cron.split()) != CRON_FIELDS or not cron.isascii():
        return "cron_invalid"
    try:
        parsed = CronSim(cron, _ANY_MOMENT)
    except CronSimError:
        return "cron_invalid"
    if len(parsed.minutes) != 1:
        return "cron_too_often"
    return None if next(parsed, None) else "cron_never"


def dues(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Yield the times (UTC) at which a run is due, ascending, all later than `after`. It may end."""
    if schedule.every_hours is not None:
        step = timedelta(hours=schedule.every_hours)
        due = schedule.since + (max(0, (after - schedule.since) // step) + 1) * step
        while True:
            yield due
            due += step
    assert schedule.cron is not None
    last = after
    for moment in CronSim(schedule.cron, after.astimezone(time_zone(schedule.time_zone))):
        due = moment.astimezone(UTC)
        if due > last:  # a time that comes twice, or two that daylight saving makes one
            yield due
            last = due


def offset_of(site_id: str, spread_s: int) -> timedelta:
    """Return by how much runs of this site start after they are due: always the same whole seconds below `spread_s`."""
    if spread_s <= 0:
        return timedelta(0)
    number = int.from_bytes(hashlib.sha256(site_id.encode()).digest()[:8])
    return timedelta(seconds=number % spread_s)


def plan(
    schedule: Schedule, site_id: str, *, after: datetime, spread_s: int, done_upto: datetime | None = None
) -> Plan | None:
    """Return the first run that starts later than `after`; None: there is none any more.

    `done_upto`: runs that were due up to then are done, also where they would start later: the spread may have grown.
    """
    offset = offset_of(site_id, spread_s)
    due = next(dues(schedule, _later(after - offset, done_upto)), None)
    return None if due is None else Plan(due, due + offset)


def next_starts(
    schedule: Schedule, site_id: str | None, *, after: datetime, spread_s: int, done_upto: datetime | None = None
) -> list[datetime]:
    """Return the next times at which runs start, at most SHOWN_RUNS, of which `plan` has the first. None: of a site
    that is not there yet, without an offset.
    """
    offset = timedelta(0) if site_id is None else offset_of(site_id, spread_s)
    return [due + offset for due in islice(dues(schedule, _later(after - offset, done_upto)), SHOWN_RUNS)]


def _later(after: datetime, done_upto: datetime | None) -> datetime:
    return after if done_upto is None else max(after, done_upto)


def count_missed(schedule: Schedule, *, due_at: datetime, upto: datetime) -> int:
    """Return how many runs were due after `due_at`, up to `upto`, counted to MAX_MISSED."""
    missed = 0
    for due in islice(dues(schedule, due_at), MAX_MISSED):
        if due > upto:
            break
        missed += 1
    return missed
