"""The looks that a deployment knows, and what captured pages have of them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from app.domain.page_looks import KnownLook, PageLook
from app.domain.scan_facts import Capture
from app.engines.analyse.structure.looks import is_same
from app.engines.analyse.subject import SeenLook
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_DISTANCE: Final = 0.4  # docs/analysis.md has the numbers


class LooksUnavailable(Exception):
    """The looks that are known cannot be had now."""


# Returns the looks that a scan compares with, at most `MAX_KNOWN`. Raises LooksUnavailable.
LoadLooks = Callable[[], Awaitable[Sequence[KnownLook]]]


class AppearanceIndex:
    """Known looks, all in memory: 2,000 take a MB, and three milliseconds for a page."""

    def __init__(self, known: Sequence[KnownLook] = ()) -> None:
        self._known = [(known_look.look, known_look) for known_look in known if known_look.look is not None]
        self._icons: dict[str, list[KnownLook]] = {}
        for known_look in known:
            if known_look.icon:
                self._icons.setdefault(known_look.icon, []).append(known_look)

    def seen(self, capture: Capture) -> SeenLook | None:
        """Return the nearest known look that a page of a third party has; None: it has none.

        Those of its own domain are no evidence about it: whatever it showed then, the rules judge what it shows now.
        """
        look = PageLook.parse(capture.look) if self._known else None
        if look is None:
            return None
        own = _domains_of(capture)
        others = ((look.distance(known), one) for known, one in self._known if one.domain not in own)
        distance, nearest = min(others, key=lambda pair: (pair[0], not pair[1].is_own), default=(1.0, None))
        if nearest is None or distance > MAX_DISTANCE:
            return None
        return _told(nearest)

    def icons_like(self, icon: str) -> list[str]:
        """Return the known icons that are the same picture: half a millisecond for 2,000."""
        return [known for known in self._icons if is_same(known, icon)]

    def seen_icon(self, capture: Capture, icons: Iterable[str]) -> SeenLook | None:
        """Return whose icon a page has, of those that `icons_like` gave for its own; None: nobody else's."""
        own = _domains_of(capture)
        found = (item for icon in icons for item in self._icons[icon] if item.domain not in own)
        nearest = min(found, key=lambda one: not one.is_own, default=None)
        return None if nearest is None else _told(nearest)


def _domains_of(capture: Capture) -> set[str]:
    return {capture.domain, registrable_domain(host_of(capture.final_url))}


def _told(known: KnownLook) -> SeenLook:
    return SeenLook(known.key, known.domain if known.is_own else "")
