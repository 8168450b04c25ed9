"""Turns at the threads of requests: who asks for much waits, and the others do not."""

import asyncio

import pytest

from app.core.errors import LimitReached
from app.core.read_turns import RETRY_AFTER_S, ReadTurns


class Queue:
    """Reads that last until they are told to end."""

    def __init__(self, turns: ReadTurns) -> None:
        self.turns = turns
        self.running: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, *names: str) -> None:
        """By name: the user's, and a number."""
        for name in names:
            self.tasks[name] = asyncio.create_task(self._enter(name))
        await settle()

    async def _enter(self, name: str) -> None:
        await self.turns.enter(name[:-1])
        self.running.append(name)

    async def end(self, name: str) -> None:
        self.running.remove(name)
        self.turns.leave(name[:-1])
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def queue():
    return Queue(ReadTurns(total=3, per_user=2, max_waiting=4))


async def test_one_user_leaves_a_turn_to_the_others(queue):
    await queue.ask("mei1", "mei2", "mei3")
    assert queue.running == ["mei1", "mei2"]
    await queue.ask("li1")
    assert queue.running == ["mei1", "mei2", "li1"]
    await queue.end("mei1")
    assert queue.running == ["mei2", "li1", "mei3"]


async def test_users_who_wait_take_turns_and_what_one_asks_for_goes_in_order(queue):
    await queue.ask("mei1", "mei2", "li1", "mei3", "mei4", "li2", "wang1")
    order = []
    for _ in range(4):
        await queue.end(queue.running[0])
        order.append(queue.running[-1])
    assert order == ["mei3", "li2", "wang1", "mei4"]


async def test_beyond_the_bound_of_one_user_nothing_waits_and_others_still_may(queue):
    await queue.ask(*(f"mei{number}" for number in range(6)))
    with pytest.raises(LimitReached) as refused:
        await queue.turns.enter("mei")
    assert (refused.value.code, refused.value.status, refused.value.retry_after_s) == (
        "rate_limited",
        429,
        RETRY_AFTER_S,
    )
    await queue.ask("li1", "li2")
    assert (queue.running, queue.turns.waiting) == (["mei0", "mei1", "li1"], 5)


async def test_who_gives_up_while_waiting_leaves_nothing_behind(queue):
    await queue.ask("mei1", "mei2", "mei3", "mei4")
    queue.tasks["mei3"].cancel()
    await settle()
    await queue.end("mei1")
    assert queue.running == ["mei2", "mei4"]
    for name in ("mei2", "mei4"):
        await queue.end(name)
    assert (queue.turns.waiting, queue.turns._running, queue.turns._waiting) == (0, {}, {})


async def test_who_gives_up_in_the_moment_of_the_turn_hands_it_on(queue):
    await queue.ask("mei1", "mei2", "mei3", "mei4")
    queue.running.remove("mei1")
    queue.turns.leave("mei")  # the third has its turn, and does not know yet
    queue.tasks["mei3"].cancel()
    await settle()
    assert queue.running == ["mei2", "mei4"]
