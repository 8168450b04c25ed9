"""Pauses of hosts that are unresponsive or busy, how they end, and giving hosts up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from app.domain.log_entry import LogEntry, LogLevel
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import FrontierUrl
from app.domain.stages import StageKey
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.retry_policy import BUSY_S, UNRESPONSIVE_S, RetryDecision, RetryPolicy, is_unresponsive
from app.engines.crawl.robots_gate import RobotsGate
from app.engines.model import FetchResult
from app.engines.net.limits import retry_after_s
from app.engines.ports import ScanSink
from app.engines.urls import origin_of

Start = Callable[[Awaitable[None]], None]
_MODULE: Final = StageKey.PAGE_CRAWL.value


@dataclass(frozen=True, slots=True)
class BackoffTiming:
    """How the crawl waits for hosts, and by which clock."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    unresponsive_s: float = UNRESPONSIVE_S
    busy_s: float = BUSY_S


class HostBackoff:
    """Pauses hosts in the frontier and lets them go on. Each is given up once, asked once more at the end of the
    crawl, and then closed.
    """

    def __init__(
        self, *, frontier: Frontier, robots: RobotsGate, sink: ScanSink, texts: MessageCatalog, timing: BackoffTiming
    ) -> None:
        self._frontier = frontier
        self._retry_policy = RetryPolicy(timing.monotonic, unresponsive_s=timing.unresponsive_s, busy_s=timing.busy_s)
        self._robots = robots
        self._sink = sink
        self._texts = texts
        self._sleep = timing.sleep
        # By host that has not answered properly since its pause: an origin of it.
        self._paused_origins: dict[str, str] = {}
        self._given_up: dict[str, str] = {}  # those that are asked once more at the end
        self._final_probe_done: set[str] = set()

    def expect_answers(self, host: str) -> None:
        """Note that discovery met a web server there."""
        self._retry_policy.expect_answers(host)

    def decide(self, item: FrontierUrl, result: FetchResult) -> RetryDecision:
        """Decide what the answer means for its URL and its host. Called once for each, before `apply`."""
        asked = retry_after_s(result.header("retry-after"))
        return self._retry_policy.decide(item, result, retry_after_s=asked or 0.0)

    async def apply(self, item: FrontierUrl, decision: RetryDecision, result: FetchResult, *, start: Start) -> bool:
        """Pause the host, give it up, or let it go on; returns whether it has just become healthy."""
        origin, unresponsive = origin_of(item.url), is_unresponsive(result)
        if decision.give_up:
            await self.give_up(item.host, origin, unresponsive=unresponsive)
        elif decision.pause_s:
            self.pause(item.host, origin, decision.pause_s, unresponsive=unresponsive, start=start)
        return decision.is_healthy and self.mark_healthy(item.host)

    def mark_healthy(self, host: str) -> bool:
        """Let the host go on, which answered as it should; returns whether it had not before."""
        if self._paused_origins.pop(host, None) is None:
            return False
        self._frontier.resume_host(host)
        return True

    def pause(self, host: str, origin: str, pause_s: float, *, unresponsive: bool, start: Start) -> None:
        """Ask the host nothing for so long; an unresponsive one then has to show that it is there."""
        if host in self._given_up:
            return
        self._paused_origins[host] = origin
        self._frontier.pause_host(host)
        start(self._resume_later(host, origin, pause_s, unresponsive=unresponsive))

    async def give_up(self, host: str, origin: str, *, unresponsive: bool) -> None:
        """Give the host up: what is left there waits for a last try, or is left out."""
        if host in self._given_up:  # what was under way then says nothing new
            return
        self._paused_origins.pop(host, None)
        if unresponsive and host not in self._final_probe_done:
            self._given_up[host] = origin
            self._frontier.suspend_host(host)
        else:
            self._frontier.close_host(host)
        await self._log("WARNING", self._texts("host_silent", host=host))

    def start_final_probes(self, start: Start) -> bool:
        """Ask hosts that were given up once more, when all else is done; returns whether there are any."""
        hosts, self._given_up = self._given_up, {}
        for host, origin in hosts.items():
            self._final_probe_done.add(host)
            self._retry_policy.reset(host)
            start(self._final_probe(host, origin))
        return bool(hosts)

    async def _resume_later(self, host: str, origin: str, pause_s: float, *, unresponsive: bool) -> None:
        delay_s: float | None = pause_s
        while delay_s is not None:
            await self._sleep(delay_s)
            if host in self._given_up:  # by what was under way when this pause began
                return
            if not unresponsive or await self._answers(host, origin):
                if host not in self._given_up:
                    self._frontier.resume_host(host, one_at_a_time=True)
                return
            delay_s = self._retry_policy.next_pause_s(host)
        await self.give_up(host, origin, unresponsive=True)

    async def _final_probe(self, host: str, origin: str) -> None:
        if await self._answers(host, origin):
            self._paused_origins[host] = origin
            self._frontier.resume_host(host, one_at_a_time=True)
        else:
            self._frontier.close_host(host)

    async def _answers(self, host: str, origin: str) -> bool:
        there = await self._robots.is_there(origin)
        if there:
            self._retry_policy.note_answer(host)
        return there

    async def _log(self, level: LogLevel, message: str) -> None:
        await self._sink.log(LogEntry(level, _MODULE, message))
