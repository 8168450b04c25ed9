"""The crawl with the real client, limits, extraction and store, over real sockets."""

import asyncio
import gzip
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from app.domain.scan_facts import Relation
from app.engines.crawl.crawler import Crawler
from app.engines.discover.discovery import Discovery
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.net.client import HttpClient
from app.engines.net.limits import HostLimits
from app.engines.net.policy import AddressPolicy
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver
from app.engines.scope import Scope
from tests.support.parsing import page_parser
from tests.support.referred_hosts import referred_hosts

ADDRESS = "127.64.7.1"


class Site:
    """Pages by path; counts how many requests are answered at the same time."""

    def __init__(self) -> None:
        self.pages: dict[str, web.Response | str | bytes] = {}
        self.asked: list[str] = []
        self.running = self.most_running = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(request.path_qs)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(0.001)
        self.running -= 1
        found = self.pages.get(request.path_qs)
        if found is None:
            return web.Response(status=404)
        if isinstance(found, tuple):
            return web.Response(status=302, headers={"Location": found[0]})
        kind = "application/gzip" if isinstance(found, bytes) else "text/html"
        return web.Response(body=found if isinstance(found, bytes) else found.encode(), content_type=kind)


@asynccontextmanager
async def served(site):
    runner = web.ServerRunner(web.Server(site.answer))
    await runner.setup()
    listener = web.TCPSite(runner, ADDRESS, 0)
    await listener.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture
def site():
    return Site()


async def scan(site, store, sink, **config):
    async with served(site) as port:
        network = NetworkConfig(
            resolvers=(f"{ADDRESS}:1",),  # nobody listens: refused at once
            allow_networks=("127.64.0.0/10",),
            static_hosts={"a.test": (ADDRESS, port)},
        )
        policy = AddressPolicy(allow_networks=network.allow_networks, allowed_ports=(80, 443, port))
        resolver, limits, scope = Resolver(config=network), HostLimits(), Scope("a.test")
        settings = ScanConfig("a.test", use_passive_sources=False, **config)
        async with HttpClient(config=network, policy=policy, resolver=resolver) as client:
            fetcher = RateLimitedFetcher(client=client, limits=limits, resolver=resolver)
            discovery = Discovery(
                scope=scope,
                resolver=resolver,
                fetcher=fetcher,
                sink=sink,
                config=network,
                scan=settings,
                words=(),
            )
            crawler = Crawler(
                scope=scope,
                store=store,
                fetcher=fetcher,
                parser=page_parser(),
                sink=sink,
                scan=settings,
                agent=network.user_agent,
                on_host_named=discovery.offer,
            )

            async def on_host(fact):
                store.put_host(fact)
                crawler.add_host(fact)

            async with asyncio.timeout(30), asyncio.TaskGroup() as group:
                group.create_task(discovery.run(on_host))
                group.create_task(crawler.run(hosts_settled=lambda: discovery.is_settled))
        await resolver.close()
    return crawler


async def test_discovery_and_crawl_work_together(site, store, sink):
    site.pages |= {
        "/": '<a href="/1.html">1</a><a href="/go">go</a><a href="http://nowhere.a.test/">?</a><img src="//x.test/i">',
        "/1.html": '<meta charset="gbk"><title>\u9875</title><a href="/file.zip">z</a>',
        "/go": ("https://evil.test/",),
        "/file.zip": b"PK" + b"x" * 3_000_000,
        "/sitemap.xml": gzip.compress(b"<urlset><url><loc>http://a.test/orphan</loc></url></urlset>"),
        "/orphan": "<p>orphan",
    }
    crawler = await scan(site, store, sink)
    assert crawler.pages == 3
    assert [host.name for host in store.hosts() if host.addresses] == ["a.test"]
    assert referred_hosts(store) == [("evil.test", 1), ("x.test", 1)]
    relations = {reference.relation for reference in store.references() if "evil.test" in reference.url}
    assert relations == {Relation.REDIRECT}
    assert crawler._fetcher.received < 100_000


async def test_never_more_than_four_requests_run_at_one_address(site, store, sink):
    site.pages["/"] = "".join(f'<a href="/{number}">x</a>' for number in range(200))
    site.pages |= {f"/{number}": f"<p>{number}" + chr(0x4E00 + number) for number in range(200)}
    crawler = await scan(site, store, sink)
    assert crawler.pages == 201
    assert site.most_running <= 4


async def test_every_page_is_asked_for_once(site, store, sink):
    for number in range(60):
        links = "".join(f'<a href="/{(number * k + 1) % 60}">x</a>' for k in range(1, 9))
        site.pages[f"/{number}"] = f"<p>{chr(0x4E00 + number)}{links}"
    site.pages["/"] = '<a href="/0">0</a>'
    await scan(site, store, sink, max_depth=99)
    asked = [path for path in site.asked if path[1:].isdigit()]
    assert len(asked) == len(set(asked))
    assert len(asked) > 30
