"""Which pages are compared: start pages, pages that look odd, and of all others a few of each host, spread over the
patterns of its URLs. Taken as the crawl goes on, and bounded whatever a site looks like.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, zip_longest
from typing import Any, Final, Self

from app.engines.urls import host_of

MAX_PAGES: Final = 100  # of one scan, each visited up to seven times
MAX_STARTS: Final = 60
MAX_ODD: Final = 30
INNER_PER_HOST: Final = 4
MAX_HOSTS: Final = 50  # with inner pages
MAX_LINES: Final = 1_000  # of one page that are compared
GONE: Final = "404"  # stands for the pattern of addresses where nothing is: doorways say so to all but robots


@dataclass(frozen=True, slots=True)
class SampledPage:
    """A page as the crawl saw it."""

    url: str
    is_tampered: bool = False  # it has signs of tampering, or sends visitors to another site
    lines: frozenset[int] = frozenset()  # `hash_lines` of what it said; empty: that is not known any more
    domains: frozenset[str] = frozenset()  # registrable ones that it referred to; known when `lines` are


def hash_lines(title: str, text: str) -> frozenset[int]:
    """Return by what the lines of a page are known again in this process."""
    return frozenset(map(hash, (title, *text.split("\n")[:MAX_LINES])))


class PageSample:
    """Takes pages, and says which of them are to be compared."""

    def __init__(self) -> None:
        self._starts: dict[str, SampledPage] = {}
        self._odd: dict[str, SampledPage] = {}
        self._inner: dict[str, dict[str, SampledPage]] = {}  # by host and pattern

    def offer(
        self,
        url: str,
        pattern: str,
        make: Callable[[], SampledPage],
        *,
        is_start: bool = False,
        is_odd: bool = False,
    ) -> bool:
        """Take the page, or not; `make` describes it when it is taken. `pattern`: what its URL has in common with its
        like. Returns whether it was taken.
        """
        if is_start and len(self._starts) < MAX_STARTS:
            self._starts[url] = make()
        elif is_odd and len(self._odd) < MAX_ODD:
            self._odd[url] = make()
        else:
            return self._offer_inner(url, pattern, make)
        return True

    def _offer_inner(self, url: str, pattern: str, make: Callable[[], SampledPage]) -> bool:
        host = host_of(url)
        if host not in self._inner and len(self._inner) >= MAX_HOSTS:
            return False
        of_host = self._inner.setdefault(host, {})
        if pattern in of_host or len(of_host) >= INNER_PER_HOST + (pattern == GONE):
            return False
        of_host[pattern] = make()
        return True

    def pages(self) -> list[SampledPage]:
        """Return those to be compared, the most telling first, hosts in turn; each URL once."""
        in_turn = zip_longest(*(of_host.values() for of_host in self._inner.values()))
        inner = (page for turn in in_turn for page in turn if page is not None)
        found = {page.url: page for page in chain(self._starts.values(), self._odd.values(), inner)}
        return list(islice(found.values(), MAX_PAGES))

    def to_json(self) -> list[list[Any]]:
        """Return what `from_json` reads: [sort, pattern, URL, whether it is tampered with] of each page."""
        return [[sort, pattern, page.url, page.is_tampered] for sort, pattern, page in self._all()]

    @classmethod
    def from_json(cls, stored: list[list[Any]]) -> Self:
        sample = cls()
        for sort, pattern, url, is_tampered in stored:
            make = partial(SampledPage, url, is_tampered=is_tampered)
            sample.offer(url, pattern, make, is_start=sort == "start", is_odd=sort == "odd")
        return sample

    def _all(self) -> Iterator[tuple[str, str, SampledPage]]:
        yield from (("start", "", page) for page in self._starts.values())
        yield from (("odd", "", page) for page in self._odd.values())
        for of_host in self._inner.values():
            yield from (("inner", pattern, page) for pattern, page in of_host.items())
