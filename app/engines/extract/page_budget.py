"""How much processor time a page has: after a part of it references are no longer described, after more none is read.

The process that reads a page is ended when its time is over, and all that it had found is lost. So a page of 60,000
links is not read to its end on a slow machine, but its first references count.
"""

import time
from collections.abc import Callable
from typing import Final

from app.engines.documents.cpu_budget import CpuBudget

DESCRIBED_S: Final = 0.8  # after which a reference is its URL alone: a hundred times as many are read in the same time
READ_S: Final = 1.2  # after which no more references are read
JUDGED_S: Final = 1.4  # after which nothing else is asked of the page; `pool.CPU_S` is when the process is ended


class PageBudget:
    """The processor time of this process, from now on."""

    def __init__(
        self,
        described_s: float = DESCRIBED_S,
        read_s: float = READ_S,
        judged_s: float = JUDGED_S,
        *,
        clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._describing, self._reading, self._judging = (
            CpuBudget(limit_s, clock=clock) for limit_s in (described_s, read_s, judged_s)
        )

    @classmethod
    def endless(cls) -> "PageBudget":
        """Return one that is never spent: for pages of our own."""
        forever = float("inf")
        return cls(forever, forever, forever)

    @property
    def describes(self) -> bool:
        """Whether there is time to say where a reference stands, and whether it is seen."""
        return not self._describing.is_spent

    @property
    def reads(self) -> bool:
        """Whether there is time for more references."""
        return not self._reading.is_spent

    @property
    def judges(self) -> bool:
        """Whether there is time to look for signs of tampering."""
        return not self._judging.is_spent
