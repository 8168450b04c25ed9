"""Measures the time spent waiting without other work, independently of the machine's speed."""

import time
from collections.abc import Callable, Hashable


class IdleClock:
    """Counts the time between two looks with no work between them, however far apart they come."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._looked_at = 0.0
        self._work: Hashable = None  # as of the last look; None: before the first, or there was something to do
        # In all.
        self.waited_s = 0.0

    def look(self, work: Hashable) -> None:
        """Note that there is nothing else to do. `work` changes with whatever was done since; None: there is something
        to do, or something else is waited for.
        """
        now = self._monotonic()
        if work is not None and work == self._work:
            self.waited_s += now - self._looked_at
        self._looked_at, self._work = now, work
