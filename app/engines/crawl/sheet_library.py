"""Style sheets of the site and of well-known services, each asked for once: pages are read with them, for styles hide
links.

A sheet is asked for when the first page that names it is read, in its turn like all requests and if robots.txt allows
it. Its answer is kept for the frontier, which knows the URL as soon as the page is read. Sheets of a well-known service
are asked for as a browser does, which knows no robots.txt. Of a sheet only the rules that
bear on hiding are kept, for this attempt; a later attempt asks again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from app.engines.crawl.page_processor import is_readable, may_be_readable, media_type
from app.engines.crawl.robots_gate import RobotsGate
from app.engines.crawl.url_patterns import is_binary
from app.engines.identify.classify import serves_sheets
from app.engines.model import FetchResult
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.parsing.page_parser import PageParser, SheetRules
from app.engines.ports import Unreadable
from app.engines.scope import Scope
from app.engines.urls import host_of, normalise

MAX_SHEETS: Final = 64  # of one scan, imported ones included; a large site has some twenty
MAX_FOREIGN: Final = 16  # of these on hosts of others
FOREIGN_TIMEOUT_S: Final = 8.0  # pages wait for it
MAX_BYTES: Final = 1024 * 1024  # of one sheet; frameworks have a quarter of that
MAX_WAITING: Final = 16 * 1024 * 1024  # bytes of answers that wait for the frontier
MAX_RULES: Final = 4 * 1024 * 1024  # characters of all rules: some 25,000, which a process takes up in 0.2 s
MAX_IMPORTS: Final = 10  # of one sheet
MAX_NESTING: Final = 2  # of imports: a theme imports another one that imports what both rest on
MAX_REDIRECTS: Final = 3
_SHEET: Final = "text/css"
_GOOD: Final = range(200, 300)


class SheetLibrary:
    """Knows the rules of the sheets by URL."""

    def __init__(self, *, scope: Scope, fetcher: RateLimitedFetcher, robots: RobotsGate, parser: PageParser) -> None:
        self._scope = scope
        self._fetcher = fetcher
        self._robots = robots
        self._parser = parser
        # Digests by URL as a page names it; None as long as there is nothing, and when nothing came.
        self.known: dict[str, Sequence[str] | None] = {}
        self._rules: dict[str, str] = {}  # by digest
        self._tasks: dict[str, asyncio.Task[SheetRules | None]] = {}
        self._answers: dict[str, FetchResult] = {}  # by normalised URL
        self._foreign = 0  # sheets of others that were asked for
        self._waiting = 0  # bytes of these
        self._rules_size = 0  # characters

    def within(self, group: asyncio.TaskGroup) -> "GroupSheets":
        """Return the library for pages of which `group` carries the requests."""
        return GroupSheets(self, group)

    def text_of(self, digest: str) -> str:
        return self._rules[digest]

    def take_answer(self, url: str) -> FetchResult | None:
        """Return what the URL was answered, once: nobody has to ask it again."""
        result = self._answers.pop(normalise(url), None) if self._answers else None
        if result is not None:
            self._waiting -= len(result.body)
        return result

    async def fetch(self, urls: Sequence[str], group: asyncio.TaskGroup) -> None:
        """Get the sheets that are not known yet, and those that they import."""
        for url in urls:
            self._start(url, group)
        for url in urls:
            texts = await self._texts_of(url, group, nesting=0)
            digests = [self._keep(text) for text in texts]
            self.known[url] = [digest for digest in digests if digest] if texts and None not in digests else None

    async def _texts_of(self, url: str, group: asyncio.TaskGroup, *, nesting: int) -> list[str]:
        """Return the rules of a sheet after those of what it imports; none when it did not come."""
        if (rules := await self._rules_of(url)) is None:
            return []
        imports = [item for item in rules.imports if self._may_ask(item)][:MAX_IMPORTS]
        if nesting >= MAX_NESTING:
            imports = []
        for imported in imports:
            self._start(imported, group)
        texts = [text for item in imports for text in await self._texts_of(item, group, nesting=nesting + 1)]
        return [*texts, rules.text]

    def _start(self, url: str, group: asyncio.TaskGroup) -> None:
        if url not in self._tasks and len(self._tasks) < MAX_SHEETS and self._may_ask(url):
            is_foreign = not self._is_own(url)
            if not is_foreign or self._foreign < MAX_FOREIGN:
                self._foreign += is_foreign
                self._tasks[url] = group.create_task(self._load(url, group))
        self.known.setdefault(url, None)

    def _is_own(self, url: str) -> bool:
        return self._scope.is_own(host_of(url))

    def _may_ask(self, url: str) -> bool:
        return self._is_own(url) or serves_sheets(host_of(url))

    async def _rules_of(self, url: str) -> SheetRules | None:
        task = self._tasks.get(url)
        return None if task is None else await asyncio.shield(task)

    def _keep(self, text: str) -> str | None:
        """Return the digest, None when there is no room."""
        digest = sha256(text.encode()).hexdigest()[:32]
        if digest not in self._rules:
            if self._rules_size + len(text) > MAX_RULES:
                return None
            self._rules[digest] = text
            self._rules_size += len(text)
        return digest

    async def _load(self, url: str, group: asyncio.TaskGroup) -> SheetRules | None:
        """Return the rules, None when there is no such sheet."""
        result = await self._ask(url, group)
        if result is None or result.status not in _GOOD or result.error is not None:
            return None
        if media_type(result.headers) != _SHEET:
            return None  # as browsers do
        try:
            return await self._parser.rules(result.body, url=result.url)
        except Unreadable:
            return None

    async def _ask(self, url: str, group: asyncio.TaskGroup) -> FetchResult | None:
        """Return the answer behind redirects to hosts that may be asked."""
        for _ in range(MAX_REDIRECTS + 1):
            if not self._is_own(url):
                return await self._ask_other(url)
            rules = await self._robots.rules(url, group)
            if rules.failed is not None or not rules.allows(url):
                return None
            wants_body = is_readable if is_binary(url) else may_be_readable  # as the frontier, which takes the answer
            result = await self._fetcher.fetch(url, max_redirects=0, max_bytes=MAX_BYTES, wants_body=wants_body)
            self._remember(url, result)
            if not result.hops:
                return result
            url = result.hops[-1].location
            if not self._is_own(url):
                return None
        return None

    async def _ask_other(self, url: str) -> FetchResult | None:
        """Return the answer of a well-known service, behind redirects to such."""
        for _ in range(MAX_REDIRECTS + 1):
            result = await self._fetcher.fetch(
                url, max_redirects=0, max_bytes=MAX_BYTES, wants_body=is_readable, timeout_s=FOREIGN_TIMEOUT_S
            )
            if not result.hops:
                return result
            url = result.hops[-1].location
            if not serves_sheets(host_of(url)):
                return None
        return None

    def _remember(self, url: str, result: FetchResult) -> None:
        is_cut = result.truncated and bool(result.body)  # a body that was not wanted has no beginning either
        if not is_cut and self._scope.contains(host_of(url)) and self._waiting + len(result.body) <= MAX_WAITING:
            self._answers[normalise(url)] = result
            self._waiting += len(result.body)


class GroupSheets:
    """The library as pages are read with it."""

    def __init__(self, library: SheetLibrary, group: asyncio.TaskGroup) -> None:
        self._library = library
        self._group = group

    @property
    def known(self) -> Mapping[str, Sequence[str] | None]:
        return self._library.known

    def text_of(self, digest: str) -> str:
        return self._library.text_of(digest)

    async def fetch(self, urls: Sequence[str]) -> None:
        await self._library.fetch(urls, self._group)
