"""Races that the borders cannot stage: somebody else changes the task between the look and the write."""

import pytest

from app.core.errors import Conflict, NotFound
from app.events.types import Statistics
from app.services.scans import Actor
from tests.support.house import House, open_house


@pytest.fixture
async def house(tmp_path):
    async with open_house(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def actor(house):
    await house.add_user()
    row = (await house.services.users.list_page(page=2, page_size=1))[0][0]
    return Actor(row.id, row.username, is_admin=False)


class Meddler:
    """A journal before which others write first, as often as they are told to."""

    def __init__(self, house: House, *units) -> None:
        self._journal = house.services.journal
        self._units = list(units)

    async def write(self, unit):
        if self._units:
            await self._journal.write(self._units.pop(0))
        return await self._journal.write(unit)


async def make(house, actor) -> str:
    task = await house.services.scans.create(actor, "example.com", {})
    return str(task["id"])


async def test_a_cancel_that_meets_a_claim_cancels_the_running_task(house, actor):
    task_id = await make(house, actor)
    scans = house.services.scans
    scans._journal = Meddler(house, house.services.lifecycle.claim(task_id, 1, "w", "example.com"))
    assert (await scans.cancel(actor, task_id))["status"] == "cancelling"


async def test_a_cancel_that_meets_the_end_is_too_late(house, actor):
    task_id = await make(house, actor)
    scans, lifecycle = house.services.scans, house.services.lifecycle
    await house.services.journal.write(lifecycle.claim(task_id, 1, "w", "example.com"))
    scans._journal = Meddler(house, lifecycle.complete(task_id, 1, Statistics()))
    with pytest.raises(Conflict) as caught:
        await scans.cancel(actor, task_id)
    assert caught.value.code == "task_finished"


async def test_of_two_retries_one_begins_the_attempt(house, actor):
    task_id = await make(house, actor)
    scans, lifecycle = house.services.scans, house.services.lifecycle
    await scans.cancel(actor, task_id)
    scans._journal = Meddler(house, lifecycle.retry(task_id, by="other"))
    assert (await scans.retry(actor, task_id))["attempt"] == 2


async def test_a_delete_that_meets_a_delete_finds_nothing(house, actor):
    task_id = await make(house, actor)
    scans = house.services.scans
    scans._journal = Meddler(house, house.services.lifecycle.delete(task_id, by="other"))
    with pytest.raises(NotFound):
        await scans.delete(actor, task_id)


async def test_a_task_that_never_stands_still_is_contended(house, actor):
    class Nothing:
        async def write(self, unit):
            return None

    task_id = await make(house, actor)
    house.services.scans._journal = Nothing()
    with pytest.raises(Conflict) as caught:
        await house.services.scans.cancel(actor, task_id)
    assert caught.value.code == "contended"
