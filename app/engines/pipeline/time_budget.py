"""The scan's time, over all its attempts: what is spent, what is left, and what the crawl may take of it."""

from collections.abc import Callable
from typing import Final

from app.engines.ports import ScanStore

ELAPSED: Final = "elapsed_s"  # checkpoint
CAPTURE_SHARE: Final = 0.1  # of the time limit, kept from the crawl for the captures
CAPTURE_MIN_S: Final = 5.0
CAPTURE_MAX_S: Final = 300.0


class TimeBudget:
    """Seconds. An attempt that goes on from a checkpoint does not begin at zero."""

    def __init__(self, *, limit_s: float, store: ScanStore, monotonic: Callable[[], float]) -> None:
        self._limit_s = limit_s
        self._store = store
        self._monotonic = monotonic
        self._began_at = monotonic()
        self._before_s = float(store.checkpoint(ELAPSED) or 0.0)

    @property
    def spent_s(self) -> float:
        return self._before_s + self._monotonic() - self._began_at

    @property
    def left_s(self) -> float:
        return max(0.0, self._limit_s - self.spent_s)

    def crawl_limit_s(self) -> int:
        """At least one second: a crawl that may not begin cannot say what it leaves out."""
        reserve_s = min(CAPTURE_MAX_S, max(CAPTURE_MIN_S, CAPTURE_SHARE * self._limit_s))
        return max(1, int(self.left_s - reserve_s))

    def save(self) -> None:
        self._store.put_checkpoint(ELAPSED, self.spent_s)
