"""robots.txt by RFC 9309: a missing file allows everything, an unavailable one forbids everything."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from protego import Protego

from app.domain.scan_facts import FetchError
from app.engines.crawl.retry_policy import is_transient
from app.engines.model import FetchResult
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher

MAX_BYTES: Final = 512 * 1024  # RFC 9309, 2.5: at least 500 KiB have to be read
MAX_REDIRECTS: Final = 5  # RFC 9309, 2.3.1.2
TIMEOUT_S: Final = 15.0
RETRY_DELAYS_S: Final = (1.0, 4.0, 10.0)
_CLIENT_ERRORS: Final = range(400, 500)
_GOOD: Final = range(200, 300)
_TOO_MANY: Final = 429  # asks to come later; it does not say that there is none
# Nothing can be fetched from such an origin at all: its URLs may fail by themselves, with their reason kept.
_LASTING: Final = frozenset({FetchError.BLOCKED, FetchError.DNS, FetchError.BAD_URL})


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """The rules of one origin for one robot."""

    parsed: Protego | None  # None: `allowed` holds for every URL
    agent: str = ""
    allowed: bool = True
    crawl_delay_s: float = 0.0
    sitemaps: tuple[str, ...] = ()  # as written
    failed: FetchResult | None = None  # the server did not say, but this: nothing may be asked for

    def allows(self, url: str) -> bool:
        """Whether the URL may be asked for."""
        return self.parsed.can_fetch(url, self.agent) if self.parsed else self.allowed


ALLOW_ALL: Final = RobotsRules(None)


def product_token(agent: str) -> str:
    """Return the name by which a robots.txt names this scanner: a user agent up to its version (RFC 9309, 2.2.1)."""
    return agent.partition("/")[0].strip()


def parse_robots(body: bytes, agent: str) -> RobotsRules:
    """Read a robots.txt; what is no robots.txt allows everything."""
    parsed = Protego.parse(body.decode("utf-8-sig", errors="replace"))
    return RobotsRules(parsed, agent, True, parsed.crawl_delay(agent) or 0.0, tuple(parsed.sitemaps))


@dataclass(kw_only=True, eq=False, repr=False)
class RobotsLoader:
    """Fetches robots.txt of an origin. Keeps nothing: the crawler asks once per origin."""

    fetcher: RateLimitedFetcher
    agent: str  # the product token that rules name, or a whole user agent that begins with it
    retry_delays_s: Sequence[float] = RETRY_DELAYS_S

    async def load(self, origin: str) -> RobotsRules:
        """Return the origin's rules, after some tries; with `failed` when none was answered properly. A host that is
        unresponsive or busy gets no second try here: the crawl comes back to it.
        """
        for delay_s in (*self.retry_delays_s, None):
            result = await self.fetcher.fetch(
                f"{origin}/robots.txt", max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, max_redirects=MAX_REDIRECTS
            )
            rules = self._judge(result)
            if rules is not None:
                return rules
            if delay_s is None or is_transient(result):
                return RobotsRules(None, allowed=False, failed=result)
            await asyncio.sleep(delay_s)
        raise AssertionError  # the last delay is None

    def _judge(self, result: FetchResult) -> RobotsRules | None:
        """Return what the answer allows; None when it cannot be relied on."""
        if result.status in _GOOD and (result.error is None or result.body):
            return parse_robots(result.body, self.agent)
        if result.error is FetchError.TOO_MANY_REDIRECTS or (result.error in _LASTING and not result.hops):
            return ALLOW_ALL
        if result.status in _CLIENT_ERRORS and result.status != _TOO_MANY:
            return ALLOW_ALL
        return None
