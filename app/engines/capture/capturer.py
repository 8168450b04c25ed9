"""One capture: redirects and content of a host's page, with its DNS and TLS data."""

import time
from dataclasses import dataclass, field, replace
from typing import Final

import ada_url

from app.domain.scan_facts import Capture, DnsAnswer, DnsOutcome, FetchError, Hop, HopKind, TlsFacts
from app.engines.capture.page_class import ERROR_FROM, classify
from app.engines.capture.scan_contents import ScanContents
from app.engines.capture.tls import tls_facts
from app.engines.html.page_content import EMPTY, PageContent
from app.engines.html.redirects import Redirect, refresh_target
from app.engines.model import FetchResult, NetworkConfig
from app.engines.net.policy import AddressPolicy, parse_address
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver
from app.engines.parsing.page_parser import PageParser
from app.engines.ports import Unreadable
from app.engines.urls import request_url

MAX_HOPS: Final = 10
REDIRECTS_TIMEOUT_S: Final = 45.0  # for a whole chain of redirects
FETCH_TIMEOUT_S: Final = 20.0
TLS_TIMEOUT_S: Final = 8.0
OK_STATUSES: Final = range(200, 300)

_TEXTUAL: Final = ("text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml")
_TOLD: Final = ("application/json", "application/problem+json")  # in which services say that nothing is there
_SHOWN: Final = ("image/", "video/", "audio/", "application/pdf", "text/")  # browsers show these, as content
_PORTS: Final = {"http:": 80, "https:": 443}


@dataclass(frozen=True, slots=True)
class CapturedPage:
    """A capture with what its document says."""

    capture: Capture
    content: PageContent = EMPTY  # empty where there is no document, and where it could not be parsed


