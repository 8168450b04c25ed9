"""How much processor time is left for a document. What was found until then counts, instead of nothing at all."""

import time
from collections.abc import Callable


class CpuBudget:
    """Seconds of processor time of this process, from now on."""

    def __init__(self, limit_s: float, *, clock: Callable[[], float] = time.process_time) -> None:
        self._clock = clock
        self._end = clock() + limit_s

    @property
    def is_spent(self) -> bool:
        return self._clock() >= self._end
