"""How far each stage is, as a fraction. Pure: numbers in, a number out; the sink sees to it that nothing falls."""

from typing import Final

# URLs that a site is taken to have beyond those known: the first page of a crawl is not its end.
UNSEEN_URLS: Final = 30
NOT_YET: Final = 0.99  # below the end of a stage, whatever the numbers say
DISCOVERY_SHARE: Final = 0.7  # of the crawl's fraction hangs on discovery: new hosts bring new pages


def crawl_fraction(crawled: int, known: int, discovery: float) -> float:
    """Of the crawl while it runs; `discovery` is the fraction of stage 1."""
    share = crawled / (known + UNSEEN_URLS)
    return min(NOT_YET, share * (1 - DISCOVERY_SHARE + DISCOVERY_SHARE * discovery))


def follow_fraction(done: int, total: int, leading: float) -> float:
    """Of a stage that is fed by another one, which is `leading` far."""
    return min(NOT_YET, leading * done / total) if total else 0.0
