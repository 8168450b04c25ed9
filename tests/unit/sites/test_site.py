"""Since when a site is overdue: by the times at which its schedule was due after its last conclusive scan."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.sites.schedule import dues
from app.sites.site import overdue_since, schedule_of
from tests.unit.sites.test_schedule import EXPRESSIONS, MOMENTS, ZONES

SECOND, WEEK, YEARS = timedelta(seconds=1), timedelta(days=7), timedelta(days=3_000)


def site(**values):
    """A row of `managed_sites`, as far as it says when the site is overdue."""
    long_ago = datetime(2024, 1, 1, tzinfo=UTC)
    columns = {"cron": None, "time_zone": None, "every_hours": None, "overdue_after_days": None, "paused": False}
    return SimpleNamespace(scheduled_at=long_ago, created_at=long_ago, **(columns | values))


def utc(*moment):
    return datetime(2026, *moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "scanned_at", "since"),
    [
        ({"cron": "0 3 1-5 * *"}, utc(1, 5, 4), utc(2, 2, 3)),
        ({"cron": "0 3 1,2 * *"}, utc(1, 2, 4), utc(2, 2, 3)),
        ({"cron": "0 3 1,2 * *"}, utc(2, 1, 4), utc(3, 1, 3)),
        ({"cron": "0 3 * * *"}, utc(1, 2, 4), utc(1, 9, 4)),  # seven days at least
        ({"every_hours": 240}, datetime(2024, 1, 1, 5, tzinfo=UTC), datetime(2024, 1, 21, tzinfo=UTC)),
        ({}, utc(1, 2, 4), utc(2, 1, 4)),
        ({"cron": "0 3 1-5 * *", "overdue_after_days": 3}, utc(1, 5, 4), utc(1, 8, 4)),
    ],
)
def test_a_site_is_overdue_at_the_second_due_time_after_its_last_conclusive_scan(schedule, scanned_at, since):
    row = site(**schedule)
    assert overdue_since(row, scanned_at, since - SECOND) is None
    assert {overdue_since(row, scanned_at, since + timedelta(days=days)) for days in range(90)} == {since}


@given(EXPRESSIONS, ZONES, MOMENTS, st.lists(st.floats(0, 0.999), min_size=6, max_size=6))
def test_a_site_whose_scans_all_come_to_an_end_before_the_next_is_due_is_never_overdue(expression, zone, after, parts):
    row = site(cron=expression, time_zone=zone)
    due = list(islice(dues(schedule_of(row), after), 7))
    ends = [one + part * (following - one) for one, following, part in zip(due, due[1:], parts, strict=False)]
    for scanned_at, next_due, next_end in zip(ends, due[1:], ends[1:], strict=False):
        for now in (scanned_at, next_due, next_end - SECOND):
            assert overdue_since(row, scanned_at, now) is None


@given(EXPRESSIONS, ZONES, MOMENTS, st.lists(st.floats(0, 1), min_size=10, max_size=10))
def test_a_site_that_is_overdue_stays_so_until_it_is_scanned(expression, zone, scanned_at, parts):
    row = site(cron=expression, time_zone=zone)
    missed = list(islice(dues(schedule_of(row), scanned_at), 2))
    assume(len(missed) == 2)
    since = max(missed[1], scanned_at + WEEK)
    assert overdue_since(row, scanned_at, since - SECOND) is None
    assert {overdue_since(row, scanned_at, since + part * YEARS) for part in parts} == {since}
    assert overdue_since(row, since, since + SECOND) is None
