"""Sitemaps (sitemaps.org protocol): plain lists, XML, indexes, gzip. Read without an XML parser: no entity is ever
expanded, and broken files still give what they hold.
"""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from app.engines.crawl.ports import Fetcher, Reader
from app.engines.crawl.ports import Sitemap as Listing
from app.engines.extract.entities import unescape
from app.engines.ports import Unreadable
from app.engines.urls import resolve

MAX_BYTES: Final = 50 * 1024 * 1024  # the protocol's own limit for one file, unpacked
MAX_URLS: Final = 50_000  # the protocol's own limit for one file
MAX_FILES: Final = 50  # of one origin
MAX_NESTING: Final = 3
TIMEOUT_S: Final = 30.0
AT_ONCE: Final = 1_000  # URLs that are handed on in one go: 20 ms
_GZIP: Final = b"\x1f\x8b"
_LOCATION: Final = re.compile(r"<(?:\w{1,30}:)?loc\b[^<>]{0,200}>\s*+(?:<!\[CDATA\[)?+([^<\]]{1,4096})", re.IGNORECASE)
_INDEX: Final = re.compile(r"<(?:\w{1,30}:)?sitemapindex\b", re.IGNORECASE)
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Sitemap:
    """One file: the URLs it lists, which are sitemaps themselves when it is an index."""

    urls: tuple[str, ...]
    is_index: bool = False


def parse_sitemap(body: bytes, *, url: str) -> Sitemap:
    """Reads a file that was fetched from `url`. Never raises; what is no sitemap lists nothing."""
    text = _unpack(body).decode("utf-8-sig", errors="replace")
    start = text[:2_000].lstrip()
    found = _LOCATION.findall(text) if start.startswith("<") else start and text.splitlines()
    absolute = (resolve(url, unescape(entry.strip())) for entry in found[:MAX_URLS] if _is_entry(entry))
    return Sitemap(tuple(filter(None, absolute)), is_index=_INDEX.search(start) is not None)


def _is_entry(line: str) -> bool:
    """Relative URLs are not allowed in sitemaps, but common; a line of prose is no URL."""
    stripped = line.strip()
    return bool(stripped) and stripped.startswith(("http://", "https://", "/"))


def _unpack(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        return unpacker.decompress(body, MAX_BYTES)
    except zlib.error:
        return b""


class SitemapReader:
    """Follows sitemaps from their roots to the pages."""

    def __init__(self, *, client: Fetcher, reader: Reader, may_ask: Callable[[str], bool]) -> None:
        """`may_ask` decides about each sitemap's URL (scope, robots.txt)."""
        self._client = client
        self._reader = reader
        self._may_ask = may_ask

    async def read(self, roots: Iterable[str], on_urls: Callable[[tuple[str, ...]], Awaitable[None]]) -> int:
        """Hands on the pages of every sitemap; how many files were read. Each file is asked for once."""
        waiting = [(url, 1) for url in dict.fromkeys(roots)]
        seen: set[str] = set()
        read = 0
        while waiting and len(seen) < MAX_FILES:
            url, nesting = waiting.pop(0)
            if url in seen or not self._may_ask(url):
                continue
            seen.add(url)
            sitemap = await self._fetch(url)
            if sitemap is None:
                continue
            read += 1
            if not sitemap.is_index:
                for start in range(0, len(sitemap.urls), AT_ONCE):
                    await on_urls(tuple(sitemap.urls[start : start + AT_ONCE]))
                    await asyncio.sleep(0)
            elif nesting < MAX_NESTING:
                waiting += [(nested, nesting + 1) for nested in sitemap.urls[:MAX_FILES]]
        return read

    async def _fetch(self, url: str) -> Listing | None:
        result = await self._client.fetch(
            url, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, max_redirects=MAX_NESTING, may_follow=self._may_ask
        )
        if result.status != _OK or result.error is not None:
            return None
        try:
            return await self._reader.sitemap(result.body, url=result.final_url)
        except Unreadable:
            return None  # as one that is not there
