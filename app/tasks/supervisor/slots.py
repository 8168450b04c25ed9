"""The slots of a worker: how many scans it runs at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from app.core.clock import Clock

UNASKED_LOOK_S: Final = 30.0
log = structlog.get_logger(__name__)


class Slots:
    """Of one event loop."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken = 0
        self._asked_anew = False  # while all were taken

    @property
    def has_free(self) -> bool:
        return self._taken < self._count

    async def work(self, run_next: Callable[[], Awaitable[bool]]) -> int:
        """Take a slot, call `run_next` in it until it finds nothing (False), and return how often it found something.

        Where all slots are taken, return 0 at once: none of them is given up before what waits now was looked at.
        """
        if not self.has_free:
            self._asked_anew = True
            return 0
        self._taken += 1
        try:
            return await self._run_all(run_next)
        finally:
            self._taken -= 1

    async def _run_all(self, run_next: Callable[[], Awaitable[bool]]) -> int:
        count = 0
        while True:
            self._asked_anew = False
            if await run_next():
                count += 1
            elif not self._asked_anew:
                return count


async def look_unasked(slots: Slots, run_waiting: Callable[[], Awaitable[int]], clock: Clock) -> None:
    """Have a free slot look at what waits every half minute, although no message has come, until cancelled.

    A message may lie with a worker that froze before it came; a connection to the queue may be dead without an error.
    """
    async with asyncio.TaskGroup() as group:
        while True:
            await clock.sleep(UNASKED_LOOK_S)
            if slots.has_free:
                group.create_task(_run_unasked(run_waiting))


async def _run_unasked(run_waiting: Callable[[], Awaitable[int]]) -> None:
    try:
        if count := await run_waiting():
            log.info("scans_run_unasked", scans=count)
    except Exception:
        log.exception("unasked_look_failed")  # the next one comes
