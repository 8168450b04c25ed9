"""The scan's way to the network: one policy, one resolver and one politeness for all stages."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app.engines.capture.browser import Browser, BrowserUnavailable
from app.engines.model import NetworkConfig
from app.engines.net.client import HttpClient
from app.engines.net.egress import EgressProxy
from app.engines.net.limits import HostLimits
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from app.engines.reading.pool import ReadingPool
from app.engines.reading.reader import PageReader


@dataclass(frozen=True, slots=True)
class Equipment:
    """Everything is open while `open_equipment` is."""

    config: NetworkConfig
    policy: AddressPolicy
    resolver: Resolver
    client: HttpClient
    limits: HostLimits
    reader: PageReader


@asynccontextmanager
async def open_equipment(config: NetworkConfig, *, target: str, language: str) -> AsyncIterator[Equipment]:
    """Opens and closes what all stages share: the network, and the processes that read what it brings."""
    policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=config.allowed_ports)
    resolver = Resolver(config=config)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(resolver.close)
        client = await stack.enter_async_context(HttpClient(config=config, policy=policy, resolver=resolver))
        pool = await stack.enter_async_context(ReadingPool(target=target, language=language))
        limits = HostLimits(per_address=config.connections_per_address)
        yield Equipment(config, policy, resolver, client, limits, PageReader(pool))


@asynccontextmanager
async def open_browser(equipment: Equipment) -> AsyncIterator[Browser]:
    """Chromium behind a guarded proxy of its own. Raises BrowserUnavailable."""
    proxy = EgressProxy(policy=equipment.policy, resolver=equipment.resolver, config=equipment.config)
    async with AsyncExitStack() as stack:
        url = await proxy.start()
        stack.push_async_callback(proxy.close)
        browser = Browser(
            config=equipment.config, proxy_url=url, proxy_username=proxy.username, proxy_password=proxy.password
        )
        stack.push_async_callback(browser.close)
        await browser.start()
        yield browser


__all__ = ["BrowserUnavailable", "Equipment", "open_browser", "open_equipment"]
