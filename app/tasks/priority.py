"""A scan works with what the sockets leave: beside two scans with browsers a ping's p99 is 5 ms instead of 30.

But not while it holds the database's write lock: whoever waits for that would wait for a process that waits for its
turn. Linux counts `nice` thread by thread, and a thread begins with that of the one that made it. So the threads that
write are made by one that never stepped back; without privileges nobody comes forward again. For the same reason the
scan's session keeps its weight: what takes long, reading and drawing pages, has sessions of its own, which step back
(`engines.reading`, `engines.capture.chromium`).
"""

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

NICE: Final = 5  # a third of the weight of what is not nice; more would starve a scan on a machine that is busy anyway
Starter = Callable[[Callable[[], object]], object]


class Foreground:
    """Makes threads that have not stepped back. To be made before `step_back`, by the thread that will."""

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[tuple[Callable[[], object], Future[object]]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="foreground", daemon=True).start()

    def call(self, work: Callable[[], object]) -> object:
        """Calls it in the foreground; a thread that it makes stays there. Short work only: the caller waits."""
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


def step_back() -> None:
    """Let this thread, and what it starts from now on, have less of the processor. Called once."""
    os.nice(NICE)
