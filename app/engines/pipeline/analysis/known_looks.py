"""Icons of the site itself, and foreign pages under them: looked at when everything is captured. Pages that look like
confirmed violations: known as soon as they are rendered.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from app.domain.page_looks import ICON_LOOKS
from app.domain.scan_facts import Capture
from app.engines.analyse.structure.looks import is_same
from app.engines.analyse.subject import SeenLook
from app.engines.capture.capturer import CapturedPage
from app.engines.identify.classify import UNKNOWN, classify
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.parsing.page_parser import PageParser
from app.engines.pipeline.analysis.appearance_index import AppearanceIndex
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.ports import ScanStore, Unreadable
from app.engines.urls import host_of, origin_of, resolve

MAX_OWN: Final = 10  # start pages of the site whose icons are known
MAX_ASKING: Final = 100  # foreign pages of a scan that ask people for something
MAX_ICONS: Final = 2  # of one page
MAX_BYTES: Final = 256 * 1024
TIMEOUT_S: Final = 8.0  # of one icon
MAX_IN_ALL_S: Final = 60.0  # a scan waits for icons
AT_ONCE: Final = 4
_USUAL: Final = "/favicon.ico"
_GOOD: Final = range(200, 300)


class KnownLooks:
    """`note` each captured page; `settle` when nothing is left to capture, as often as that happens."""

    def __init__(
        self,
        *,
        fetcher: RateLimitedFetcher,
        parser: PageParser,
        store: ScanStore,
        book: AppearanceIndex | None = None,
        max_in_all_s: float = MAX_IN_ALL_S,
    ) -> None:
        """`store` gets what icons of foreign pages look like; `book`: what is known to be a violation."""
        self._store = store
        self._book = book or AppearanceIndex()
        self._fetcher = fetcher
        self._parser = parser
        self._left_s = max_in_all_s
        self._own: dict[str, list[str]] = {}  # URLs of icons by host of the site, to be asked
        self._asking: dict[CaptureTarget, list[str]] = {}  # the same of foreign pages, by page
        self._own_looks: dict[str, str] = {}  # hosts of the site by look
        self._looks: dict[str, str | None] = {}  # by URL of an icon
        self._like: dict[str, list[str]] = {}  # known icons by URL of an icon that is the same picture
        self._captures: dict[CaptureTarget, Capture] = {}  # of foreign pages whose icons are asked for
        self._found: dict[CaptureTarget, str] = {}  # whose icon a page has
        self._seen: dict[CaptureTarget, SeenLook] = {}  # the same of icons that are known from confirmed pages
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._awaited: set[str] = set()  # URLs of icons while `settle` asks for them

    @property
    def awaited(self) -> int:
        """Icons that `settle` waits for."""
        return len(self._awaited)

    def own_icon_of(self, target: CaptureTarget) -> str:
        """Return the host of the site whose icon the page has, "" when it has none."""
        return self._found.get(target, "")

    def known_look_of(self, target: CaptureTarget, capture: Capture) -> SeenLook | None:
        """Return what a page of a third party looks like, of what was confirmed to be a violation; None: nothing."""
        return None if target.own else self._book.seen(capture)

    def known_icon_of(self, target: CaptureTarget) -> SeenLook | None:
        """Return whose icon a page has, of those that were confirmed to be frauds; None: nobody's."""
        return self._seen.get(target)

    def note(self, target: CaptureTarget, page: CapturedPage) -> None:
        """Take a page that was captured. Those of well-known services are never asked for their icons."""
        capture, host = page.capture, host_of(page.capture.final_url)
        if target.evidence or capture.page_class != "content" or not capture.html_sha256 or not host:
            return
        icons = _icons_of(page)
        if target.own:
            if host not in self._own and len(self._own) < MAX_OWN:
                self._own[host] = icons
        elif page.content.fields and len(self._asking) < MAX_ASKING and classify(host) == UNKNOWN:
            self._asking.setdefault(target, icons)
            self._captures.setdefault(target, capture)

    def give_up(self) -> None:
        """The time is over."""
        self._left_s = 0.0

    async def settle(self) -> list[CaptureTarget]:
        """Return the pages that were now found to have an icon of the site, or a known one."""
        new = {target: icons for target, icons in self._asking.items() if target not in self._found}
        if not new or self._left_s <= 0:
            return []
        clock = asyncio.get_running_loop().time
        began = clock()
        self._awaited = {url for icons in (*self._own.values(), *new.values()) for url in icons} - self._looks.keys()
        with suppress(TimeoutError):  # what is not known by then is not looked at
            async with asyncio.timeout(self._left_s):
                await self._look_at(url for icons in (*self._own.values(), *new.values()) for url in icons)
        self._awaited.clear()
        self._left_s -= clock() - began
        self._own_looks |= {look: host for host, icons in self._own.items() for look in self._known(icons)}
        found = {target: owner for target, icons in new.items() if (owner := self._owner_of(icons))}
        self._found |= found
        seen = {target: one for target, icons in new.items() if (one := self._known_icon(target, icons)) is not None}
        fresh = [target for target in {**found, **seen} if target in found or target not in self._seen]
        self._seen |= seen
        self._put(new)
        return fresh

    def _known_icon(self, target: CaptureTarget, icons: Iterable[str]) -> SeenLook | None:
        like = [known for url in icons for known in self._like.get(url, ())]
        return self._book.seen_icon(self._captures[target], like) if like else None

    def _put(self, asking: Mapping[CaptureTarget, Sequence[str]]) -> None:
        """Note for later scans how icons look: a page may be confirmed to be a fraud."""
        looks = {target.url: looks[0] for target, icons in asking.items() if (looks := self._known(icons))}
        if looks:
            self._store.put_checkpoint(ICON_LOOKS, {**(self._store.checkpoint(ICON_LOOKS) or {}), **looks})

    async def _look_at(self, urls: Iterable[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for url in dict.fromkeys(urls):
                if url not in self._looks:
                    group.create_task(self._ask(url))

    async def _ask(self, url: str) -> None:
        async with self._slots:
            answer = await self._fetcher.fetch(url, timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES, max_redirects=3)
        look = None
        if answer.status in _GOOD and answer.body and not answer.truncated and answer.error is None:
            with suppress(Unreadable):
                look = await self._parser.look(answer.body)
        self._looks[url] = look
        self._awaited.discard(url)
        if look is not None:
            self._like[url] = self._book.icons_like(look)

    def _known(self, icons: Iterable[str]) -> list[str]:
        return [look for url in icons if (look := self._looks.get(url)) is not None]

    def _owner_of(self, icons: Iterable[str]) -> str:
        looks = self._known(icons)
        return next((host for own, host in self._own_looks.items() if any(is_same(own, look) for look in looks)), "")


def _icons_of(page: CapturedPage) -> list[str]:
    """Return the addresses of the page's icons, the usual one when it names none."""
    base = page.capture.final_url
    named = [url for raw in page.content.icons if (url := resolve(base, raw)) is not None]
    return list(dict.fromkeys(named))[:MAX_ICONS] or [f"{origin_of(base)}{_USUAL}"]
