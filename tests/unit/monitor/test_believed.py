from datetime import UTC, datetime, timedelta

import pytest

from app.monitor.believed import PROBATION, SLACK, BelievedClock

DAY = timedelta(days=1)


@pytest.fixture
def believed(post):
    return BelievedClock(db=post.db, clock=post.clock)


async def test_a_clock_that_goes_as_ours_is_believed(post, believed):
    for _ in range(3):
        assert await believed.now() == post.clock.now()
        post.clock.advance(40 * 86_400)


async def test_a_clock_that_jumps_ahead_is_not_believed_while_it_is_there(post, believed):
    await believed.now()
    post.clock.moment += 400 * DAY
    for _ in range(10):
        assert await believed.now() is None
        post.clock.advance(60)
    post.clock.moment -= 400 * DAY
    assert await believed.now() == post.clock.now()


async def test_it_is_believed_once_it_has_gone_on_from_there_for_a_day(post, believed):
    await believed.now()
    post.clock.moment += 400 * DAY
    assert await believed.now() is None
    post.clock.advance(PROBATION.total_seconds())
    assert await believed.now() == post.clock.now()
    post.clock.advance(60)
    assert await believed.now() == post.clock.now()


async def test_a_second_jump_begins_the_probation_again(post, believed):
    await believed.now()
    post.clock.moment += 400 * DAY
    assert await believed.now() is None
    post.clock.moment -= 400 * DAY
    assert await believed.now() is not None
    post.clock.advance(PROBATION.total_seconds())
    assert await believed.now() is not None
    post.clock.moment += 400 * DAY
    assert await believed.now() is None


async def test_a_jump_within_the_probation_begins_it_again(post, believed):
    await believed.now()
    post.clock.moment += 3 * DAY
    assert await believed.now() is None
    post.clock.advance(PROBATION.total_seconds() - 60)
    assert await believed.now() is None
    post.clock.moment += 400 * DAY
    assert await believed.now() is None
    post.clock.advance(60)
    assert await believed.now() is None


async def test_a_machine_that_is_on_by_day_alone_is_believed_on_the_day_after_a_longer_pause(post, believed):
    await believed.now()
    post.clock.moment += 3 * DAY
    for _ in range(8 * 60):
        assert await believed.now() is None
        post.clock.advance(60)
    post.clock.moment += timedelta(hours=16)
    assert await BelievedClock(db=post.db, clock=post.clock).now() == post.clock.now()


async def test_a_jump_over_a_restart_within_the_probation_begins_it_again(post, believed):
    await believed.now()
    post.clock.moment += 3 * DAY
    assert await believed.now() is None
    post.clock.moment += 400 * DAY
    assert await BelievedClock(db=post.db, clock=post.clock).now() is None


async def test_what_was_doubted_is_forgotten_with_a_time_that_is_believed(post, believed):
    await believed.now()
    post.clock.moment += 400 * DAY
    assert await believed.now() is None
    post.clock.moment -= 400 * DAY
    assert await believed.now() is not None
    post.clock.moment += 401 * DAY
    assert await BelievedClock(db=post.db, clock=post.clock).now() is None


async def test_what_was_believed_last_outlives_a_restart(post, believed):
    await believed.now()
    post.clock.moment += 400 * DAY
    assert await BelievedClock(db=post.db, clock=post.clock).now() is None
    post.clock.moment += SLACK - 400 * DAY
    assert await BelievedClock(db=post.db, clock=post.clock).now() == post.clock.now()


async def test_where_nothing_was_believed_yet_the_newest_task_says_what_time_it_was(post, believed):
    post.create()
    post.clock.moment += 400 * DAY
    assert await believed.now() is None


async def test_where_there_is_nothing_every_time_is_believed(post, believed):
    post.clock.moment = datetime(2040, 1, 1, tzinfo=UTC)
    assert await believed.now() == post.clock.now()


async def test_a_clock_that_goes_back_is_believed_at_once_and_not_when_it_comes_again(post, believed):
    await believed.now()
    post.clock.moment -= 400 * DAY
    assert await believed.now() == post.clock.now()
    post.clock.moment += 400 * DAY
    assert await believed.now() is None
