"""How long one page may take, and how that time is ended early."""

import asyncio

import pytest

from app.engines.capture.render_limit import RenderLimit
from tests.support.virtual_time import run_in_virtual_time


async def rendered_until_its_end(limit):
    with pytest.raises(TimeoutError):
        async with limit.running():
            await asyncio.Event().wait()


def test_a_page_has_its_time():
    assert run_in_virtual_time(rendered_until_its_end(RenderLimit(15)))[1] == pytest.approx(15)


def test_its_time_can_be_ended_early():
    async def ended_after_5_s():
        limit = RenderLimit(15)
        rendering = asyncio.ensure_future(rendered_until_its_end(limit))
        await asyncio.sleep(5)
        limit.end()
        limit.end()
        await rendering
        assert limit.is_over

    assert run_in_virtual_time(ended_after_5_s())[1] == pytest.approx(5)


def test_one_that_was_ended_before_its_turn_has_no_time():
    limit = RenderLimit(15)
    limit.end()
    assert run_in_virtual_time(rendered_until_its_end(limit))[1] == 0


def test_one_that_is_rendered_is_not_over():
    async def rendered():
        limit = RenderLimit(15)
        async with limit.running():
            await asyncio.sleep(1)
        limit.end()  # nobody runs any more

    assert run_in_virtual_time(rendered())[1] == pytest.approx(1)


def test_who_waits_for_another_one_is_told_of_the_end_alone():
    async def waited():
        limit = RenderLimit(15)
        asyncio.get_running_loop().call_later(60, limit.end)
        with pytest.raises(TimeoutError):
            async with limit.until_ended():
                await asyncio.Event().wait()
        with pytest.raises(TimeoutError):
            async with limit.until_ended():
                await asyncio.Event().wait()

    assert run_in_virtual_time(waited())[1] == pytest.approx(60)
