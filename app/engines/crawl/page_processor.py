"""What one answer means for the crawl. Pure: an answer in, facts and further URLs out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from app.domain.reference_kinds import redirect_kind
from app.domain.scan_facts import FetchError, FrontierUrl, Hop, HopKind, PageFact, Reference, Relation, UrlState
from app.engines.documents.kinds import container_of
from app.engines.documents.links import DocumentFacts
from app.engines.extract.page import Extraction
from app.engines.model import FetchResult
from app.engines.net.client import Headers
from app.engines.parsing.page_parser import PageParser, SheetSource
from app.engines.ports import Unreadable
from app.engines.scope import Scope
from app.engines.urls import host_of, host_of_serialised, normalise, origin_of

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
_PAGES: Final = _HTML | _XML
_READABLE: Final = _PAGES | {_SHEET}
_MAY_BE_READABLE: Final = _READABLE | _UNDECLARED
_GOOD: Final = range(200, 300)
_SCHEME: Final = len("https://")  # a host follows, so that of "http://" the next slash is behind it, too
_BEGINNINGS: Final = (
    b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<!--", b"<?xml", b"<title", b"<meta", b"<link",
    b"<style", b"<table", b"<div", b"<iframe", b"<font", b"<h1", b"<br", b"<p", b"<a ", b"<b>", b"<svg", b"<rss",
    b"<feed", b"<center",
)  # fmt: skip
_SNIFFED: Final = 1_024  # bytes that are looked at when the type is not declared


@dataclass(frozen=True, slots=True)
class ProcessedPage:
    """What one answer brings."""

    state: UrlState
    page: PageFact | None = None  # None: a style sheet
    extraction: Extraction | None = None  # of a HTML document, error pages included
    references: tuple[Reference, ...] = ()  # to foreign hosts
    hops: tuple[Hop, ...] = ()
    links: tuple[str, ...] = ()  # in scope, one step further away
    same_depth: tuple[str, ...] = ()  # in scope, at the same distance
    hosts: tuple[str, ...] = ()  # own hosts that were named
    document: DocumentFacts | None = None  # of a PDF or Office document; `page` is no page then
    unreadable: str = ""  # why the body could not be read (`Unreadable.reason`)


@dataclass(kw_only=True, eq=False, repr=False)
class PageProcessor:
    """Reads answers. Foreign is what has another registrable domain than the target."""

    scope: Scope
    parser: PageParser

    async def read(
        self, item: FrontierUrl, depth: int, result: FetchResult, sheets: SheetSource | None = None
    ) -> ProcessedPage:
        """Read one answer; what cannot be read is in the result, never raised.

        `depth`: the distance known now; `sheets` has the style sheets that a page names.
        """
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
            return ProcessedPage(UrlState.FAILED, page)
        if result.hops:
            return self._redirect(page, result.hops)
        try:
            if page.content_type == _SHEET:
                return await self._sheet(item.url, result)
            if is_html(result):
                return await self._document(page, result, sheets)
            if page.status in _GOOD and container_of(result.body) is not None:
                return await self._file(page, result)
        except Unreadable as failure:
            return ProcessedPage(UrlState.DONE, replace(page, error=FetchError.UNREADABLE), unreadable=failure.reason)
        return ProcessedPage(UrlState.DONE, page)

    def _redirect(self, page: PageFact, hops: tuple[Hop, ...]) -> ProcessedPage:
        """Take references from every hop that leads away, further URLs from the last."""
        away = tuple(
            Reference(page.url, hop.location, hop.location, Relation.REDIRECT, redirect_kind(hop.kind.value))
            for hop in hops
            if self._is_foreign(hop.location)
        )
        target = hops[-1].location
        return ProcessedPage(
            UrlState.DONE,
            page,
            references=away,
            hops=hops,
            same_depth=self._in_scope([target]),
            hosts=self._named([host_of(target)]),
        )

    async def _sheet(self, url: str, result: FetchResult) -> ProcessedPage:
        """Read a style sheet; imported ones are as near as the one that imports them."""
        found = await self.parser.sheet(result.body, url=url)
        return ProcessedPage(
            UrlState.DONE,
            references=tuple(reference for reference in found if self._is_foreign(reference.url)),
            same_depth=self._in_scope(reference.url for reference in found if reference.kind == "css:import"),
            hosts=self._named({host_of(reference.url) for reference in found}),
        )

    async def _document(self, page: PageFact, result: FetchResult, sheets: SheetSource | None) -> ProcessedPage:
        found = await self.parser.page(result.body, url=page.url, headers=result.headers, sheets=sheets)
        good = page.status in _GOOD
        # What broke off is no page, but what its beginning names is as true as that of any other.
        # A page's `nofollow` changes nothing: it is about ranking in search engines; robots.txt alone is about access.
        return ProcessedPage(
            UrlState.DONE,
            replace(
                page,
                title=found.title,
                charset=found.charset,
                parsed=good and page.error is None and _is_page(result),
                truncated=page.truncated or found.overflowed,
            ),
            found,
            references=tuple(found.references),
            hops=tuple(_own_hops(page, found, result.address)),
            links=self._in_scope(_links(found), page.url) if good else (),
            same_depth=self._in_scope(_same_depth(found)) if good else (),
            hosts=self._named(found.own_hosts),
        )

    async def _file(self, page: PageFact, result: FetchResult) -> ProcessedPage:
        """Read a document that is no page: what is wrong with it is no fault of the site's."""
        try:
            found = await self.parser.links(result.body, url=page.url)
        except Unreadable as failure:
            found = DocumentFacts(kind="", problem=failure.reason)
        return ProcessedPage(
            UrlState.DONE,
            replace(page, title=found.title),
            references=found.references,
            links=self._in_scope(found.links),
            hosts=self._named(found.own_hosts),
            document=found,
        )

    def _is_foreign(self, url: str) -> bool:
        host = host_of(url)
        return bool(host) and url.startswith(("http:", "https:")) and not self.scope.is_own(host)

    def _in_scope(self, urls: Iterable[str], page_url: str = "") -> tuple[str, ...]:
        """Return those in scope without fragments; `page_url`: of a page that was asked for, so that is in scope."""
        inside: dict[str, bool] = {}  # by origin: most links of a page share a few
        home = f"{origin_of(page_url)}/" if page_url else "-"  # no URL begins with a dash
        found = []
        for url in urls:
            if url.startswith(home):
                found.append(url.partition("#")[0] if "#" in url else url)
                continue
            if not url.startswith(("http:", "https:")):
                continue
            origin = url[: url.index("/", _SCHEME)]
            if origin not in inside:
                inside[origin] = self.scope.contains(host_of_serialised(url))
            if inside[origin]:
                found.append(url.partition("#")[0])
        return tuple(found)

    def _named(self, hosts: Iterable[str]) -> tuple[str, ...]:
        return tuple(host for host in hosts if host and self.scope.contains(host))


