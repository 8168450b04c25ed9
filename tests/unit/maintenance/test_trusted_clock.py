from datetime import UTC, datetime, timedelta

import pytest

from app.maintenance.trusted_clock import PROBATION, SLACK, TrustedClock

DAY = timedelta(days=1)


@pytest.fixture
def trusted_clock(monitored):
    return TrustedClock(db=monitored.db, clock=monitored.clock)


async def test_a_clock_that_goes_as_ours_is_trusted(monitored, trusted_clock):
    for _ in range(3):
        assert await trusted_clock.now() == monitored.clock.now()
        monitored.clock.advance(40 * 86_400)


async def test_a_clock_that_jumps_ahead_is_not_trusted_while_it_is_there(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment += 400 * DAY
    for _ in range(10):
        assert await trusted_clock.now() is None
        monitored.clock.advance(60)
    monitored.clock.moment -= 400 * DAY
    assert await trusted_clock.now() == monitored.clock.now()


async def test_it_is_trusted_once_it_has_gone_on_from_there_for_a_day(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment += 400 * DAY
    assert await trusted_clock.now() is None
    monitored.clock.advance(PROBATION.total_seconds())
    assert await trusted_clock.now() == monitored.clock.now()
    monitored.clock.advance(60)
    assert await trusted_clock.now() == monitored.clock.now()


async def test_a_second_jump_begins_the_probation_again(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment += 400 * DAY
    assert await trusted_clock.now() is None
    monitored.clock.moment -= 400 * DAY
    assert await trusted_clock.now() is not None
    monitored.clock.advance(PROBATION.total_seconds())
    assert await trusted_clock.now() is not None
    monitored.clock.moment += 400 * DAY
    assert await trusted_clock.now() is None


async def test_a_jump_within_the_probation_begins_it_again(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment += 3 * DAY
    assert await trusted_clock.now() is None
    monitored.clock.advance(PROBATION.total_seconds() - 60)
    assert await trusted_clock.now() is None
    monitored.clock.moment += 400 * DAY
    assert await trusted_clock.now() is None
    monitored.clock.advance(60)
    assert await trusted_clock.now() is None


async def test_a_jump_back_within_the_probation_begins_it_again_from_there(monitored, trusted_clock):
    """Else it would have to come to where the clock once was: with 400 days ahead nothing would go for a year."""
    await trusted_clock.now()
    monitored.clock.moment += 400 * DAY
    assert await trusted_clock.now() is None
    monitored.clock.moment -= 200 * DAY
    assert await trusted_clock.now() is None
    monitored.clock.advance(PROBATION.total_seconds() - 60)
    assert await trusted_clock.now() is None
    monitored.clock.advance(60)
    assert await trusted_clock.now() == monitored.clock.now()


async def test_a_machine_that_is_on_by_day_alone_is_trusted_on_the_day_after_a_longer_pause(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment += 3 * DAY
    for _ in range(8 * 60):
        assert await trusted_clock.now() is None
        monitored.clock.advance(60)
    monitored.clock.moment += timedelta(hours=16)
    assert await TrustedClock(db=monitored.db, clock=monitored.clock).now() == monitored.clock.now()


async def test_a_jump_over_a_restart_within_the_probation_begins_it_again(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment += 3 * DAY
    assert await trusted_clock.now() is None
    monitored.clock.moment += 400 * DAY
    assert await TrustedClock(db=monitored.db, clock=monitored.clock).now() is None


async def test_what_was_not_trusted_is_forgotten_with_a_time_that_is_trusted(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment += 400 * DAY
    assert await trusted_clock.now() is None
    monitored.clock.moment -= 400 * DAY
    assert await trusted_clock.now() is not None
    monitored.clock.moment += 401 * DAY
    assert await TrustedClock(db=monitored.db, clock=monitored.clock).now() is None


async def test_what_was_trusted_last_outlives_a_restart(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment += 400 * DAY
    assert await TrustedClock(db=monitored.db, clock=monitored.clock).now() is None
    monitored.clock.moment += SLACK - 400 * DAY
    assert await TrustedClock(db=monitored.db, clock=monitored.clock).now() == monitored.clock.now()


async def test_where_nothing_was_trusted_yet_the_newest_task_says_what_time_it_was(monitored, trusted_clock):
    monitored.create()
    monitored.clock.moment += 400 * DAY
    assert await trusted_clock.now() is None


async def test_where_there_is_nothing_every_time_is_trusted(monitored, trusted_clock):
    monitored.clock.moment = datetime(2040, 1, 1, tzinfo=UTC)
    assert await trusted_clock.now() == monitored.clock.now()


async def test_a_clock_that_goes_back_is_trusted_at_once_and_not_when_it_comes_again(monitored, trusted_clock):
    await trusted_clock.now()
    monitored.clock.moment -= 400 * DAY
    assert await trusted_clock.now() == monitored.clock.now()
    monitored.clock.moment += 400 * DAY
    assert await trusted_clock.now() is None
