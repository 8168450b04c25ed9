"""The runner of a server that has workers elsewhere: it only wakes them.

What waits stands in the database, and workers claim it there. A task that begins to wait is one message, at once; what
nobody was told of (a requeue, a server that died, a queue that was emptied) is found by the one server that holds the
lease, every few seconds; and what still waits after a minute is a message again, unless enough of them wait already.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from app.core.aio import end_tasks
from app.core.clock import Clock
from app.core.db import Database, DatabaseUnavailable
from app.core.errors import Unavailable
from app.core.lease import Lease
from app.scans.queries import queue
from app.tasks.dispatch.ports import Wakeups

LOOK_S: Final = 2.0
AGAIN_AFTER_S: Final = 60.0  # delivery.md: what stays pending so long is dispatched again
MAX_MESSAGES: Final = 50  # at once; a worker that was woken goes on until nothing waits
log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class CeleryRunner:
    """Fulfils `scans.ports.ScanRunner`, and `monitor.service.WorkerControl`. Event loop only."""

    db: Database
    wakeups: Wakeups
    lease: Lease
    clock: Clock
    look_s: float = LOOK_S
    again_after_s: float = AGAIN_AFTER_S

    def __post_init__(self) -> None:
        self._asked = 0  # messages that are to be sent
        self._woken = asyncio.Event()
        self._told_at: dict[
            tuple[str, int], float
        ] = {}  # monotonic, by task and attempt: when workers were woken for it
        self._running: asyncio.Task[None] | None = None
        self._sends = True

    def wake(self) -> None:
        self._asked = min(self._asked + 1, MAX_MESSAGES)
        self._woken.set()

    def cancel(self, task_id: str) -> None:
        """The worker hears of it with the event itself, by the hint of the task's owner."""

    async def start(self) -> None:
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="celery-runner")

    async def stop(self) -> None:
        if self._running is not None:
            await end_tasks([self._running])
            self._running = None

    async def kill(self, task_id: str) -> bool:  # noqa: ARG002 - the port's
        """No process is known here: an attempt that is taken over is fenced, whatever its process still does."""
        return False

    def is_responsive(self, task_id: str) -> bool:  # noqa: ARG002 - the port's
        """Only the heartbeat tells."""
        return False

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self.run_once()
            except Unavailable as error:
                self._note(error)
            except Exception:
                log.exception("runner_round_failed")  # the next one comes
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self.look_s)

    async def run_once(self) -> None:
        """Send what was asked for, and look for what nobody was told of. Raises Unavailable, DatabaseUnavailable."""
        asked, self._asked = self._asked, 0
        if asked:
            await self._send(asked)
        if await self.lease.is_held():
            await self._dispatch()

    async def _dispatch(self) -> None:
        rows = await self.db.read(lambda connection: queue.pending(connection, MAX_MESSAGES))
        now = self.clock.monotonic()
        waiting = [(row.id, row.attempt) for row in rows]
        self._told_at = {key: at for key, at in self._told_at.items() if key in waiting}
        due = [key for key in waiting if now - self._told_at.get(key, float("-inf")) >= self.again_after_s]
        if not due:
            return
        missing = min(len(due), MAX_MESSAGES) - await asyncio.to_thread(self.wakeups.count_waiting)
        if missing > 0:
            await asyncio.to_thread(self.wakeups.send, missing)
            log.info("workers_woken", messages=missing, waiting=len(waiting))
        self._told_at |= dict.fromkeys(due, now)
        self._note(None)

    async def _send(self, asked: int) -> None:
        """Send so many, but no more than may wait: nobody takes them while there is no worker."""
        room = MAX_MESSAGES - await asyncio.to_thread(self.wakeups.count_waiting)
        if room > 0:
            await asyncio.to_thread(self.wakeups.send, min(asked, room))
        self._note(None)

    def _note(self, error: Unavailable | None) -> None:
        """Log when it begins to fail, and when that is over."""
        if isinstance(error, DatabaseUnavailable):
            log.warning("runner_waits", reason=error.message)
        elif error is not None and self._sends:
            log.warning("workers_not_woken", reason=error.message)
            self._sends = False
        elif error is None and not self._sends:
            log.info("workers_woken_again")
            self._sends = True
