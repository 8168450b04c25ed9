"""Who may read how much at once."""

import asyncio

import pytest

from app.core.errors import LimitReached, Unavailable
from app.core.read_limits import RETRY_AFTER_S, ReportSlots, UserSemaphores


def test_a_user_has_one_place_and_everybody_together_has_a_few():
    slots = ReportSlots(in_all=2)
    slots.take("mei")
    with pytest.raises(LimitReached) as mine:
        slots.take("mei")
    slots.take("li")
    with pytest.raises(Unavailable) as all_taken:
        slots.take("wang")
    assert (mine.value.code, all_taken.value.code) == ("report_limit", "reports_busy")
    assert mine.value.retry_after_s == all_taken.value.retry_after_s == RETRY_AFTER_S
    slots.leave("mei")
    slots.leave("mei")
    slots.take("wang")


async def test_lists_of_one_user_wait_for_each_other_and_not_for_those_of_others():
    semaphores, go_on, under_way, most = (
        UserSemaphores(at_once=2),
        asyncio.Event(),
        {"mei": 0, "li": 0},
        {"mei": 0, "li": 0},
    )

    async def read(user):
        async with semaphores.slot(user):
            under_way[user] += 1
            most[user] = max(most[user], under_way[user])
            await go_on.wait()
            under_way[user] -= 1

    async with asyncio.TaskGroup() as group:
        for user in ["mei"] * 6 + ["li"]:
            group.create_task(read(user))
        await asyncio.sleep(0)
        assert under_way == {"mei": 2, "li": 1}
        go_on.set()
    assert most == {"mei": 2, "li": 1}
    assert not semaphores._semaphores


async def test_who_gives_up_while_waiting_leaves_nothing_behind():
    semaphores = UserSemaphores(at_once=1)
    async with semaphores.slot("mei"):
        waiting = asyncio.create_task(semaphores.slot("mei").__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    assert not semaphores._semaphores
