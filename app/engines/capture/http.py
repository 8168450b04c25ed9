"""One capture: where a host's page leads, what it says and shows, and what DNS and TLS say about it."""

import time
from dataclasses import dataclass, field, replace
from typing import Final

import ada_url

from app.engines.capture.browser import Browser, BrowserUnavailable, Rendered, RenderFailed
from app.engines.capture.pages import Document, classify
from app.engines.capture.ports import DocumentReader, Redirect
from app.engines.capture.store import ContentStore
from app.engines.capture.tls import tls_facts
from app.engines.model import (
    Capture,
    DnsAnswer,
    DnsOutcome,
    FetchError,
    FetchResult,
    Hop,
    HopKind,
    NetworkConfig,
    TlsFacts,
)
from app.engines.net.client import HttpClient
from app.engines.net.limits import HostLimits
from app.engines.net.policy import AddressPolicy, parse_address
from app.engines.net.redirects import refresh_target, request_url
from app.engines.net.resolver import Resolver
from app.engines.ports import Unreadable

MAX_HOPS: Final = 10
CHASE_TIMEOUT_S: Final = 45.0  # for a whole chain of redirects
FETCH_TIMEOUT_S: Final = 20.0
TLS_TIMEOUT_S: Final = 8.0
THIN_TEXT: Final = 200  # characters; below this what scripts draw is the page
OK_STATUSES: Final = range(200, 300)

_TEXTUAL: Final = ("text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml")
_SHOWN: Final = ("image/", "video/", "audio/", "application/pdf", "text/")  # browsers show these, as content
_PORTS: Final = {"http:": 80, "https:": 443}


_NOTHING: Final = Document("", "", has_embeds=False)


@dataclass(slots=True)
class _Chase:
    """A chain of redirects as far as it was followed."""

    hops: list[Hop] = field(default_factory=list)
    tls_endpoint: tuple[str, int] | None = None  # host and port of the first https URL that was asked
    tls_failed: bool = False  # a certificate on the way was bad; the chain went on without it
    unreadable: bool = False  # a document on the way could not be read; the chain ends there


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer with what its document says. Documents of files and of errors of ours are empty."""

    result: FetchResult
    document: Document = _NOTHING
    redirect: Redirect | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """What was captured of the content."""

    document: Document
    html: bytes
    screenshot: bytes
    final_url: str


class Capturer:
    """Captures hosts side by side; at most as many connections per address as `limits` allows.

    Without a browser there are no screenshots and no text that only scripts draw.
    """

    # Why there are no more screenshots; set when the browser is lost during the scan.
    browser_problem: str

    def __init__(
        self,
        *,
        client: HttpClient,
        resolver: Resolver,
        policy: AddressPolicy,
        config: NetworkConfig,
        store: ContentStore,
        reader: DocumentReader,
        browser: Browser | None,
        limits: HostLimits,
    ) -> None:
        self.browser_problem = ""
        self._reader = reader
        self._client = client
        self._resolver = resolver
        self._policy = policy
        self._config = config
        self._store = store
        self._browser = browser
        self._limits = limits

    async def capture(self, domain: str, host: str, url: str) -> Capture:
        """Never raises for what network and pages do. `error` and content may both be there (a bad certificate); of
        what cannot be read (`UNREADABLE`) only the bytes are kept.
        """
        chase = _Chase()
        answer = await self._chase(url, chase)
        result = answer.result
        dns = await self._resolver.trace(host) if parse_address(host) is None else None
        page = await self._page(answer, chase)
        tls = await self._tls(chase)
        text = page.document.text.encode("utf-8", "replace")
        shown = result.status > 0
        return Capture(
            domain=domain,
            host=host,
            url=url,
            final_url=page.final_url,
            status=result.status,
            hops=tuple(chase.hops),
            title=page.document.title,
            text=page.document.text,
            html_sha256=self._store.put(page.html) if page.html else "",
            text_sha256=self._store.put(text) if text else "",
            screenshot_sha256=self._store.put(page.screenshot) if page.screenshot else "",
            addresses=dns.addresses if dns is not None else (host,),
            dns=dns,
            tls=tls,
            error=FetchError.UNREADABLE if chase.unreadable else _error_of(result, chase),
            dead=await self._is_dead(dns),
            page_class=classify(page.document, status=result.status, final_url=page.final_url)
            if shown and not chase.unreadable
            else "error",
        )

    async def _chase(self, url: str, chase: _Chase) -> _Answer:
        """Follow redirects of every kind; what comes back is the last answer, the hops lie in `chase`."""
        deadline = time.monotonic() + CHASE_TIMEOUT_S
        current = url
        shown: _Answer | None = None  # the document that sent the browser on by itself
        while True:
            result = await self._ask(current, chase, timeout_s=min(FETCH_TIMEOUT_S, deadline - time.monotonic()))
            answer = await self._read(result, chase)
            hop = next_hop(result, answer.redirect)
            if hop is None:
                # A download leaves the browser on the page that started it.
                return shown if shown is not None and _is_download(result) else answer
            shown = answer if hop.kind in (HopKind.META, HopKind.SCRIPT) else shown
            chase.hops.append(hop)
            if (failure := _end_of(chase, hop, deadline)) is not None:
                return replace(answer, result=replace(result, error=failure))
            current = hop.location

    async def _read(self, result: FetchResult, chase: _Chase) -> _Answer:
        kind = result.header("content-type")
        if result.hops or not result.body or not _is_textual(kind):
            return _Answer(result)
        try:
            found = await self._reader.answer(result.body, content_type=kind, url=result.final_url)
        except Unreadable:
            chase.unreadable = True
            return _Answer(result)
        return _Answer(result, found.document, found.redirect)

    async def _ask(self, url: str, chase: _Chase, *, timeout_s: float) -> FetchResult:
        """One request in one of the address's slots; a bad certificate is looked past and remembered."""
        host, port, secure = _target_of(url)
        if secure and chase.tls_endpoint is None:
            chase.tls_endpoint = (host, port)
        _, endpoints = await self._resolver.endpoints(host, port)
        key = endpoints[0].address if endpoints else host
        async with self._limits.slot(key):
            result = await self._client.fetch(url, max_redirects=0, timeout_s=timeout_s)
            if result.error is FetchError.TLS:
                chase.tls_failed = True
                result = await self._client.fetch(url, max_redirects=0, timeout_s=timeout_s, verify=False)
        self._limits.note(key, result.status, result.header("retry-after"))
        return result

    async def _page(self, answer: _Answer, chase: _Chase) -> _Page:
        result, document = answer.result, answer.document
        html = result.body if _is_textual(result.header("content-type")) else b""
        if result.body and not html:
            document = replace(document, has_embeds=True)  # a picture or a file is content
        rendered = None if chase.unreadable else await self._render(result)
        if rendered is None:
            return _Page(document, html, b"", result.final_url)
        page = _Page(document, html, rendered.screenshot, result.final_url)
        try:
            return await self._with_rendering(page, rendered, chase, result)
        except Unreadable:
            return page  # as it came

    async def _with_rendering(self, page: _Page, rendered: Rendered, chase: _Chase, result: FetchResult) -> _Page:
        """Scripts may have drawn the page, or gone on to another one."""
        moved = request_url(rendered.final_url) not in (None, page.final_url)
        thin = len(page.document.text) < THIN_TEXT
        document = await self._reader.document(rendered.html) if moved or thin else page.document
        if moved:
            hop = Hop(page.final_url, result.status, result.address, HopKind.SCRIPT, rendered.final_url)
            chase.hops.append(hop)
        if moved or thin:
            html = rendered.html.encode("utf-8", "replace")
            title = document.title or page.document.title
            return _Page(replace(document, title=title), html, page.screenshot, rendered.final_url)
        return page

    async def _render(self, result: FetchResult) -> Rendered | None:
        if self._browser is None or not result.status:
            return None
        try:
            return await self._browser.render(result.final_url)
        except RenderFailed:
            return None  # this page only; its text is there
        except BrowserUnavailable as lost:
            self.browser_problem, self._browser = str(lost), None
            return None

    async def _tls(self, chase: _Chase) -> TlsFacts | None:
        if chase.tls_endpoint is None:
            return None
        host, port = chase.tls_endpoint
        _, endpoints = await self._resolver.endpoints(host, port)
        if not endpoints:
            return None
        return await tls_facts(
            host.strip("[]"),
            endpoints[0].address,
            endpoints[0].port,
            policy=self._policy,
            ca_file=self._config.ca_file,
            timeout_s=TLS_TIMEOUT_S,
        )

    async def _is_dead(self, dns: DnsAnswer | None) -> bool:
        """Only when every resolver that answers says so again and again; silence is no death."""
        return dns is not None and dns.outcome is DnsOutcome.NXDOMAIN and await self._resolver.is_gone(dns.name)


