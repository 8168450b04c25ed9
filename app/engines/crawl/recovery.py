"""Coming back to hosts that went silent or are busy, and letting go of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from app.domain.stages import StageKey
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.gate import OriginGate
from app.engines.crawl.patience import BUSY_S, SILENCE_S, Patience
from app.engines.phrases import Phrases
from app.engines.ports import ScanSink

Start = Callable[[Awaitable[None]], None]
_MODULE: Final = StageKey.PAGE_CRAWL.value


@dataclass(frozen=True, slots=True)
class Waiting:
    """How the crawl waits for hosts, and by which clock."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    silence_s: float = SILENCE_S
    busy_s: float = BUSY_S


class Recovery:
    """Pauses hosts in the frontier and lets them go on. Each is given up once, asked once more at the end of the
    crawl, and then closed.
    """

    def __init__(
        self,
        *,
        frontier: Frontier,
        patience: Patience,
        gate: OriginGate,
        sink: ScanSink,
        phrases: Phrases,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._frontier = frontier
        self._patience = patience
        self._gate = gate
        self._sink = sink
        self._say = phrases
        self._sleep = sleep
        self._unwell: dict[str, str] = {}  # hosts that have not answered properly since, with an origin of theirs
        self._given_up: dict[str, str] = {}  # those that are asked once more at the end
        self._had_last_chance: set[str] = set()

    def well(self, host: str) -> bool:
        """The host answered as it should; whether it had not before."""
        if self._unwell.pop(host, None) is None:
            return False
        self._frontier.resume_host(host)
        return True

    def pause(self, host: str, origin: str, pause_s: float, *, silent: bool, start: Start) -> None:
        """Asks the host nothing for so long; a silent one then has to show that it is there."""
        if host in self._given_up:
            return
        self._unwell[host] = origin
        self._frontier.pause_host(host)
        start(self._come_back(host, origin, pause_s, silent=silent))

    async def leave(self, host: str, origin: str, *, silent: bool) -> None:
        """The host's time is over: what is left there waits for a last try, or is left out."""
        if host in self._given_up:  # what was under way then says nothing new
            return
        self._unwell.pop(host, None)
        if silent and host not in self._had_last_chance:
            self._given_up[host] = origin
            self._frontier.shelve_host(host)
        else:
            self._frontier.close_host(host)
        await self._log("WARNING", self._say("host_silent", host=host))

    def try_once_more(self, start: Start) -> bool:
        """Everything else is done: whether there are hosts that deserve a last question."""
        hosts, self._given_up = self._given_up, {}
        for host, origin in hosts.items():
            self._had_last_chance.add(host)
            self._patience.pardon(host)
            start(self._last_chance(host, origin))
        return bool(hosts)

    async def _come_back(self, host: str, origin: str, pause_s: float, *, silent: bool) -> None:
        delay_s: float | None = pause_s
        while delay_s is not None:
            await self._sleep(delay_s)
            if host in self._given_up:  # by what was under way when this pause began
                return
            if not silent or await self._answers(host, origin):
                if host not in self._given_up:
                    self._frontier.resume_host(host, one_at_a_time=True)
                return
            delay_s = self._patience.still_silent(host)
        await self.leave(host, origin, silent=True)

    async def _last_chance(self, host: str, origin: str) -> None:
        if await self._answers(host, origin):
            self._unwell[host] = origin
            self._frontier.resume_host(host, one_at_a_time=True)
        else:
            self._frontier.close_host(host)

    async def _answers(self, host: str, origin: str) -> bool:
        there = await self._gate.is_there(origin)
        if there:
            self._patience.heard(host)
        return there

    async def _log(self, level: str, message: str) -> None:
        await self._sink.log(level, _MODULE, message)
