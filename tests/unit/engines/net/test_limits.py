import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.net.limits import MAX_BACK_OFF_S, HostLimits, retry_after_s


class Time:
    """A clock whose sleep moves it: what would wait does not."""

    def __init__(self):
        self.now = 100.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def limits(time):
    return HostLimits(per_address=4, clock=time, sleep=time.sleep)


async def most_at_once(limits, keys, workers=12):
    running, peak = 0, 0

    async def work(key):
        nonlocal running, peak
        async with limits.slot(key):
            running += 1
            peak = max(peak, running)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            running -= 1

    async with asyncio.TaskGroup() as group:
        for number in range(workers):
            group.create_task(work(keys[number % len(keys)]))
    return peak


async def test_an_address_gets_four_connections_at_most(limits):
    assert await most_at_once(limits, ["192.0.2.1"]) == 4


async def test_addresses_do_not_wait_for_each_other(limits):
    assert await most_at_once(limits, ["192.0.2.1", "192.0.2.2"]) == 8


async def test_a_crawl_delay_keeps_starts_apart(limits, time):
    limits.set_crawl_delay("a", 2.0)
    for _ in range(3):
        async with limits.slot("a"):
            pass
    assert time.slept == [2.0, 2.0]


async def test_the_longest_crawl_delay_wins_and_is_bounded(limits, time):
    limits.set_crawl_delay("a", 10_000)
    limits.set_crawl_delay("a", 1)
    for _ in range(2):
        async with limits.slot("a"):
            pass
    assert time.slept == [30.0]


async def test_retry_after_is_obeyed_and_bounded(limits, time):
    limits.note("a", 429, "7")
    async with limits.slot("a"):
        assert time.slept == [7.0]
    limits.note("a", 503, "99999")
    async with limits.slot("a"):
        assert time.slept == [7.0, 120.0]


async def test_a_pause_of_our_own_accord_is_never_longer_than_a_minute(limits, time):
    for _ in range(20):
        limits.note("a", 503)
    async with limits.slot("a"):
        assert time.slept == [MAX_BACK_OFF_S]


async def test_refusals_without_a_time_double_the_pause_until_a_good_answer(limits, time):
    for status in (429, 429, 429, 200, 429):
        limits.note("a", status)
        async with limits.slot("a"):
            pass
    assert time.slept == [1.0, 2.0, 4.0, 1.0]


async def test_refusals_halve_what_runs_at_once_and_good_answers_give_it_back(limits):
    limits.note("a", 429, "0")
    assert await most_at_once(limits, ["a"]) <= 4  # those that come back now are withheld
    assert await most_at_once(limits, ["a"]) == 2
    for _ in range(5):
        limits.note("a", 429, "0")
    await most_at_once(limits, ["a"])
    assert await most_at_once(limits, ["a"]) == 1
    for _ in range(10):
        limits.note("a", 200)
    assert await most_at_once(limits, ["a"]) == 4


async def test_a_cancelled_waiter_gives_its_place_back(limits):
    async with contextlib.AsyncExitStack() as held:
        for _ in range(4):
            await held.enter_async_context(limits.slot("a"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), limits.slot("a"):
                pass
    assert await most_at_once(limits, ["a"]) == 4


@given(st.lists(st.sampled_from([200, 429, 503, 404, 0]), max_size=60))
async def test_no_course_of_answers_loses_or_invents_a_slot(statuses):
    time = Time()
    limits = HostLimits(per_address=4, clock=time, sleep=time.sleep)
    for status in statuses:
        async with limits.slot("a"):
            limits.note("a", status)
    for _ in range(8):
        limits.note("a", 200)
    assert await most_at_once(limits, ["a"]) == 4


@pytest.mark.parametrize(("value", "seconds"), [("5", 5.0), (" 0 ", 0.0), ("", None), ("soon", None), ("-3", None)])
def test_retry_after_in_seconds(value, seconds):
    assert retry_after_s(value) == seconds


def test_retry_after_as_a_date():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < retry_after_s(later) <= 60
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
