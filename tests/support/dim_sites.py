"""Sites of which little can be seen, or not at once: real HTTP on 127.64.0.0/10, one behaviour each."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from tests.unit.engines.net.servers import Zone, dns_server

TARGET = "dim.example"
ADDRESS = "127.64.0.1"
FILLER = "本公司成立于一九九八年，主要生产各类水泵、阀门和管件，产品销往全国各地。" * 3
Answer = Callable[["DimSite", web.Request], Awaitable[web.StreamResponse]]


def page(body: str, status: int = 200, **headers: str) -> web.Response:
    text = f"<!doctype html><html lang=zh><title>t</title><body>{body}</body></html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(text=text, content_type="text/html", status=status, headers=named)


def article(number: int, links: str = "") -> web.Response:
    """No two say the same, so that none looks like a trap."""
    return page(f"<h1>{chr(0x4E00 + number)}</h1><p>{FILLER}第{number}号</p>{links}")


def index(count: int) -> web.Response:
    return page(FILLER + "".join(f'<a href="/p/{number}">{number}</a>' for number in range(count)))


class DimSite:
    """One site: `answer` gets every request but those for robots.txt and sitemaps, unless it wants these too."""

    def __init__(self, answer: Answer, *, robots: str = "", wants_all: bool = False) -> None:
        self._answer = answer
        self._robots = robots
        self._wants_all = wants_all
        self.asked: list[str] = []  # paths, in order
        self.cuts = 0  # requests that got no answer
        self.away_since: float | None = None  # set once `is_away` has begun
        self.settings: dict[str, Any] = {}
        self.names: list[str] = []  # that its name server was asked for

    def is_away(self, after: int, lasts_s: float) -> bool:
        """From that request on, for so long."""
        if self.away_since is None and len(self.asked) > after:
            self.away_since = time.monotonic()
        return self.away_since is not None and time.monotonic() - self.away_since < lasts_s

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if not self._wants_all and request.path in ("/robots.txt", "/sitemap.xml"):
            return web.Response(text=self._robots, status=200 if self._robots else 404)
        self.asked.append(request.path)
        return await self._answer(self, request)

    async def hang(self) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    def hang_up(self, request: web.Request) -> web.Response:
        """No answer at all: the connection is cut."""
        assert request.transport is not None
        self.cuts += 1
        request.transport.abort()
        return web.Response()


@contextlib.asynccontextmanager
async def dim_site(site: DimSite, *, others: Iterable[str] = ()) -> AsyncIterator[DimSite]:
    """`others`: names of other sites that it answers for as well."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    zone: Zone = {(name, "A"): [ADDRESS] for name in (TARGET, *others)}
    try:
        listener = web.TCPSite(runner, ADDRESS, 0)
        await listener.start()
        port = runner.addresses[0][1]
        async with dns_server(zone, ttl=60) as names:
            site.settings = {
                "COMPLIANCE_RESOLVERS": names.address,
                "COMPLIANCE_ALLOW_NETWORKS": "127.64.0.0/10",
                "COMPLIANCE_PORT_MAP": f"80={port}",
            }
            yield site
            site.names = [name for name, _ in names.questions]
    finally:
        await runner.cleanup()
