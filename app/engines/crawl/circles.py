"""Redirects that come back to where they began: with a cookie set on the way that is no circle, but how a site asks for
cookies.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from app.engines.crawl.frontier import Frontier
from app.engines.crawl.ports import Cookies

MAX_REASKED: Final = 2  # times that one redirect is asked again


class Circles:
    """Asks a redirect again when a later one leads back to it and a cookie was set since."""

    def __init__(self, frontier: Frontier, cookies: Cookies | None) -> None:
        """`cookies` None: nothing is ever asked again."""
        self._frontier = frontier
        self._cookies = cookies
        self._moved_at: dict[int, int] = {}  # by id of a redirect: the cookies' version when it was asked
        self._reasked: Counter[int] = Counter()

    @property
    def version(self) -> int:
        """Of the cookies, to be remembered when a URL is asked."""
        return self._cookies.version if self._cookies else 0

    def close(self, url_id: int, targets: Iterable[str], version: int) -> None:
        """The URL was asked at that version, and is a redirect to these."""
        self._moved_at[url_id] = version
        for url in targets:
            known = self._frontier.find(url)
            if known is None or self._moved_at.get(known.id, self.version) >= self.version:
                continue
            if self._reasked[known.id] < MAX_REASKED:
                self._reasked[known.id] += 1
                self._frontier.ask_again(url)