def media_type(headers: Headers) -> str:
    """Return the media type alone, lower case; "" when none is declared."""
    for name, value in headers:
        if name == "content-type":
            return _media_type_in(value)
    return ""


@lru_cache(maxsize=64)
def _media_type_in(declared: str) -> str:
    return declared.partition(";")[0].strip().lower()


def is_readable(headers: Headers) -> bool:
    """Whether the body is declared to be something that is read: a page or a style sheet."""
    return media_type(headers) in _READABLE


def may_be_readable(headers: Headers) -> bool:
    """Whether the body is declared to be read, or nothing is declared."""
    return media_type(headers) in _MAY_BE_READABLE


def is_html(result: FetchResult) -> bool:
    """Whether a browser would show it as a page: by its type, without one by how it begins."""
    declared = media_type(result.headers)
    if declared not in _UNDECLARED:
        return declared in _PAGES
    start = result.body[:_SNIFFED].lstrip().lower()
    return start.startswith(_BEGINNINGS)


def _is_page(result: FetchResult) -> bool:
    """Whether the document is a page: XML only when its root is that of one."""
    return media_type(result.headers) not in _XML or b"<html" in result.body[:_SNIFFED].lower()


def _links(found: Extraction) -> list[str]:
    """Without where the page sends the browser by itself: as a plain link that would have no hops to count, and a chain
    of such pages no end.
    """
    sent = {normalise(url) for url in (found.meta_refresh, found.script_location) if url}
    return [url for url in found.links if normalise(url) not in sent] if sent else list(found.links)


def _same_depth(found: Extraction) -> Iterator[str]:
    """Yield URLs that lie no step further away: redirects of the document, its canonical address, its sheets."""
    for url in (found.meta_refresh, found.script_location, found.canonical):
        if url:
            yield url
    yield from found.stylesheets


def _own_hops(page: PageFact, found: Extraction, address: str) -> Iterator[Hop]:
    """Yield the redirects that the document itself makes."""
    if found.meta_refresh:
        yield Hop(page.url, page.status, address, HopKind.META, found.meta_refresh)
    if found.script_location:
        yield Hop(page.url, page.status, address, HopKind.SCRIPT, found.script_location)
