"""Pages per CPU second of the crawl on a local static site, beside a bare aiohttp + selectolax loop, in one run.

    .venv/bin/python bench/crawl.py [--pages 2000] [--sheets] [--folder FOLDER] [--profile FILE]

Without a folder it makes a site: small pages with twenty links and some foreign hosts each; with `--sheets` these name
three style sheets of a thousand rules, as those of a framework. The site is served by a
process of its own on 127.64.0.9, whose CPU time does not count.
"""

import argparse
import asyncio
import contextlib
import cProfile
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ada_url
import aiohttp
import uvloop
from selectolax.lexbor import LexborHTMLParser

from app.core.heap import OF_SCANS, settle_heap
from app.domain.scan_facts import HostFact
from app.engines.crawl.crawler import Crawler
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.net.client import HttpClient
from app.engines.net.limits import HostLimits
from app.engines.net.policy import AddressPolicy
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver
from app.engines.parsing.page_parser import PageParser
from app.engines.parsing.pool import ParserPool
from app.engines.scope import Scope
from app.scanstore.rows import host_in
from app.scanstore.sqlite import SqliteScanStore

ADDRESS, PORT = "127.64.0.9", 18999
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
HOST = "bench.test"
WORDS = ["scan", "domain", "page", "report", "third", "party", "网站", "页面", "链接", "检测"]


def make_sheet(number: int) -> str:
    """Return a thousand rules, some for everything on the pages, most for classes that these do not have."""
    source = random.Random(number)
    names = [
        "a",
        "ul",
        "li",
        "p",
        "h1",
        "body",
        ".nav li",
        ".nav",
        ".foot a",
        ".foot",
        "*",
        "a:hover",
        ".nav li:hover ul",
    ]
    values = [
        "display:none",
        "display:block",
        "color:#fff",
        "color:#333",
        "background:#fff",
        "margin:0",
        "left:-9999px",
    ]
    rules = [f"{name}{{margin:0;color:#{source.randrange(99):02}4455;text-decoration:none}}" for name in names]
    rules += [
        f".c{source.randrange(9_999)} .k{index}{{{';'.join(source.sample(values, 3))};border:1px solid red}}"
        for index in range(1_000 - len(rules))
    ]
    return "\n".join(rules)


def make_site(folder: Path, pages: int, *, sheets: bool = False) -> None:
    source = random.Random(7)
    for number in range(3 * sheets):
        (folder / f"s{number}.css").write_text(make_sheet(number))
    linked = "".join(f'<link rel="stylesheet" href="/s{number}.css">' for number in range(3 * sheets))
    for number in range(pages):
        links = {number + 1, number * 2 + 1, number * 2 + 2, *(source.randrange(pages) for _ in range(17))}
        anchors = "".join(f'<li><a href="/p{n}.html">page {n}</a></li>' for n in links if n < pages)
        text = " ".join(source.choices(WORDS, k=150))
        body = (
            f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>Page {number}</title>'
            f'<script src="https://cdn{number % 9}.example/x.js"></script>{linked}</head><body><h1>Page {number}</h1>'
            f'<p>{text}</p><ul class="nav">{anchors}</ul>'
            f'<div class="foot"><a href="https://site{number}.example/">foreign</a></div></body></html>'
        )
        (folder / f"p{number}.html").write_text(body)
    (folder / "index.html").write_text('<a href="/p0.html">start</a>')


