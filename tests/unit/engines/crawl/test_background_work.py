import asyncio

import pytest

from app.engines.crawl.background_work import BackgroundWork


async def test_work_is_counted_until_it_is_done_and_told_of_then():
    done, may_end = [], asyncio.Event()

    async def work():
        await may_end.wait()

    background = BackgroundWork(lambda: done.append(background.running))
    async with asyncio.TaskGroup() as group:
        background.start(group, work())
        background.start(group, work())
        assert (background.running, background.begun, done) == (2, 2, [])
        may_end.set()
    assert (background.running, background.begun, done) == (0, 2, [1, 0])


async def test_work_that_fails_is_not_waited_for_and_fails_the_group():
    async def fails():
        raise ValueError("gone")

    background = BackgroundWork(lambda: None)
    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            background.start(group, fails())
    assert background.running == 0
