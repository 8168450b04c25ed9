"""Writes units from a scan's process, one after the other in a thread, and waits for a database that is away."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, repeat
from typing import Final, Protocol

import structlog

from app.core.db import DatabaseUnavailable
from app.events.journal import Unit
from app.events.log import Place

RETRY_S: Final = (0.1, 0.2, 0.4, 0.8, 1.0)  # pauses while the database is away; the last one repeats
log = structlog.get_logger(__name__)


class EventWriter(Protocol):
    """`events.journal.Journal`, as far as a thread needs it."""

    def write_sync(self, unit: Unit) -> Place | None: ...


class UnitWriter:
    """One thread, so that units land in the order in which they were given."""

    def __init__(self, journal: EventWriter) -> None:
        self._journal = journal
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    async def write(self, unit: Unit, give_up: asyncio.Event) -> Place | None:
        """Runs the same unit until the database takes or refuses it. None: refused, or `give_up` was set before."""
        for pause in chain(RETRY_S, repeat(RETRY_S[-1])):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.write_sync, unit)
            except DatabaseUnavailable as error:
                log.warning("events_wait", reason=error.message)
            with suppress(TimeoutError):
                await asyncio.wait_for(give_up.wait(), pause)
            if give_up.is_set():
                break
        return None

    def close(self) -> None:
        """Ends the thread. A write that is stuck in it ends with the process."""
        self._thread.shutdown(wait=False, cancel_futures=True)
