"""Tells threads whether the event loop turns: they live on while it hangs, and must not report that all is well."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

LOOP_SILENCE_S: Final = 20.0  # a loop that has not turned for so long hangs; no single page computes that long
TOUCH_S: Final = 1.0


class LoopWatchdog:
    """Touched by the loop, read by threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._touched_at = monotonic()

    def touch(self) -> None:
        """Note that the event loop turns."""
        self._touched_at = self._monotonic()

    async def keep_touching(self) -> None:
        """Touch once a second, until cancelled."""
        while True:
            self.touch()
            await asyncio.sleep(TOUCH_S)

    @property
    def is_turning(self) -> bool:
        return self._monotonic() - self._touched_at <= LOOP_SILENCE_S
