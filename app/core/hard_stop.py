"""The end of a process that does not come to its end by itself."""

import os
import threading
from collections.abc import Callable
from typing import Final

import structlog

HARD_STOP_CODE: Final = 1  # of a process that had to be ended: not in order
log = structlog.get_logger(__name__)


class HardStop:
    """A limit for an orderly end, kept by a thread: whatever hangs is most likely what would keep a limit of its own.

    Nothing is lost with it: what was acknowledged is in the database, scans see their pipe close and leave a
    checkpoint, and clients come back with their positions.
    """

    def __init__(self, *, after_s: float, end: Callable[[int], object] = os._exit) -> None:
        self._after_s = after_s
        self._end = end
        self._timer: threading.Timer | None = None  # from `begin` to `cancel`

    def begin(self) -> None:
        """Start the time limit for the shutdown. Only the first call counts."""
        if self._timer is None:
            self._timer = threading.Timer(self._after_s, self._stop)
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Stop the time limit: the shutdown is complete."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop(self) -> None:
        log.error("hard_stop", after_s=self._after_s)
        self._end(HARD_STOP_CODE)
