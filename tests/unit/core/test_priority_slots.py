"""Slots at a scarce resource: strangers never take the last, and who is known goes first."""

import asyncio

import pytest

from app.core.errors import LimitReached
from app.core.priority_slots import PrioritySlots


class Crowd:
    """People who take a place and keep it until they are told to go."""

    def __init__(self, slots: PrioritySlots) -> None:
        self.slots = slots
        self.inside: list[str] = []
        self._go: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, *, known: bool = False) -> None:
        self._go[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._stay(name, known=known))
        await settle()

    async def _stay(self, name: str, *, known: bool) -> None:
        async with self.slots.hold(known=known):
            self.inside.append(name)
            await self._go[name].wait()
            self.inside.remove(name)

    async def go(self, name: str) -> None:
        self._go[name].set()
        await self._tasks[name]
        await settle()

    async def give_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def crowd():
    return Crowd(PrioritySlots(total=3, max_unknown=2, max_waiting=4))


async def test_strangers_leave_a_place_to_who_is_known(crowd):
    for name in ("s1", "s2", "s3"):
        await crowd.come(name)
    assert crowd.inside == ["s1", "s2"]
    await crowd.come("known", known=True)
    assert crowd.inside == ["s1", "s2", "known"]
    await crowd.go("known")
    assert crowd.inside == ["s1", "s2"]


async def test_who_is_known_may_have_all_places_and_goes_first(crowd):
    for name in ("k1", "k2", "k3"):
        await crowd.come(name, known=True)
    await crowd.come("stranger")
    await crowd.come("k4", known=True)
    assert crowd.inside == ["k1", "k2", "k3"]
    await crowd.go("k1")
    assert crowd.inside == ["k2", "k3", "k4"]
    await crowd.go("k2")
    assert crowd.inside == ["k3", "k4", "stranger"]


async def test_a_full_queue_of_strangers_is_nobody_elses(crowd):
    for number in range(4):
        await crowd.come(f"s{number}")
    with pytest.raises(LimitReached):
        async with crowd.slots.hold(known=False):
            raise AssertionError("there is no place")
    for number in range(4):
        await crowd.come(f"k{number}", known=True)
    with pytest.raises(LimitReached):
        async with crowd.slots.hold(known=True):
            raise AssertionError("there is no place")


async def test_who_gives_up_waiting_takes_no_place(crowd):
    for name in ("s1", "s2", "s3", "s4"):
        await crowd.come(name)
    await crowd.give_up("s3")
    await crowd.go("s1")
    assert crowd.inside == ["s2", "s4"]
    await crowd.give_up("s2")
    await crowd.come("s5")
    assert "s5" in crowd.inside


async def test_a_turn_that_comes_while_one_gives_up_goes_to_the_next(crowd):
    slots = PrioritySlots(total=1, max_unknown=1, max_waiting=4)
    async with slots.hold(known=False):
        first = asyncio.create_task(anext(_entered(slots)))
        second = asyncio.create_task(anext(_entered(slots)))
        await settle()
    first.cancel()  # its turn has come, and it does not know yet
    assert await second == "inside"
    assert first.cancelled()


async def _entered(slots: PrioritySlots):
    async with slots.hold(known=False):
        yield "inside"
