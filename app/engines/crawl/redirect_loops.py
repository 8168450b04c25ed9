"""Redirects that come back to where they began: with a cookie set on the way that is no loop, but how a site asks for
cookies.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from app.engines.crawl.frontier import Frontier
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher

MAX_REASKED: Final = 2  # times that one redirect is asked again


class RedirectLoops:
    """Asks a redirect again when a later one leads back to it and a cookie was set since."""

    def __init__(self, frontier: Frontier, fetcher: RateLimitedFetcher) -> None:
        """Without cookies in the `fetcher` nothing is ever asked again."""
        self._frontier = frontier
        self._fetcher = fetcher
        self._moved_at: dict[int, int] = {}  # by id of a redirect: the cookies' version when it was asked
        self._reasked: Counter[int] = Counter()

    def note_redirect(self, url_id: int, targets: Iterable[str], version: int) -> None:
        """Note that the URL, asked at that version of the cookies, is a redirect to these."""
        self._moved_at[url_id] = version
        now = self._fetcher.cookies_version
        for url in targets:
            known = self._frontier.find(url)
            if known is None or self._moved_at.get(known.id, now) >= now:
                continue
            if self._reasked[known.id] < MAX_REASKED:
                self._reasked[known.id] += 1
                self._frontier.reopen(url)
