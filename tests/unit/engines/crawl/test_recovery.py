"""Coming back to hosts, and letting go of them: what is told to the frontier."""

import asyncio

from app.engines.crawl.patience import Patience
from app.engines.crawl.recovery import Recovery
from app.engines.phrases import Phrases

ORIGIN = "https://a.test"


class Frontier:
    """Remembers what it was told."""

    def __init__(self):
        self.told = []

    def pause_host(self, host):
        self.told.append("pause")

    def shelve_host(self, host):
        self.told.append("shelve")

    def close_host(self, host):
        self.told.append("close")

    def resume_host(self, host, *, one_at_a_time=False):
        self.told.append("one at a time" if one_at_a_time else "resume")


class Gate:
    """The host answers its robots.txt, whatever its pages do."""

    async def is_there(self, origin):
        return True


def make(sink, moments):
    frontier = Frontier()
    recovery = Recovery(
        frontier=frontier,
        patience=Patience(moments.monotonic),
        gate=Gate(),
        sink=sink,
        phrases=Phrases("en"),
        sleep=moments.sleep,
    )
    return recovery, frontier


async def test_a_pause_that_ends_after_its_host_was_given_up_brings_nothing_back(sink, moments):
    """What was under way when the pause began gave the host up meanwhile: else it would be asked without a pause."""
    recovery, frontier = make(sink, moments)
    async with asyncio.TaskGroup() as group:
        recovery.pause("a.test", ORIGIN, 1.0, silent=True, start=group.create_task)
        await recovery.leave("a.test", ORIGIN, silent=True)
        await recovery.leave("a.test", ORIGIN, silent=True)
        recovery.pause("a.test", ORIGIN, 1.0, silent=True, start=group.create_task)
    assert frontier.told == ["pause", "shelve"]
    assert len(sink.logs) == 1


async def test_a_host_is_asked_once_more_at_the_end_and_then_closed(sink, moments):
    recovery, frontier = make(sink, moments)
    await recovery.leave("a.test", ORIGIN, silent=True)
    async with asyncio.TaskGroup() as group:
        assert recovery.try_once_more(group.create_task)
    assert not recovery.try_once_more(lambda work: None)
    await recovery.leave("a.test", ORIGIN, silent=True)
    assert frontier.told == ["shelve", "one at a time", "close"]


async def test_a_busy_host_has_had_its_time(sink, moments):
    recovery, frontier = make(sink, moments)
    await recovery.leave("a.test", ORIGIN, silent=False)
    assert not recovery.try_once_more(lambda work: None)
    assert frontier.told == ["close"]


async def test_a_host_that_answers_again_is_as_it_was(sink, moments):
    recovery, frontier = make(sink, moments)
    async with asyncio.TaskGroup() as group:
        recovery.pause("a.test", ORIGIN, 1.0, silent=True, start=group.create_task)
    assert recovery.well("a.test")
    assert not recovery.well("a.test")
    assert frontier.told == ["pause", "one at a time", "resume"]
