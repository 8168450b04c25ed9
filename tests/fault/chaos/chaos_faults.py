"""What happens to a server and its scans in chaos.py."""

import asyncio
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from typing import Final

from chaos_backend import Backend

PAUSE_S: Final = (0.5, 4.0)  # between two faults


class Faults:
    """One after the other, drawn by weight."""

    def __init__(self, backend: Backend, chance: random.Random, *, say: Callable[[str], None]) -> None:
        self._backend = backend
        self._chance = chance
        self._say = say
        self.done: Counter[str] = Counter()
        self._all: dict[str, tuple[int, Callable[[], Awaitable[None]]]] = {
            "server killed": (2, self._kill_server),
            "server stopped": (1, self._stop_server),
            "server frozen": (2, self._freeze_server),
            "scan killed": (3, self._kill_scan),
            "scan frozen": (3, self._freeze_scan),
            "scan frozen until it is given up": (1, self._abandon_scan),
            "database locked": (3, self._lock_database),
            "disk full": (2, self._fill_disk),
            "server killed on a full disk": (1, self._kill_on_full_disk),
        }

    async def run(self, until: float) -> None:
        """Until that moment (monotonic)."""
        names = list(self._all)
        weights = [weight for weight, _ in self._all.values()]
        while time.monotonic() < until:
            await asyncio.sleep(self._chance.uniform(*PAUSE_S))
            (name,) = self._chance.choices(names, weights)
            self._say(name)
            self.done[name] += 1
            await self._all[name][1]()
            if not self._backend.is_up:  # its own failpoint has killed it
                self.done["server died between commit and answer"] += 1
                await self._backend.start()

    async def _kill_server(self) -> None:
        await self._backend.end(signal.SIGKILL)
        await asyncio.sleep(self._chance.uniform(0, 2))
        await self._backend.start()

    async def _stop_server(self) -> None:
        await self._backend.end(signal.SIGTERM)
        await self._backend.start()

    async def _freeze_server(self) -> None:
        self._backend.signal_server(signal.SIGSTOP)
        await asyncio.sleep(self._chance.uniform(0.2, 10))
        self._backend.signal_server(signal.SIGCONT)

    async def _kill_scan(self) -> None:
        self._signal_scan(signal.SIGKILL)

    async def _freeze_scan(self) -> None:
        pid = self._signal_scan(signal.SIGSTOP)
        await asyncio.sleep(self._chance.uniform(0.2, 6))
        if pid is not None:
            _signal(pid, signal.SIGCONT)

    async def _abandon_scan(self) -> None:
        """The monitor has to find out; thawed after that, if it should still be there."""
        pid = self._signal_scan(signal.SIGSTOP)
        await asyncio.sleep(self._chance.uniform(8, 14))
        if pid is not None:
            _signal(pid, signal.SIGCONT)

    async def _lock_database(self) -> None:
        with closing(
            sqlite3.connect(self._backend.data_dir / "compliance.db", timeout=1, isolation_level=None)
        ) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return  # it is locked, or its disk full, already
            await asyncio.sleep(self._chance.uniform(0.2, 8))
            other.execute("ROLLBACK")

    async def _fill_disk(self) -> None:
        try:
            self._backend.fill_disk()
            await asyncio.sleep(self._chance.uniform(0.5, 6))
        finally:
            self._backend.empty_disk()

    async def _kill_on_full_disk(self) -> None:
        try:
            self._backend.fill_disk()
            await asyncio.sleep(self._chance.uniform(0.2, 1))
            await self._backend.end(signal.SIGKILL)
        finally:
            self._backend.empty_disk()
        await self._backend.start()

    def _signal_scan(self, number: int) -> int | None:
        scans = self._backend.scans()
        pid = self._chance.choice(scans) if scans else None
        if pid is not None:
            _signal(pid, number)
        return pid


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
