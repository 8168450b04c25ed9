"""The looks that a deployment knows, and what captured pages have of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from app.domain.page_looks import KnownLook, PageLook
from app.engines.analyse.subject import SeenLook
from app.engines.model import Capture
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_DISTANCE: Final = 0.4  # docs/analysis.md has the numbers


class LooksUnavailable(Exception):
    """The looks that are known cannot be had now."""


# Returns the looks that a scan compares with, at most `MAX_KNOWN`. Raises LooksUnavailable.
LoadLooks = Callable[[], Awaitable[Sequence[KnownLook]]]


class LookBook:
    """Known looks, all in memory: 2,000 take a MB, and three milliseconds for a page."""

    def __init__(self, known: Sequence[KnownLook] = ()) -> None:
        self._known = known

    def seen(self, capture: Capture) -> SeenLook | None:
        """Return the nearest known look that a page of a third party has; None: it has none.

        Those of its own domain are no evidence about it: whatever it showed then, the rules judge what it shows now.
        """
        look = PageLook.parse(capture.look) if self._known else None
        if look is None:
            return None
        own = {capture.domain, registrable_domain(host_of(capture.final_url))}
        others = ((look.distance(known.look), known) for known in self._known if known.domain not in own)
        distance, nearest = min(others, key=lambda pair: (pair[0], not pair[1].is_own), default=(1.0, None))
        if nearest is None or distance > MAX_DISTANCE:
            return None
        return SeenLook(nearest.key, nearest.domain if nearest.is_own else "")
