"""The time of a scan over all its attempts: spent, left, and available to the crawl."""

from collections.abc import Callable
from typing import Final

from app.engines.ports import ScanStore

ELAPSED: Final = "elapsed_s"  # checkpoint
CAPTURE_SHARE: Final = 0.1  # of the time limit, kept from the crawl for the captures
CAPTURE_MIN_S: Final = 5.0
CAPTURE_MAX_S: Final = 300.0
# How long a scan that has nothing else to do waits for its browser, in all: as long as the rest of it took, from
# MIN to MAX.
BROWSER_WAITED: Final = "browser_waited_s"  # checkpoint
URGENT_RENDERED: Final = "urgent_rendered"  # checkpoint
BROWSER_MIN_S: Final = 60.0
BROWSER_MAX_S: Final = 300.0
BROWSER_PAGE_S: Final = 30.0  # more for each page that violates, or that says nothing unrendered: it is worth a picture


class TimeBudget:
    """Seconds. An attempt that goes on from a checkpoint does not begin at zero."""

    def __init__(self, *, limit_s: float, store: ScanStore, monotonic: Callable[[], float]) -> None:
        self._limit_s = limit_s
        self._store = store
        self._monotonic = monotonic
        self._began_at = monotonic()
        self._before_s = float(store.checkpoint(ELAPSED) or 0.0)
        # How long it has waited for its browser and for nothing else, so far.
        self.browser_waited_s = float(store.checkpoint(BROWSER_WAITED) or 0.0)
        self._urgent_rendered = int(store.checkpoint(URGENT_RENDERED) or 0)

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

    def browser_left_s(self, urgent: int = 0) -> float:
        """Return how long it may go on waiting for its browser.

        `urgent`: number of waiting pages whose screenshot matters most. While there are any, those already rendered
        count as well, since the time they took was deducted.
        """
        pages = urgent + self._urgent_rendered if urgent else 0
        worth_s = max(BROWSER_MIN_S, self.spent_s - self.browser_waited_s) + BROWSER_PAGE_S * pages
        return max(0.0, min(BROWSER_MAX_S, worth_s) - self.browser_waited_s)

    def note_browser_wait(self, waited_s: float) -> None:
        self.browser_waited_s += waited_s

    def count_urgent_rendering(self) -> None:
        """One of the pages whose picture is worth more waits no longer."""
        self._urgent_rendered += 1

    def save(self) -> None:
        self._store.put_checkpoint(ELAPSED, self.spent_s)
        self._store.put_checkpoint(BROWSER_WAITED, self.browser_waited_s)
        self._store.put_checkpoint(URGENT_RENDERED, self._urgent_rendered)
