"""Sitemap files (sitemaps.org protocol), plain, packed and nested."""

import gzip
from collections.abc import Iterable

from testnet.documents import asset
from testnet.model import Resource

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def sitemap(path: str, host: str, paths: Iterable[str]) -> Resource:
    return asset(path, write_urls(host, paths), "application/xml")


def gzip_sitemap(path: str, host: str, paths: Iterable[str]) -> Resource:
    """A file that is itself packed: no Content-Encoding."""
    return asset(path, gzip.compress(write_urls(host, paths).encode(), mtime=0), "application/gzip")


def sitemap_index(path: str, host: str, paths: Iterable[str]) -> Resource:
    rows = "".join(f"<sitemap><loc>https://{host}{item}</loc></sitemap>" for item in paths)
    return asset(path, f"{HEAD}<sitemapindex {SPACE}>{rows}</sitemapindex>", "application/xml")


def write_urls(host: str, paths: Iterable[str]) -> str:
    rows = "".join(f"<url><loc>https://{host}{item}</loc></url>" for item in paths)
    return f"{HEAD}<urlset {SPACE}>{rows}</urlset>"
