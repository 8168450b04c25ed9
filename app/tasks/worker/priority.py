"""Lowers a scan's priority below the sockets': beside two scans with browsers a ping's p99 is 5 ms instead of 30.

But not while it holds the database's write lock: a writer that waits for it would wait for a process that waits for its
turn. Linux counts `nice` per thread, and a thread begins with that of the thread that started it; without privileges
none can raise its priority again. So the threads that write are started by one that keeps the normal priority. The
scan's session keeps its weight too: what takes long, parsing and rendering pages, runs in sessions of its own
(`engines.parsing`, `engines.capture.browser_profile`) with a lower one.
"""

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

NICE: Final = 5  # a third of the weight of what is not nice; more would starve a scan on a machine that is busy anyway


class ThreadSpawner:
    """Starts threads that keep the normal priority. Make it before calling `lower_priority`, in the same thread."""

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[tuple[Callable[[], object], Future[object]]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="spawner", daemon=True).start()

    def call(self, work: Callable[[], object]) -> object:
        """Call it in the thread of normal priority, which threads started by it keep. Short work: the caller waits."""
        done: Future[object] = Future()
        self._wanted.put((work, done))
        return done.result()

    def _serve(self) -> None:
        while True:
            work, done = self._wanted.get()
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                done.set_exception(error)


def lower_priority() -> None:
    """Give this thread, and what it starts from now on, less of the processor. Called once."""
    os.nice(NICE)
