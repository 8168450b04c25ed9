"""The event loop of a worker in a thread of its own: Celery's threads only wait for it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, Final, TypeVar

from app.core.aio import end_tasks
from app.tasks.supervisor.scan_worker import ScanWorker

T = TypeVar("T")

START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 20.0  # the worker's own patience, twice, and some


class WorkerThread:
    """Fulfils `scan_tasks.WaitingScans`. All methods block, and may be called from any thread but the loop's."""

    def __init__(self, make_worker: Callable[[Sequence[str], int], ScanWorker]) -> None:
        """`make_worker` is told which queues it takes work from, and how much at once."""
        self._make_worker = make_worker
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scan-worker", daemon=True)
        self._worker: ScanWorker | None = None  # between `start` and `stop`

    def start(self, *, queues: Sequence[str], concurrency: int) -> None:
        self._thread.start()
        self._worker = self._make_worker(queues, concurrency)
        self._call(self._worker.start(), START_TIMEOUT_S)

    def run_waiting(self) -> int:
        """See `ScanWorker`."""
        worker = self._worker
        if worker is None:
            return 0
        try:
            return self._call(worker.run_waiting(), None)
        except CancelledError:  # by `stop`, which has waited long enough
            return 0

    def wake_browser(self) -> None:
        """See `RenderWorker.wake`; returns at once."""
        worker = self._worker
        if worker is not None and worker.renders is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(worker.renders.wake)

    def stop(self) -> None:
        """Claim nothing more, end the scans from their checkpoints, and wait for that. May be called twice."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        self._call(worker.stop(), STOP_TIMEOUT_S)
        self._call(_end_the_rest(), STOP_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_TIMEOUT_S)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T], timeout_s: float | None) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)


async def _end_the_rest() -> None:
    """A database that does not answer may still be waited for, and a thread of Celery for the one who waits."""
    await end_tasks(asyncio.all_tasks() - {asyncio.current_task()})