def _error_of(result: FetchResult, chase: _Chase) -> FetchError | None:
    return result.error or (FetchError.TLS if chase.tls_failed else None)


def _end_of(chase: _Chase, hop: Hop, deadline: float) -> FetchError | None:
    """Why the chain is not followed to this hop."""
    if request_url(hop.location) is None:
        return FetchError.BAD_URL
    if len(chase.hops) > MAX_HOPS:
        return FetchError.TOO_MANY_REDIRECTS
    return FetchError.TIMEOUT if time.monotonic() >= deadline else None


def next_hop(result: FetchResult, found: Redirect | None) -> Hop | None:
    """Where one answer (asked with `max_redirects=0`) sends a browser on, by whatever means; None: it is final.
    `found` is what its document does.
    """
    if result.hops:
        return result.hops[0]
    if result.status not in OK_STATUSES:
        return None
    target = refresh_target(result.header("refresh"), result.final_url) if result.header("refresh") else None
    if target is not None:
        return Hop(result.final_url, result.status, result.address, HopKind.REFRESH_HEADER, target)
    return None if found is None else Hop(result.final_url, result.status, result.address, *found)


def _is_textual(content_type: str) -> bool:
    """No type at all counts: browsers sniff, and such answers are nearly always pages."""
    kind = content_type.partition(";")[0].strip().lower()
    return not kind or kind in _TEXTUAL


def _is_download(result: FetchResult) -> bool:
    """Something that a browser saves instead of showing it."""
    if result.status not in OK_STATUSES:
        return False
    kind = result.header("content-type").partition(";")[0].strip().lower()
    attached = result.header("content-disposition").strip().lower().startswith("attachment")
    return attached or not (_is_textual(kind) or kind.startswith(_SHOWN))


def _target_of(url: str) -> tuple[str, int, bool]:
    """Host, port, and whether it is asked over TLS; harmless values for what is no URL: the client refuses it."""
    try:
        parsed = ada_url.URL(url)
    except (ValueError, UnicodeError):
        return "", 0, False
    secure = parsed.protocol == "https:"
    return str(parsed.hostname), int(parsed.port or _PORTS.get(str(parsed.protocol), 0)), secure
