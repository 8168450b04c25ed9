"""When a rule sends: digests, quiet hours, and days on which clocks change."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.notifications import DigestPeriod, Timing

BERLIN = "Europe/Berlin"
ZONES = ("UTC", BERLIN, "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Asia/Kathmandu")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_a_digest_or_quiet_hours_it_is_sent_at_once():
    assert Timing().due(at("2026-01-02T03:04")) == at("2026-01-02T03:04")


def test_a_daily_digest_is_at_its_local_time_today_or_tomorrow():
    timing = Timing(zone="Asia/Shanghai", digest=DigestPeriod.DAILY, digest_minute=8 * 60)
    assert timing.due(at("2026-01-01T23:59")) == at("2026-01-02T00:00")
    assert timing.due(at("2026-01-02T00:00")) == at("2026-01-03T00:00")


def test_a_weekly_digest_is_on_its_day():
    timing = Timing(digest=DigestPeriod.WEEKLY, digest_minute=9 * 60, digest_weekday=0)
    assert timing.due(at("2026-01-02T12:00")) == at("2026-01-05T09:00")  # a Friday, and the Monday after
    assert timing.due(at("2026-01-05T08:59")) == at("2026-01-05T09:00")
    assert timing.due(at("2026-01-05T09:00")) == at("2026-01-12T09:00")


def test_quiet_hours_over_midnight_end_in_the_morning():
    timing = Timing(zone=BERLIN, quiet_from=22 * 60, quiet_until=7 * 60 + 30)
    assert timing.due(at("2026-01-02T21:30")) == at("2026-01-03T06:30")
    assert timing.due(at("2026-01-03T03:00")) == at("2026-01-03T06:30")
    assert timing.due(at("2026-01-03T06:30")) == at("2026-01-03T06:30")
    assert timing.due(at("2026-01-02T20:59")) == at("2026-01-02T20:59")


def test_quiet_hours_within_a_day():
    timing = Timing(quiet_from=12 * 60, quiet_until=14 * 60)
    assert timing.due(at("2026-01-02T13:00")) == at("2026-01-02T14:00")
    assert timing.due(at("2026-01-02T14:00")) == at("2026-01-02T14:00")


def test_a_time_that_clocks_skip_is_the_moment_after_and_of_a_doubled_one_the_first():
    timing = Timing(zone=BERLIN, digest=DigestPeriod.DAILY, digest_minute=2 * 60 + 30)
    assert timing.due(at("2026-03-28T23:00")) == at("2026-03-29T01:30")  # 02:30 is not: clocks go from 2 to 3
    assert timing.due(at("2026-10-24T23:00")) == at("2026-10-25T00:30")  # 02:30 is twice: summer's
    assert timing.due(at("2026-10-25T00:30")) == at("2026-10-26T01:30")


@given(
    zone=st.sampled_from(ZONES),
    digest=st.sampled_from(DigestPeriod),
    minute=st.integers(0, 1439),
    weekday=st.integers(0, 6),
    quiet=st.one_of(st.none(), st.tuples(st.integers(0, 1439), st.integers(0, 1439))),
    minutes=st.integers(0, 3 * 365 * 1440),
)
def test_what_is_due_is_never_in_the_past_nor_farther_than_its_period(zone, digest, minute, weekday, quiet, minutes):
    timing = Timing(zone, digest, minute, weekday, *(quiet or (None, None)))
    now = at("2025-01-01T00:00") + timedelta(minutes=minutes)
    due = timing.due(now)
    longest = {DigestPeriod.NONE: 1, DigestPeriod.DAILY: 1, DigestPeriod.WEEKLY: 7}[digest]
    assert now <= due <= now + timedelta(days=longest, hours=2)
    if digest is DigestPeriod.NONE:
        assert timing.due(due) == due  # the end of quiet hours is not quiet
    else:
        assert due > now
