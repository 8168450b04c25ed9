"""Counters of sign-ins: the same rules in the memory of one process and in the database of two servers."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Interval, literal, update

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.limits import GrowingDelay
from app.identity.sign_in_counters import FORGET_EVERY_S, MemoryCounters, Rate, SharedCounters
from app.identity.tables import sign_in_counters
from tests.support.live import TurnedClock

DELAY = GrowingDelay(free=2, first_s=10, longest_s=100)
SLOW = Rate("address", 3, 0.001)


class Counters:
    """One store, or two of one database that are asked in turn; and the age of what is counted."""

    def __init__(self, stores, databases=()):
        self.stores, self.databases = stores, databases
        self.clock = TurnedClock()
        self.asked = 0

    @property
    def any(self):
        self.asked += 1
        return self.stores[self.asked % len(self.stores)]

    def age(self, seconds):
        """As if so much time had gone by."""
        self.clock.turned_s += seconds
        if self.databases:
            s, gone = sign_in_counters.c, literal(timedelta(seconds=seconds), Interval)
            aged = update(sign_in_counters).values(at=s.at - gone, ends_at=s.ends_at - gone)
            self.databases[0].write_sync(lambda c: c.execute(aged) and None)


@asynccontextmanager
async def shared(url):
    databases = [Database(url), Database(url)]
    counters = Counters([], databases)
    counters.stores = [SharedCounters(DELAY, db=db, clock=counters.clock) for db in databases]
    yield counters
    for db in databases:
        await db.close()


@pytest.fixture(params=["memory", pytest.param("two servers", marks=pytest.mark.system)])
def url(request):
    """Of the database; None: in memory."""
    return None if request.param == "memory" else request.getfixturevalue("postgres_database")


@pytest.fixture
async def counters(url):
    if url is None:
        counters = Counters([])
        counters.stores = [MemoryCounters(DELAY, clock=counters.clock)]
        yield counters
        return
    async with shared(url) as counters:
        yield counters


async def test_a_rate_holds_whoever_is_asked(counters):
    assert [await counters.any.take(SLOW, ["a"]) for _ in range(3)] == [0.0] * 3
    assert 990 < await counters.any.take(SLOW, ["a"]) <= 1_000
    assert await counters.any.take(SLOW, ["b"]) == 0.0
    assert await counters.any.take(Rate("other", 3, 0.001), ["a"]) == 0.0
    counters.age(1_000)
    assert await counters.any.take(SLOW, ["a"]) == 0.0
    assert await counters.any.take(SLOW, ["a"]) > 0.0


async def test_keys_are_counted_in_their_order_until_one_is_refused(counters):
    for _ in range(3):
        assert await counters.any.take(SLOW, ["narrow", "wide"]) == 0.0
    assert await counters.any.take(SLOW, ["elsewhere", "wide"]) > 0.0
    assert [await counters.any.take(SLOW, ["elsewhere"]) for _ in range(2)] == [0.0] * 2
    assert await counters.any.take(SLOW, ["elsewhere"]) > 0.0


@pytest.mark.parametrize("key", ["mei", "mei\0192.0.2.1", "\0019b7a30", "\ud800"])
async def test_a_delay_grows_whoever_is_asked(counters, key):
    for _ in range(2):
        assert await counters.any.begin(key) == 0.0
    assert 5 < await counters.any.begin(key) <= 10  # a busy machine takes its time
    counters.age(10)
    assert await counters.any.begin(key) == 0.0
    assert 10 < await counters.any.begin(key) <= 20


async def test_success_forgets_all_tries_and_a_withdrawn_one_does_not_count(counters):
    for _ in range(2):
        await counters.any.begin("mei")
    await counters.any.succeed("mei")
    await counters.any.withdraw("mei")
    assert await counters.any.begin("mei") == 0.0
    for _ in range(3):
        assert await counters.any.begin("mei") == 0.0
        assert await counters.any.begin("mei") > 0.0
        await counters.any.withdraw("mei")


@pytest.mark.system
async def test_of_many_tries_at_once_no_more_are_let_through_than_one_after_the_other(postgres_database):
    async with shared(postgres_database) as counters:
        waits = await asyncio.gather(*(counters.any.begin("mei") for _ in range(12)))
        taken = await asyncio.gather(*(counters.any.take(SLOW, ["a"]) for _ in range(12)))
    assert (waits.count(0.0), taken.count(0.0)) == (2, 3)


@pytest.mark.system
async def test_what_means_nothing_any_more_is_removed_and_no_name_is_stored(postgres_database):
    def rows(db):
        return db.read_sync(lambda c: c.execute(sign_in_counters.select()).all())

    async with shared(postgres_database) as counters:
        await counters.any.begin("a-password-in-the-wrong-field")
        await counters.any.take(SLOW, ["192.0.2.1"])
        stored = rows(counters.databases[0])
        assert len(stored) == 2
        assert "a-password" not in str(stored)
        assert "192.0.2.1" not in str(stored)
        counters.age(1_000 + FORGET_EVERY_S)
        await counters.any.take(SLOW, ["192.0.2.2"])
        assert len(rows(counters.databases[0])) == 1


@pytest.mark.system
async def test_what_one_server_would_refuse_alone_does_not_reach_the_database(postgres_database):
    db = Database(postgres_database)
    counters = SharedCounters(DELAY, db=db, clock=SystemClock())
    for _ in range(3):
        await counters.take(SLOW, ["a"])
    await db.close()
    assert await counters.take(SLOW, ["a"]) > 0.0
