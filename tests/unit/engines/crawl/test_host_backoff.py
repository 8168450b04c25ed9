"""Pauses and giving up: what is told to the frontier."""

import asyncio

from app.domain.messages import MessageCatalog
from app.engines.crawl.host_backoff import BackoffTiming, HostBackoff

ORIGIN = "https://a.test"


class Frontier:
    """Remembers what it was told."""

    def __init__(self):
        self.told = []

    def pause_host(self, host):
        self.told.append("pause")

    def suspend_host(self, host):
        self.told.append("suspend")

    def close_host(self, host):
        self.told.append("close")

    def resume_host(self, host, *, one_at_a_time=False):
        self.told.append("one at a time" if one_at_a_time else "resume")


class Robots:
    """The host answers its robots.txt, whatever its pages do."""

    async def is_there(self, origin):
        return True


def make(sink, moments):
    frontier = Frontier()
    backoff = HostBackoff(
        frontier=frontier,
        robots=Robots(),
        sink=sink,
        texts=MessageCatalog("en"),
        timing=BackoffTiming(moments.monotonic, moments.sleep),
    )
    return backoff, frontier


async def test_a_pause_that_ends_after_its_host_was_given_up_brings_nothing_back(sink, moments):
    """What was under way when the pause began gave the host up meanwhile: else it would be asked without a pause."""
    backoff, frontier = make(sink, moments)
    async with asyncio.TaskGroup() as group:
        backoff.pause("a.test", ORIGIN, 1.0, unresponsive=True, start=group.create_task)
        await backoff.give_up("a.test", ORIGIN, unresponsive=True)
        await backoff.give_up("a.test", ORIGIN, unresponsive=True)
        backoff.pause("a.test", ORIGIN, 1.0, unresponsive=True, start=group.create_task)
    assert frontier.told == ["pause", "suspend"]
    assert len(sink.logs) == 1


async def test_a_host_is_asked_once_more_at_the_end_and_then_closed(sink, moments):
    backoff, frontier = make(sink, moments)
    await backoff.give_up("a.test", ORIGIN, unresponsive=True)
    async with asyncio.TaskGroup() as group:
        assert backoff.start_final_probes(group.create_task)
    assert not backoff.start_final_probes(lambda work: None)
    await backoff.give_up("a.test", ORIGIN, unresponsive=True)
    assert frontier.told == ["suspend", "one at a time", "close"]


async def test_a_busy_host_has_had_its_time(sink, moments):
    backoff, frontier = make(sink, moments)
    await backoff.give_up("a.test", ORIGIN, unresponsive=False)
    assert not backoff.start_final_probes(lambda work: None)
    assert frontier.told == ["close"]


async def test_a_host_that_answers_again_is_as_it_was(sink, moments):
    backoff, frontier = make(sink, moments)
    async with asyncio.TaskGroup() as group:
        backoff.pause("a.test", ORIGIN, 1.0, unresponsive=True, start=group.create_task)
    assert backoff.mark_healthy("a.test")
    assert not backoff.mark_healthy("a.test")
    assert frontier.told == ["pause", "one at a time", "resume"]
