"""Whether the event loop turns, for threads: they live on while a loop hangs, and must not say that all is well."""

import time
from collections.abc import Callable
from typing import Final

LOOP_SILENCE_S: Final = 20.0  # a loop that has not turned for so long hangs; no single page computes that long


class LoopPulse:
    """Touched by the loop, read by threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._touched_at = monotonic()

    def touch(self) -> None:
        """The event loop turns."""
        self._touched_at = self._monotonic()

    @property
    def is_turning(self) -> bool:
        return self._monotonic() - self._touched_at <= LOOP_SILENCE_S
