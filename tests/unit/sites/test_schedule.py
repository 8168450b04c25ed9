"""When scans of a site are due, over daylight saving, outages and crowds."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import new_id
from app.sites.schedule import (
    MAX_MISSED,
    Schedule,
    count_missed,
    cron_fault,
    dues,
    next_starts,
    offset_of,
    plan,
)

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = "Europe/Berlin"  # skips 02:00 to 03:00 on 29 March 2026, and has it twice on 25 October


def cron(expression, zone="UTC"):
    return Schedule(since=SINCE, cron=expression, time_zone=zone)


def next_dues(schedule, after, count=3):
    return [f"{due:%m-%d %H:%M}" for due in islice(dues(schedule, after), count)]


def utc(*moment):
    return datetime(2026, *moment, tzinfo=UTC)


def test_a_cron_expression_is_read_in_its_time_zone():
    assert next_dues(cron("0 3 * * *", "Asia/Shanghai"), utc(1, 1), 2) == ["01-01 19:00", "01-02 19:00"]
    assert next_dues(cron("30 9 * * MON-FRI"), utc(1, 2, 9, 30), 2) == ["01-05 09:30", "01-06 09:30"]
    assert next_dues(cron("0 0 L * *"), utc(2, 1), 2) == ["02-28 00:00", "03-31 00:00"]


def test_a_time_that_daylight_saving_skips_is_due_at_the_end_of_the_gap_and_once():
    assert next_dues(cron("30 2 * * *", BERLIN), utc(3, 28)) == ["03-28 01:30", "03-29 01:00", "03-30 00:30"]
    both = cron("0 2,3 * * *", BERLIN)  # 02:00 becomes 03:00, where it meets the other
    assert next_dues(both, utc(3, 28, 2), 3) == ["03-29 01:00", "03-30 00:00", "03-30 01:00"]


def test_a_time_that_comes_twice_is_due_the_first_time_alone():
    nightly = cron("30 2 * * *", BERLIN)
    assert next_dues(nightly, utc(10, 24, 12), 2) == ["10-25 00:30", "10-26 01:30"]
    assert next_dues(nightly, utc(10, 25, 0, 30), 1) == ["10-26 01:30"]  # also seen from within the hour's second time
    assert next_dues(nightly, utc(10, 25, 1, 10), 1) == ["10-26 01:30"]
    assert next_dues(cron("15 2 * * *", BERLIN), utc(10, 25, 1, 5), 1) == ["10-26 01:15"]


def test_each_hour_counts_where_the_hour_is_a_star_also_the_one_that_comes_twice():
    hourly = cron("0 * * * *", BERLIN)
    assert next_dues(hourly, utc(10, 24, 23, 30), 4) == ["10-25 00:00", "10-25 01:00", "10-25 02:00", "10-25 03:00"]
    assert next_dues(hourly, utc(3, 29, 0, 30), 2) == ["03-29 01:00", "03-29 02:00"]


def test_hours_are_counted_from_when_the_schedule_was_set_and_know_no_daylight_saving():
    schedule = Schedule(since=utc(3, 28, 10, 7), every_hours=24)
    assert next_dues(schedule, utc(3, 28, 10, 7), 3) == ["03-29 10:07", "03-30 10:07", "03-31 10:07"]
    assert next_dues(schedule, utc(3, 1), 1) == ["03-29 10:07"]
    assert next_dues(schedule, utc(3, 30, 10, 7), 1) == ["03-31 10:07"]


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("0 3 * * *", None),
        ("0 */6 * * mon,fri", None),
        ("0 0 29 2 *", None),
        ("@daily", "cron_invalid"),
        ("0 3 * *", "cron_invalid"),
        ("0 0 3 * * *", "cron_invalid"),
        ("61 3 * * *", "cron_invalid"),
        ("0 3 * * ٣", "cron_invalid"),
        ("", "cron_invalid"),
        ("0,30 3 * * *", "cron_too_often"),
        ("* * * * *", "cron_too_often"),
        ("*/59 * * * *", "cron_too_often"),
        ("0 0 30 2 *", "cron_invalid"),
        ("0 0 */29 2 MON#5", "cron_never"),
    ],
)
def test_a_cron_expression_that_cannot_be_kept_is_refused(expression, fault):
    assert cron_fault(expression) == fault


def test_a_run_starts_a_little_later_by_an_amount_of_its_site_alone():
    site = new_id()
    offset = offset_of(site, 1_800)
    assert timedelta(0) <= offset < timedelta(minutes=30)
    assert offset == offset_of(site, 1_800)
    assert offset_of(site, 0) == timedelta(0)
    found = plan(cron("0 3 * * *"), site, after=utc(1, 1), spread_s=1_800)
    assert (found.due_at, found.starts_at) == (utc(1, 1, 3), utc(1, 1, 3) + offset)
    starts = next_starts(cron("0 3 * * *"), site, after=utc(1, 1), spread_s=1_800)
    assert starts == [utc(1, day, 3) + offset for day in range(1, 6)]
    # Between the two: the run of today is still to come, and then that of tomorrow.
    assert plan(cron("0 3 * * *"), site, after=utc(1, 1, 3), spread_s=1_800).due_at == utc(1, 1, 3)
    assert plan(cron("0 3 * * *"), site, after=found.starts_at, spread_s=1_800).due_at == utc(1, 2, 3)


def test_sites_that_are_due_at_the_same_minute_are_spread_over_the_whole_time():
    minutes = Counter(offset_of(new_id(), 1_800).seconds // 60 for _ in range(500))
    assert set(minutes) <= set(range(30))
    assert len(minutes) >= 28
    assert max(minutes.values()) <= 45  # 17 on average


def test_runs_that_were_missed_are_counted_without_the_one_that_is_made_up_for():
    daily = cron("0 3 * * *")
    assert count_missed(daily, due_at=utc(1, 1, 3), upto=utc(1, 1, 4)) == 0
    assert count_missed(daily, due_at=utc(1, 1, 3), upto=utc(1, 4, 3)) == 3
    hourly = Schedule(since=SINCE, every_hours=1)
    assert count_missed(hourly, due_at=utc(1, 1, 3), upto=utc(12, 31)) == MAX_MISSED


ZONES = st.sampled_from(
    ["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - given UTC here
EXPRESSIONS = st.builds(
    "{} {} {} * {}".format,
    st.integers(0, 59),
    st.sampled_from(["*", "*/2", "0", "1,2", "2", "1-3", "23"]),
    st.sampled_from(["*", "1", "L", "29", "1,2", "1-5"]),
    st.sampled_from(["*", "SUN", "MON#2", "5L"]),
)


@given(EXPRESSIONS, ZONES, MOMENTS)
def test_runs_are_due_in_order_later_than_asked_and_alike_wherever_one_asks_from(expression, zone, after):
    schedule = cron(expression, zone)
    found = list(islice(dues(schedule, after), 4))
    assert all(before < due for before, due in zip([after, *found], found, strict=False))
    for place, due in enumerate(found[:-1]):
        assert next(dues(schedule, due)) == found[place + 1]
        assert next(dues(schedule, due - timedelta(seconds=1))) == due
