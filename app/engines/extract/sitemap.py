"""Sitemaps (sitemaps.org protocol): plain lists, XML, indexes, gzip. Read without an XML parser: no entity is ever
expanded, and broken files still give what they hold.
"""

import re
import zlib
from dataclasses import dataclass
from typing import Final

from app.engines.extract.entities import unescape_html
from app.engines.urls import resolve

MAX_BYTES: Final = 50 * 1024 * 1024  # the protocol's own limit for one file, unpacked
MAX_URLS: Final = 50_000  # the protocol's own limit for one file
_GZIP: Final = b"\x1f\x8b"
_LOCATION: Final = re.compile(r"<(?:\w{1,30}:)?loc\b[^<>]{0,200}>\s*+(?:<!\[CDATA\[)?+([^<\]]{1,4096})", re.IGNORECASE)
_INDEX: Final = re.compile(r"<(?:\w{1,30}:)?sitemapindex\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """One file: the URLs it lists, which are sitemaps themselves when it is an index."""

    urls: tuple[str, ...]
    is_index: bool = False


def parse_sitemap(body: bytes, *, url: str) -> Sitemap:
    """Read a file that was fetched from `url`. Never raises; what is no sitemap lists nothing."""
    text = _unpack(body).decode("utf-8-sig", errors="replace")
    start = text[:2_000].lstrip()
    found = _LOCATION.findall(text) if start.startswith("<") else start and text.splitlines()
    absolute = (resolve(url, unescape_html(entry.strip())) for entry in found[:MAX_URLS] if _is_entry(entry))
    return Sitemap(tuple(filter(None, absolute)), is_index=_INDEX.search(start) is not None)


def _is_entry(line: str) -> bool:
    """Whether the line is a URL. Relative ones are not allowed in sitemaps, but common."""
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
