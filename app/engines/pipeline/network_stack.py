"""Network access of a scan: one policy, one resolver and one rate limit for all stages."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from app.engines.capture.page_renderer import PageRenderer
from app.engines.lists.in_use import OpenLists
from app.engines.model import NetworkConfig
from app.engines.net.client import HttpClient
from app.engines.net.cookies import ScanCookies
from app.engines.net.egress import EgressProxy
from app.engines.net.limits import HostLimits
from app.engines.net.policy import AddressPolicy
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver
from app.engines.parsing.launch import Launch, execute
from app.engines.parsing.page_parser import PageParser
from app.engines.parsing.pool import ParserPool

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NetworkStack:
    """Everything is open while `open_network_stack` is."""

    config: NetworkConfig
    policy: AddressPolicy
    resolver: Resolver
    client: HttpClient
    limits: HostLimits
    parser: PageParser

    def fetcher(self, *, cookies: ScanCookies | None = None) -> RateLimitedFetcher:
        """Make a stage's fetcher. All of them share the limits."""
        return RateLimitedFetcher(client=self.client, limits=self.limits, resolver=self.resolver, cookies=cookies)


@asynccontextmanager
async def open_network_stack(
    config: NetworkConfig,
    *,
    target: str,
    own_domains: Sequence[str] = (),
    reads: bool = False,
    lists: OpenLists = (),
    launch_parsers: Launch = execute,
) -> AsyncIterator[NetworkStack]:
    """Opens and closes what all stages share: the network, and the processes that read what it brings.

    `own_domains`: see `Scope`; `reads`: a language model reads along; `lists`: those that the deployment names, open
    for as long as this is; `launch_parsers` starts the parent of those processes.
    """
    policy = _policy(config)
    resolver = Resolver(config=config)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(resolver.close)
        client = await stack.enter_async_context(HttpClient(config=config, policy=policy, resolver=resolver))
        pool = await stack.enter_async_context(
            ParserPool(target=target, own_domains=own_domains, reads=reads, lists=lists, launch=launch_parsers)
        )
        limits = HostLimits(per_address=config.connections_per_address)
        yield NetworkStack(config, policy, resolver, client, limits, PageParser(pool))


@asynccontextmanager
async def open_renderer(network: NetworkStack) -> AsyncIterator[PageRenderer]:
    """Chromium behind a guarded proxy of its own. Raises BrowserUnavailable."""
    async with _open_browser(network.config, network.policy, network.resolver) as browser:
        yield browser


@asynccontextmanager
async def open_browser(config: NetworkConfig) -> AsyncIterator[PageRenderer]:
    """The same without a scan, for pages of any. Raises BrowserUnavailable."""
    resolver = Resolver(config=config)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(resolver.close)
        yield await stack.enter_async_context(_open_browser(config, _policy(config), resolver))


@asynccontextmanager
async def _open_browser(
    config: NetworkConfig, policy: AddressPolicy, resolver: Resolver
) -> AsyncIterator[PageRenderer]:
    proxy = EgressProxy(policy=policy, resolver=resolver)
    async with AsyncExitStack() as stack:
        url = await proxy.start()
        stack.push_async_callback(proxy.close)
        browser = PageRenderer(
            config=config,
            proxy_url=url,
            proxy_username=proxy.username,
            proxy_password=proxy.password,
            serve=proxy.serve,
        )
        stack.push_async_callback(browser.close)
        await browser.start()
        if browser.exposure:
            log.warning(
                "browser_shares_network", reason=browser.exposure
            )  # its own switches alone lead it to the proxy
        yield browser


def _policy(config: NetworkConfig) -> AddressPolicy:
    return AddressPolicy(allow_networks=config.allow_networks, allowed_ports=config.allowed_ports)
