"""Runs a scan's units of work one after the other in a thread, and waits for a database that is away."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection

from app.core.db import DatabaseUnavailable
from app.events.log import AppendResult
from app.events.writer import EventWriter, PreparedUnitOfWork, UnitOfWork

R = TypeVar("R")
ThreadStarter = Callable[[Callable[[], object]], object]  # calls its argument in the thread that should start threads

RETRY_S: Final = (0.1, 0.2, 0.4, 0.8, 1.0)  # pauses while the database is away; the last one repeats
# A scan leaves the write lock free for so many times as long as it had it. What is reported meanwhile
# leaves together, so it costs a violation some milliseconds, and the others find the lock free.
LEAVE_FREE: Final = 2.0
MAX_PAUSE_S: Final = 0.2
log = structlog.get_logger(__name__)


class RetryingWriter:
    """Has one thread, so that units land in the order in which they were given."""

    def __init__(self, event_writer: EventWriter, start: ThreadStarter | None = None) -> None:
        """`start` says where the thread comes from (`tasks.worker.priority`); without it, from the calling thread."""
        self._event_writer = event_writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._free_until = 0.0  # monotonic; the lock is left to others until then
        if start is not None:  # a pool makes its thread with the first work, as a child of the thread that brings it
            start(lambda: self._thread.submit(int).result())

    async def write(self, unit: UnitOfWork, give_up: asyncio.Event) -> AppendResult | None:
        """Run the same unit until the database takes or refuses it. None: refused, or `give_up` was set before."""
        for pause in chain(RETRY_S, repeat(RETRY_S[-1])):
            await asyncio.sleep(max(0.0, self._free_until - time.monotonic()))
            try:
                return await self.run(partial(self._write, unit))
            except DatabaseUnavailable as error:
                log.warning("events_wait", reason=error.message)
            with suppress(TimeoutError):
                await asyncio.wait_for(give_up.wait(), pause)
            if give_up.is_set():
                break
        return None

    async def run(self, work: Callable[[], R]) -> R:
        """Call it in the thread that writes."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """End the thread. A write that is stuck in it ends with the process."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _write(self, unit: UnitOfWork) -> AppendResult | None:
        if isinstance(unit, PreparedUnitOfWork):
            unit.prepare()
        began: float | None = None

        def timed(connection: Connection) -> AppendResult | None:
            nonlocal began
            began = time.monotonic()
            return unit(connection)

        try:
            return self._event_writer.write_sync(timed)
        finally:
            if began is not None:
                ended = time.monotonic()
                self._free_until = ended + min(MAX_PAUSE_S, LEAVE_FREE * (ended - began))
