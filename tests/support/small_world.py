"""A site of some twenty pages with third parties, on real sockets of 127.64.0.0/10, slow enough to be interrupted."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

from tests.unit.engines.net.servers import Zone, dns_server, http_server, response

TARGET = "corp.example"
REFERRING_PAGE = "http://corp.example/p/3"  # it has the hidden link
BETS = "网上赌场 首存送彩金 真人荷官 百家乐 时时彩投注平台 线上娱乐城 注册送彩金 北京赛车"
FILLER = "本公司成立于一九九八年，主要生产各类水泵、阀门和管件，产品销往全国各地。" * 8
PAGES = 12
ADDRESS = "127.64.0.1"


def html(title: str, body: str) -> bytes:
    return f"<!doctype html><html lang=zh><title>{title}</title><body>{body}</body></html>".encode()


def documents() -> dict[tuple[str, str], bytes]:
    """(host, path) to content. Each page adds a line of its own, so that none looks like a trap."""
    links = "".join(f'<a href="/p/{n}">第{n}页</a>' for n in range(1, PAGES + 1))
    found: dict[tuple[str, str], bytes] = {
        (TARGET, "/"): html("主页", f'{FILLER}{links}<a href="http://bad-bets.example/">合作伙伴</a>'),
        (f"www.{TARGET}", "/"): html(
            "门户", f"{FILLER}<script src='http://cdn.shared.example/slider.min.js'></script>"
        ),
        ("bad-bets.example", "/"): html("娱乐城", f"<p>{BETS}</p>" * 3),
        ("hidden-bets.example", "/"): html("赌场", f"<p>{BETS}</p>" * 3),
        ("news.example", "/"): html("新闻", f"<p>{FILLER}</p>"),
        ("cdn.shared.example", "/"): html("cdn", "<p>static files are served from here</p>"),
    }
    for number in range(1, PAGES + 1):
        extra = {
            3: '<div style="display:none"><a href="http://hidden-bets.example/">友情链接</a></div>',
            5: '<a href="http://news.example/">新闻</a>',
        }.get(number, "")
        found[(TARGET, f"/p/{number}")] = html(
            f"第{number}页", f"<p>{FILLER}第{number}号产品，编号{number}。</p>{extra}"
        )
    return found


class SmallWorld:
    """What was asked for, and the settings that reach it."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.delay_s = 0.08
        self.silent: set[str] = set()  # paths that are never answered
        self.settings: dict[str, Any] = {}
        self.zone: Zone = {}
        self._documents = documents()

    @property
    def pages(self) -> set[str]:
        """URLs of the target's pages."""
        return {f"http://{host}{path}" for host, path in self._documents if host.endswith(TARGET)}

    def add_pages(self, count: int) -> None:
        """More of the target's pages, with nothing on them: a scan takes longer, and finds the same."""
        names = [f"/more/{number}" for number in range(count)]
        links = "".join(f'<a href="{name}">{name}</a>' for name in names)
        self._documents[TARGET, "/"] += html("更多", links)
        for name in names:
            self._documents[TARGET, name] = html(f"第{name}页", f"<p>{FILLER}第{name}号产品，编号{name}。</p>")

    def serve(self, host: str, path: str, body: bytes) -> None:
        """From now on, in place of what was there."""
        self._documents[host, path] = body

    def counts(self) -> Counter[str]:
        return Counter(self.requests)

    async def answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        lines = head.decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        host = next(line[5:].strip() for line in lines if line.lower().startswith("host:")).partition(":")[0]
        self.requests.append(f"http://{host}{path}")
        if path in self.silent:
            await asyncio.Event().wait()
        await asyncio.sleep(self.delay_s)
        body = self._documents.get((host, path))
        if body is None:
            writer.write(response(b"not here", status="404 Not Found"))
        else:
            writer.write(response(body, Content_Type="text/html; charset=utf-8"))


@contextlib.asynccontextmanager
async def small_world(more: Mapping[tuple[str, str], bytes] | None = None) -> AsyncIterator[SmallWorld]:
    """`more`: further documents by (host, path), or others in place of ours."""
    world = SmallWorld()
    world._documents.update(more or {})
    hosts = {host for host, _ in world._documents}
    world.zone.update({(host, "A"): [ADDRESS] for host in hosts})
    async with dns_server(world.zone, ttl=60) as names, http_server(world.answer, address=ADDRESS) as web:
        world.settings = {
            "resolvers": (names.address,),
            "allow_networks": ("127.64.0.0/10",),
            "port_map": (f"80={web.port}",),
        }
        yield world