def load(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.suffix in (".html", ".css") and path.is_file())
    files = {f"/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in found}
    return files | {"/": files["/index.html"]}


class Site(asyncio.Protocol):
    """Answers from memory, with next to no time of its own: it shares the processors with what is measured."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self._waiting = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._waiting = (self._waiting + data).split(b"\r\n\r\n")
        for request in requests:
            self._transport.write(self._answers.get(request.split(b" ", 2)[1], MISSING))


def answer_of(path: str, body: bytes) -> bytes:
    kind = "css" if path.endswith(".css") else "html"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(files: dict[str, bytes]) -> None:
    answers = {path.encode(): answer_of(path, body) for path, body in files.items()}
    server = await asyncio.get_running_loop().create_server(lambda: Site(answers), ADDRESS, PORT)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


async def bare(start: str) -> tuple[int, float]:
    """Fetch, parse, collect anchors: what any crawler has to do at least."""
    seen, waiting, pages = {start}, [start], 0

    async def worker(session: aiohttp.ClientSession) -> None:
        nonlocal pages
        while waiting:
            url = waiting.pop()
            async with session.get(url) as response:
                body = await response.read()
            if response.content_type != "text/html":
                continue
            pages += 1
            for node in LexborHTMLParser(body).css("a[href]"):
                with contextlib.suppress(ValueError):
                    target = ada_url.join_url(url, node.attributes["href"] or "").partition("#")[0]
                    if target.startswith(start) and target not in seen:
                        seen.add(target)
                        waiting.append(target)

    async with aiohttp.ClientSession() as session:
        while waiting:
            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(worker(session))
    return pages, 0.0


async def crawl(pages: int, folder: Path) -> tuple[int, float]:
    config = NetworkConfig(allow_networks=("127.64.0.0/10",), static_hosts={HOST: (ADDRESS, PORT)})
    resolver = Resolver(config=config)
    policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=(*config.allowed_ports, PORT))
    store = SqliteScanStore(folder / "scan.db")
    async with (
        HttpClient(config=config, policy=policy, resolver=resolver) as client,
        ParserPool(target=HOST) as pool,
    ):
        await PageParser(pool).page(b"", url="http://bench.test/", headers=())  # the readers' start is told apart
        start_s = processor_time(pool.processes())
        crawler = Crawler(
            scope=Scope(HOST),
            store=store,
            fetcher=RateLimitedFetcher(client=client, limits=HostLimits(), resolver=resolver),
            parser=PageParser(pool),
            sink=Silent(),
            scan=ScanConfig(HOST, max_pages=pages, max_depth=99),
            agent=config.user_agent,
        )
        await crawler.load()
        crawler.add_host(HostFact(HOST, ("target",), (ADDRESS,), http_alive=True))
        await crawler.run(hosts_settled=lambda: True)
        reading_s = processor_time(pool.processes()) - start_s
    await resolver.close()
    print(f"  the readers: {reading_s:.2f} CPU-s, and {start_s:.2f} CPU-s once for their start, which is not counted")
    checking_s = time.process_time()
    hosts = {host_in(reference.url) for reference in store.references()}
    checking_s = time.process_time() - checking_s  # is the bench's own
    print(f"  {crawler.pages} pages, {crawler.known} URLs, {len(hosts)} foreign hosts")
    store.close()
    return crawler.pages, reading_s - checking_s


def processor_time(pids: list[int]) -> float:
    """Seconds that living processes have used so far."""
    stats = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


class Silent:
    """Says warnings alone."""

    async def stage(self, key, status, *, duration_ms=None): ...
    async def progress(self, key, fraction, message, counts): ...
    async def log(self, entry): ...
    async def warning(self, code, message, **_):
        print(f"  {code}: {message}")

    async def covered(self, coverage):
        print(f"  {coverage.total}")

    async def violation(self, fact):
        return fact is not None

    async def recheck(self, *_):
        return True


def measure(name: str, work) -> float:
    """CPU seconds per page, those of the readers included."""
    cpu, wall = time.process_time(), time.perf_counter()
    pages, elsewhere_s = uvloop.run(work)  # as a scan's process does
    cpu, wall = time.process_time() - cpu + elsewhere_s, time.perf_counter() - wall
    print(
        f"{name:<22} {pages:>6} pages  {pages / cpu:>7.0f} pages/CPU-s  "
        f"{1000 * cpu / pages:.2f} CPU-s/1,000  {wall:.1f} s"
    )
    return cpu / pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--profile")
    parser.add_argument("--sheets", action="store_true", help="pages name style sheets")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        uvloop.run(serve(load(arguments.serve.resolve())))
        return
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        site = arguments.folder or temporary / "site"
        if arguments.folder is None:
            site.mkdir()
            make_site(site, arguments.pages, sheets=arguments.sheets)
        command = [sys.executable, __file__, "--serve", str(site)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            server.stdout.readline()
            settle_heap(collect_every=OF_SCANS)  # as a scan's process does
            loop = measure("aiohttp + selectolax", bare(f"http://{ADDRESS}:{PORT}/"))
            profile = cProfile.Profile()
            if arguments.profile:
                profile.enable()
            ours = measure("crawler", crawl(arguments.pages + 1 if arguments.folder is None else 10**6, temporary))
            profile.disable()
            if arguments.profile:
                profile.dump_stats(arguments.profile)
            server.stdin.close()
        print(f"the crawler costs {ours / loop:.1f} times the bare loop")


if __name__ == "__main__":
    main()