@dataclass(slots=True)
class _RedirectChain:
    """A chain of redirects as far as it was followed."""

    hops: list[Hop] = field(default_factory=list)
    tls_endpoint: tuple[str, int] | None = None  # host and port of the first https URL that was asked
    tls_failed: bool = False  # a certificate on the way was bad; the chain went on without it
    unreadable: bool = False  # a document on the way could not be read; the chain ends there
    source: bytes = b""  # the first address's own document, when that sent the browser on
    source_charset: str = ""
    last: FetchResult | None = None  # the answer with which it ends; None: it was not followed to its end

    def add(self, hop: Hop, answer: "_Answer") -> None:
        """Go one step further. Of a redirect by HTTP the body is no document: nobody ever sees it."""
        if not self.hops and hop.kind is not HopKind.HTTP:
            self.source, self.source_charset = answer.result.body, answer.content.charset
        self.hops.append(hop)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer with what its document says. Its content is empty for files and for what could not be parsed."""

    result: FetchResult
    content: PageContent = EMPTY
    redirect: Redirect | None = None


class Capturer:
    """Captures hosts side by side; at most as many connections per address as the fetcher's limits allow."""

    def __init__(
        self,
        *,
        fetcher: RateLimitedFetcher,
        resolver: Resolver,
        policy: AddressPolicy,
        config: NetworkConfig,
        contents: ScanContents,
        parser: PageParser,
    ) -> None:
        self._parser = parser
        self._fetcher = fetcher
        self._resolver = resolver
        self._policy = policy
        self._config = config
        self._contents = contents

    async def capture(self, domain: str, host: str, url: str) -> CapturedPage:
        """Never raises for what network and pages do. `error` and content may both be there (a bad certificate); of
        what cannot be parsed (`UNREADABLE`) only the bytes are kept.
        """
        chain, asked_at = _RedirectChain(), time.time()
        answer = await self._follow_redirects(url, chain)
        result, content = answer.result, answer.content
        is_address = parse_address(host) is not None
        dns = None if is_address or self._resolver.is_blocked(host) else await self._resolver.trace(host)
        tls = await self._tls(chain)
        html = result.body if _is_document(result) else b""
        text = content.text.encode("utf-8", "replace")
        # A picture or a file is content as well.
        seen = content if html or not result.body else replace(content, has_embeds=True)
        source = chain.source if chain.source != html else b""
        is_shown = result.status > 0 and not chain.unreadable
        capture = Capture(
            domain=domain,
            host=host,
            url=url,
            final_url=result.final_url,
            status=result.status,
            hops=tuple(chain.hops),
            title=content.title,
            charset=content.charset,
            html_sha256=await self._contents.put(html) if html else "",
            text_sha256=await self._contents.put(text) if text else "",
            addresses=dns.addresses if dns is not None else (host,) if is_address else (),
            dns=dns,
            tls=tls,
            error=FetchError.UNREADABLE if chain.unreadable else _error_of(result, chain),
            dead=await self._is_dead(dns),
            page_class=classify(seen, status=result.status, final_url=result.final_url) if is_shown else "error",
            captured_at=asked_at,
            source_sha256=await self._contents.put(source) if source else "",
            source_charset=chain.source_charset if source else "",
            last_status=chain.last.status if chain.last else 0,
            last_address=chain.last.address if chain.last else "",
        )
        return CapturedPage(capture, content)

    async def _follow_redirects(self, url: str, chain: _RedirectChain) -> _Answer:
        """Follow redirects of every kind; what comes back is the last answer, the hops lie in `chain`."""
        deadline = time.monotonic() + REDIRECTS_TIMEOUT_S
        current = url
        shown: _Answer | None = None  # the document that sent the browser on by itself
        while True:
            result = await self._ask(current, chain, timeout_s=min(FETCH_TIMEOUT_S, deadline - time.monotonic()))
            answer = await self._read(result, chain)
            hop = next_hop(result, answer.redirect)
            if hop is None:
                chain.last = result
                # A download leaves the browser on the page that started it.
                return shown if shown is not None and _is_download(result) else answer
            shown = answer if hop.kind in (HopKind.META, HopKind.SCRIPT) else shown
            chain.add(hop, answer)
            if (failure := _end_of(chain, hop, deadline)) is not None:
                return replace(answer, result=replace(result, error=failure))
            current = hop.location

    async def _read(self, result: FetchResult, chain: _RedirectChain) -> _Answer:
        kind = result.header("content-type")
        if result.hops or not result.body or not _is_document(result):
            return _Answer(result)
        try:
            content, redirect = await self._parser.answer(result.body, content_type=kind, url=result.final_url)
        except Unreadable:
            chain.unreadable = True
            return _Answer(result)
        return _Answer(result, content, redirect)

    async def _ask(self, url: str, chain: _RedirectChain, *, timeout_s: float) -> FetchResult:
        """One request; a bad certificate is looked past and remembered."""
        host, port, secure = _target_of(url)
        if secure and chain.tls_endpoint is None:
            chain.tls_endpoint = (host, port)
        result = await self._fetcher.fetch(url, max_redirects=0, timeout_s=timeout_s)
        if result.error is FetchError.TLS:
            chain.tls_failed = True
            result = await self._fetcher.fetch(url, max_redirects=0, timeout_s=timeout_s, verify=False)
        return result

    async def _tls(self, chain: _RedirectChain) -> TlsFacts | None:
        if chain.tls_endpoint is None:
            return None
        host, port = chain.tls_endpoint
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
        """Only when every resolver that answers says so again and again; no answer proves nothing."""
        return dns is not None and dns.outcome is DnsOutcome.NXDOMAIN and await self._resolver.is_gone(dns.name)


def _error_of(result: FetchResult, chain: _RedirectChain) -> FetchError | None:
    return result.error or (FetchError.TLS if chain.tls_failed else None)


def _end_of(chain: _RedirectChain, hop: Hop, deadline: float) -> FetchError | None:
    """Why the chain is not followed to this hop."""
    if request_url(hop.location) is None:
        return FetchError.BAD_URL
    if len(chain.hops) > MAX_HOPS:
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
    target = refresh_target(result.header("refresh"), result.final_url, result.final_url)
    if target is not None:
        return Hop(result.final_url, result.status, result.address, HopKind.REFRESH_HEADER, target)
    return None if found is None else Hop(result.final_url, result.status, result.address, *found)


def _is_document(result: FetchResult) -> bool:
    """Whether the body is to be read."""
    kind = result.header("content-type").partition(";")[0].strip().lower()
    return _is_textual(kind) or (result.status >= ERROR_FROM and kind in _TOLD)


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
