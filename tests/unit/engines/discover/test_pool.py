import asyncio

import pytest

from app.engines.discover.pool import for_each


async def test_every_item_is_worked_off_by_at_most_so_many():
    seen, running, most = [], 0, 0

    async def work(item):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        seen.append(item)
        running -= 1

    await for_each(range(50), work, workers=7)
    assert sorted(seen) == list(range(50))
    assert most == 7


async def test_the_first_error_ends_it():
    async def work(item):
        raise ValueError(item)

    with pytest.raises(ExceptionGroup):
        await for_each(range(50), work, workers=3)
