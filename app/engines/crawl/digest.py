"""What one answer means for the crawl. Pure: an answer in, facts and further URLs out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from app.engines.crawl.ports import Extraction, Headers, Reader
from app.engines.model import (
    FetchError,
    FetchResult,
    FrontierUrl,
    Hop,
    HopKind,
    PageFact,
    Reference,
    Relation,
    UrlState,
)
from app.engines.ports import Unreadable
from app.engines.scope import Scope
from app.engines.urls import host_of, host_of_serialised, normalise

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
# Browsers show these too, with their links; they count as pages when they are XHTML.
_XML: Final = frozenset(
    {
        "application/xml",
        "text/xml",
        "image/svg+xml",
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
    }
)
_UNDECLARED: Final = frozenset({"", "*/*", "unknown/unknown", "application/unknown"})  # as the MIME sniffing standard
_SHEET: Final = "text/css"
_READABLE: Final = _HTML | _XML | {_SHEET}
_GOOD: Final = range(200, 300)
_BEGINNINGS: Final = (
    b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<!--", b"<?xml", b"<title", b"<meta", b"<link",
    b"<style", b"<table", b"<div", b"<iframe", b"<font", b"<h1", b"<br", b"<p", b"<a ", b"<b>", b"<svg", b"<rss",
    b"<feed", b"<center",
)  # fmt: skip
_SNIFFED: Final = 1_024  # bytes that are looked at when the type is not declared


@dataclass(frozen=True, slots=True)
class Digest:
    """Everything that one answer brings."""

    state: UrlState
    page: PageFact | None = None  # None: a style sheet
    extraction: Extraction | None = None  # of a HTML document, error pages included
    references: tuple[Reference, ...] = ()  # to foreign hosts
    hops: tuple[Hop, ...] = ()
    links: tuple[str, ...] = ()  # in scope, one step further away
    same: tuple[str, ...] = ()  # in scope, at the same distance
    hosts: tuple[str, ...] = ()  # own hosts that were named
    unreadable: str = ""  # why the body could not be read (`Unreadable.reason`)


class Digester:
    """Reads answers. Foreign is what has another registrable domain than the target."""

    def __init__(self, *, scope: Scope, reader: Reader) -> None:
        self._scope = scope
        self._reader = reader

    async def read(self, item: FrontierUrl, depth: int, result: FetchResult) -> Digest:
        """`depth` is the item's distance as it is known now. What cannot be read is told, never raised."""
        page = PageFact(
            url=item.url,
            depth=depth,
            status=result.status,
            content_type=media_type(result.headers),
            size=len(result.body),
            error=result.error,
            duration_ms=result.duration_ms,
            truncated=result.truncated and bool(result.body),  # a body that was not wanted has no beginning either
        )
        if not result.status:
            return Digest(UrlState.FAILED, page)
        if result.hops:
            return self._redirect(page, result.hops)
        try:
            if page.content_type == _SHEET:
                return await self._sheet(item.url, result)
            if is_html(result):
                return await self._document(page, result)
        except Unreadable as failure:
            return Digest(UrlState.DONE, replace(page, error=FetchError.UNREADABLE), unreadable=failure.reason)
        return Digest(UrlState.DONE, page)

    def _redirect(self, page: PageFact, hops: tuple[Hop, ...]) -> Digest:
        """References come from every hop that leads away, further URLs from the last."""
        away = tuple(
            Reference(page.url, hop.location, hop.location, Relation.REDIRECT, f"redirect:{hop.kind.value}")
            for hop in hops
            if self._is_foreign(hop.location)
        )
        target = hops[-1].location
        return Digest(
            UrlState.DONE,
            page,
            references=away,
            hops=hops,
            same=self._in_scope([target]),
            hosts=self._named([host_of(target)]),
        )

    async def _sheet(self, url: str, result: FetchResult) -> Digest:
        """Imported sheets are as near as the one that imports them."""
        found = await self._reader.sheet(result.body, url=url)
        return Digest(
            UrlState.DONE,
            references=tuple(reference for reference in found if self._is_foreign(reference.url)),
            same=self._in_scope(reference.url for reference in found if reference.kind == "css:import"),
            hosts=self._named({host_of(reference.url) for reference in found}),
        )

    async def _document(self, page: PageFact, result: FetchResult) -> Digest:
        found = await self._reader.page(result.body, url=page.url, headers=result.headers)
        good = page.status in _GOOD
        # What broke off is no page, but what its beginning names is as true as that of any other.
        # A page's `nofollow` is no bar: it speaks to search engines about ranking; access is robots.txt's business.
        return Digest(
            UrlState.DONE,
            replace(
                page, title=found.title, charset=found.charset, parsed=good and page.error is None and _is_page(result)
            ),
            found,
            references=tuple(found.references),
            hops=tuple(_own_hops(page, found, result.address)),
            links=self._in_scope(_links(found)) if good else (),
            same=self._in_scope(_beside(found)) if good else (),
            hosts=self._named(found.own_hosts),
        )

    def _is_foreign(self, url: str) -> bool:
        host = host_of(url)
        return bool(host) and url.startswith(("http:", "https:")) and not self._scope.is_own(host)

    def _in_scope(self, urls: Iterable[str]) -> tuple[str, ...]:
        contains = self._scope.contains
        return tuple(
            url.partition("#")[0]
            for url in urls
            if url.startswith(("http:", "https:")) and contains(host_of_serialised(url))
        )

    def _named(self, hosts: Iterable[str]) -> tuple[str, ...]:
        return tuple(host for host in hosts if host and self._scope.contains(host))


def media_type(headers: Headers) -> str:
    """The media type alone, lower case; "" when none is declared."""
    declared = next((value for name, value in headers if name == "content-type"), "")
    return declared.partition(";")[0].strip().lower()


def is_readable(headers: Headers) -> bool:
    """Whether the body is declared to be something that is read: a page or a style sheet."""
    return media_type(headers) in _READABLE


def may_be_readable(headers: Headers) -> bool:
    """The same, with the benefit of the doubt where nothing is declared."""
    return media_type(headers) in _UNDECLARED | _READABLE


def is_html(result: FetchResult) -> bool:
    """Whether a browser would show it as a page: by its type, without one by how it begins."""
    declared = media_type(result.headers)
    if declared not in _UNDECLARED:
        return declared in _HTML | _XML
    start = result.body[:_SNIFFED].lstrip().lower()
    return start.startswith(_BEGINNINGS)


def _is_page(result: FetchResult) -> bool:
    """Of what is read: XML only when its root is that of a page."""
    return media_type(result.headers) not in _XML or b"<html" in result.body[:_SNIFFED].lower()


def _links(found: Extraction) -> list[str]:
    """Without where the page sends the browser by itself: as a plain link that would have no hops to count, and a chain
    of such pages no end.
    """
    sent = {normalise(url) for url in (found.meta_refresh, found.script_location) if url}
    return [url for url in found.links if normalise(url) not in sent] if sent else list(found.links)


def _beside(found: Extraction) -> Iterator[str]:
    """URLs that lie no step further away: where the document sends the browser, what else it is called, its sheets."""
    for url in (found.meta_refresh, found.script_location, found.canonical):
        if url:
            yield url
    yield from found.stylesheets


def _own_hops(page: PageFact, found: Extraction, address: str) -> Iterator[Hop]:
    """Redirects that the document itself makes."""
    if found.meta_refresh:
        yield Hop(page.url, page.status, address, HopKind.META, found.meta_refresh)
    if found.script_location:
        yield Hop(page.url, page.status, address, HopKind.SCRIPT, found.script_location)
