"""How long one page may take, and how that time is ended early."""

import asyncio

import pytest

from app.engines.capture.browser_processor import ProcessorTimes
from app.engines.capture.render_limit import MOST, RenderLimit
from tests.support.virtual_time import run_in_virtual_time


async def rendered_until_its_end(limit, *read):
    with pytest.raises(TimeoutError):
        async with limit.running(*read):
            await asyncio.Event().wait()


def browser_that(*, runs=0.0, waits=0.0, until_s=float("inf")):
    """Return what reads the times of a browser of which one thread runs and waits for such shares of each second."""

    async def read():
        now = min(asyncio.get_running_loop().time(), until_s)
        return ProcessorTimes({1: 1000 + runs * now}, {1: 1000 + waits * now})

    return read


@pytest.mark.parametrize(
    ("browser", "ends_after_s"),
    [
        ({"runs": 0.25, "waits": 0.5}, 30),  # of each two seconds it gets one
        ({"runs": 0.1, "waits": 0.9, "until_s": 10}, 24),  # others were busy for ten seconds, and it slept then
        ({"runs": 1.0}, 15),  # a busy loop on an idle machine
        ({"runs": 0.01, "waits": 0.001}, 15),  # it sleeps
        ({"runs": 2.0, "waits": 0.9}, 15),  # its own threads wait for each other
        ({"runs": 0.01, "waits": 0.99}, 60),  # whatever is given back
    ],
)
def test_only_what_it_waited_for_a_processor_is_given_back(browser, ends_after_s):
    limit = RenderLimit(15)
    assert limit.given_back_s == 0
    assert run_in_virtual_time(rendered_until_its_end(limit, browser_that(**browser)))[1] == pytest.approx(
        ends_after_s, abs=0.5
    )
    assert limit.given_back_s == pytest.approx(ends_after_s - 15, abs=0.5)


def test_a_reading_that_never_comes_holds_no_page_for_good():
    readings = []

    async def read():
        readings.append(1)
        if len(readings) > 1:
            await asyncio.Event().wait()
        return ProcessorTimes()

    assert run_in_virtual_time(rendered_until_its_end(RenderLimit(15), read))[1] == pytest.approx(15 * MOST)


def test_what_was_given_back_can_be_ended_early():
    async def ended_after_20_s():
        limit = RenderLimit(15)
        asyncio.get_running_loop().call_later(20, limit.end)
        await rendered_until_its_end(limit, browser_that(waits=0.9))

    assert run_in_virtual_time(ended_after_20_s())[1] == pytest.approx(20)


def test_a_step_has_its_time_back_as_well():
    async def stepped(**browser):
        limit = RenderLimit(15)
        async with limit.running(browser_that(**browser)):
            await asyncio.sleep(1)
            with pytest.raises(TimeoutError):
                async with limit.part(5):
                    await asyncio.Event().wait()
            return await limit.left_s()

    assert run_in_virtual_time(stepped()) == (pytest.approx(9), pytest.approx(6))
    left_s, ended_after_s = run_in_virtual_time(stepped(waits=0.5))
    assert (left_s, ended_after_s) == (pytest.approx(9.5, abs=0.5), pytest.approx(11, abs=0.5))


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
