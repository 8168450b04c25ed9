import asyncio

import pytest

from app.core.single_flight import SingleFlightCache


async def value(what):
    if isinstance(what, Exception):
        raise what
    return what


@pytest.fixture
def reads(clock):
    return SingleFlightCache(clock=clock, ttl_s=1, max_entries=2)


async def test_an_answer_is_kept_until_it_is_too_old(reads, clock):
    kept = reads.start("a", value(1), version=7)
    assert await kept.answer() == 1
    clock.advance(0.9)
    assert reads.find("a") is kept
    assert kept.version == 7
    assert reads.age_s(kept) == pytest.approx(0.9)
    clock.advance(0.2)
    assert reads.find("a") is None


async def test_one_under_way_is_never_too_old(reads, clock):
    gate = asyncio.get_running_loop().create_future()

    async def wait():
        return await gate

    kept = reads.start("a", wait())
    clock.advance(100)
    assert reads.find("a") is kept
    gate.set_result(2)
    assert await kept.answer() == 2
    assert reads.find("a") is None


async def test_a_failure_is_not_kept(reads):
    kept = reads.start("a", value(OSError("away")))
    with pytest.raises(OSError, match="away"):
        await kept.answer()
    assert reads.find("a") is None


async def test_the_oldest_gives_way(reads):
    for key in "abc":
        await reads.start(key, value(key)).answer()
    assert [reads.find(key) is not None for key in "abc"] == [False, True, True]
