"""A folder of HTML files as a web site, beside what a reading of the files says about it.

The reading shares no code with the scanner: `html.parser` and `urllib` from the standard library, over the files, not
over HTTP.

- A **page** is a URL of the site without its fragment that a visitor reaches from the start page, through links and
  frames, or through the `next`, `prev`, `index`, `contents`, `canonical` and `alternate` links of the head, and behind
  which there is an HTML file.
- A **host** is the name of somebody else's host in any attribute of a page that holds a URL. What is merely written
  in a text, a comment or a script is none.
"""

import asyncio
import contextlib
import html.parser
import mimetypes
import urllib.parse
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dns.message
import dns.rcode
from aiohttp import web

ADDRESS: Final = "127.99.0.1"  # far from the test internet
ADDRESSED: Final = frozenset(
    {"action", "background", "cite", "data", "formaction", "href", "longdesc", "poster", "src", "xlink:href"}
)
FOLLOWED: Final = {("a", "href"), ("area", "href"), ("frame", "src"), ("iframe", "src"), ("q", "cite")}
FOLLOWED_RELS: Final = frozenset({"alternate", "canonical", "contents", "index", "next", "prev"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What the files say."""

    pages: frozenset[str]
    hosts: frozenset[str]


class _Page(html.parser.HTMLParser):
    """URLs of one file as written: all of them, and those that lead to a further page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.urls: set[str] = set()
        self.followed: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        rels = next((set((value or "").lower().split()) for name, value in attrs if name == "rel"), set())
        for name, value in attrs:
            if value is None or name not in ADDRESSED:
                continue
            self.urls.add(value.strip())
            if (tag, name) in FOLLOWED or (tag == "link" and rels & FOLLOWED_RELS):
                self.followed.add(value.strip())


def read_site(folder: Path, start_url: str) -> Reading:
    """Follows the links of the files from the start page to the end."""
    home = urllib.parse.urlsplit(start_url).hostname
    waiting, seen = deque([start_url]), {start_url}
    pages: set[str] = set()
    hosts: set[str] = set()
    while waiting:
        url = waiting.popleft()
        file = file_of(folder, urllib.parse.urlsplit(url).path)
        if file is None or file.suffix != ".html":
            continue
        pages.add(url)
        found = _Page(file.read_text(encoding="utf-8", errors="replace"))
        hosts.update(host for _, host in _resolved(url, found.urls) if host != home)
        for target, host in _resolved(url, found.followed):
            if host == home and target not in seen:
                seen.add(target)
                waiting.append(target)
    return Reading(frozenset(pages), frozenset(hosts))


def _resolved(base: str, urls: set[str]) -> Iterator[tuple[str, str]]:
    for url in urls:
        absolute = urllib.parse.urldefrag(urllib.parse.urljoin(base, url)).url
        parts = urllib.parse.urlsplit(absolute)
        if parts.scheme in {"http", "https"} and parts.hostname:
            yield absolute, parts.hostname


def file_of(folder: Path, path: str) -> Path | None:
    """The file behind a URL's path."""
    file = folder / urllib.parse.unquote(path).lstrip("/")
    return file if file.is_file() else None


@contextlib.asynccontextmanager
async def serve_folder(folder: Path) -> AsyncIterator[int]:
    """The files over HTTP on `ADDRESS`; the port."""

    async def answer(request: web.BaseRequest) -> web.Response:
        file = file_of(folder, request.path)
        if file is None:
            return web.Response(status=404)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return web.Response(body=file.read_bytes(), content_type=kind)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        site = web.TCPSite(runner, ADDRESS, 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class _NoNames(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        answer = dns.message.make_response(dns.message.from_wire(data), recursion_available=True)
        answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), address)


@contextlib.asynccontextmanager
async def serve_no_names() -> AsyncIterator[int]:
    """A name server on `ADDRESS` that knows no name at all, so that no packet leaves the machine; its port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_NoNames, local_addr=(ADDRESS, 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
