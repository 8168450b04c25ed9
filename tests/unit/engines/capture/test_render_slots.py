"""Fewer pages are rendered side by side when they come late, and more again when they come in time."""

import asyncio
from contextlib import AsyncExitStack

from app.engines.capture.render_slots import CONCURRENT, IN_A_ROW, OPEN, RenderSlots


async def test_no_more_than_the_limit_hold_a_slot_at_once():
    slots, held, most = RenderSlots(2), 0, 0

    async def render():
        nonlocal held, most
        async with slots.slot():
            held += 1
            most = max(most, held)
            await asyncio.sleep(0)
            held -= 1

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(render())
    assert most == 2


async def test_a_slot_that_was_lost_is_not_given_out_until_it_is_back():
    slots, came = RenderSlots(2), asyncio.Event()

    async def wait():
        async with slots.slot():
            came.set()

    async with asyncio.timeout(30), asyncio.TaskGroup() as group, AsyncExitStack() as held:
        await held.enter_async_context(slots.slot())
        slots.was_slow()
        group.create_task(wait())
        await asyncio.sleep(0)
        assert not came.is_set()
    assert came.is_set()


def test_what_is_slow_halves_them_and_what_is_rendered_brings_one_back():
    slots = RenderSlots()
    for _ in range(5):
        slots.was_slow()
    assert slots.limit == 1
    limits = []
    for _ in range(5):
        slots.was_rendered()
        limits.append(slots.limit)
    assert limits == [2, 3, 4, CONCURRENT, CONCURRENT]


async def test_a_page_that_rests_lends_its_slot_and_has_it_back_without_waiting():
    slots, came, leave = RenderSlots(1), asyncio.Event(), asyncio.Event()

    async def render():
        async with slots.slot():
            came.set()
            await leave.wait()

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        async with slots.slot():
            group.create_task(render())
            await asyncio.sleep(0)
            assert not came.is_set()
            async with slots.resting():
                await came.wait()
        leave.set()


async def test_resting_pages_are_not_opened_without_end():
    slots, rest, opened = RenderSlots(1), asyncio.Event(), 0

    async def render():
        nonlocal opened
        async with slots.slot():
            opened += 1
            async with slots.resting():
                await rest.wait()

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for _ in range(OPEN + 3):
            group.create_task(render())
        for _ in range(20):
            await asyncio.sleep(0)
        assert opened == OPEN
        rest.set()
    assert opened == OPEN + 3


async def rendered_in_order(*firsts):
    """Let pages wait for the only slot, in this order; return in which they get it."""
    slots, order = RenderSlots(1), []

    async def render(is_first):
        async with slots.slot(is_first=is_first):
            order.append(is_first)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group, slots.slot():
        for is_first in firsts:
            group.create_task(render(is_first))
        for _ in range(20):
            await asyncio.sleep(0)
    return order


async def test_pages_of_the_site_go_before_pictures_of_others_that_came_earlier():
    assert await rendered_in_order(False, False, True, True) == [True, True, False, False]


async def test_pictures_of_others_get_a_slot_while_there_are_many_pages_of_the_site():
    order = await rendered_in_order(False, False, *[True] * 8)
    assert order == [*[True] * IN_A_ROW, False, *[True] * IN_A_ROW, False, True, True]


async def test_one_that_waits_no_longer_keeps_nobody_from_a_slot():
    slots, came = RenderSlots(1), asyncio.Event()

    async def render(is_first):
        async with slots.slot(is_first=is_first):
            came.set()

    async with asyncio.timeout(30), asyncio.TaskGroup() as group, slots.slot():
        leaving = group.create_task(render(True))
        group.create_task(render(False))
        for _ in range(5):
            await asyncio.sleep(0)
        leaving.cancel()
    assert came.is_set()
