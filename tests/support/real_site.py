"""A folder of HTML files as a web site, beside what a reading of the files says about it.

The reading shares no code with the scanner: `html.parser` and `urllib` from the standard library, over the files, not
over HTTP.

- A **page** is a URL of the site without its fragment that a visitor reaches from the start page, through links and
  frames, or through the `next`, `prev`, `index`, `contents`, `canonical` and `alternate` links of the head, and behind
  which there is an HTML file.
- A **reference** is an address of somebody else's host in any attribute of a page that holds a URL (`a[href]`), as
  often as it stands there; or in the content of a `meta` element (`meta:og:image`), once for each page and address.
- A **host** is the name of somebody else's host in any attribute of a page that holds a URL. What is merely written
  in a text, a comment or a script is none.
"""

import asyncio
import contextlib
import html.parser
import mimetypes
import re
import urllib.parse
from collections import Counter, deque
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
WRITTEN: Final = re.compile(r"https?://[^\s\"'<>]+")
KEPT_IN_PATHS: Final = "%/:@!$&'()*+,;=~|"
FOLLOWED: Final = {("a", "href"), ("area", "href"), ("frame", "src"), ("iframe", "src"), ("q", "cite")}
FOLLOWED_RELS: Final = frozenset({"alternate", "canonical", "contents", "index", "next", "prev"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What the files say."""

    pages: frozenset[str]
    hosts: frozenset[str]
    references: Counter[tuple[str, str, str]]  # page, address, place: how often


class _Page(html.parser.HTMLParser):
    """URLs of one file as written: all of them, and those that lead to a further page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.urls: set[str] = set()
        self.followed: set[str] = set()
        self.placed: Counter[tuple[str, str]] = Counter()  # address as written, place
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        rels = next((set((value or "").lower().split()) for name, value in attrs if name == "rel"), set())
        for name, value in attrs:
            if value is None or name not in ADDRESSED:
                continue
            self.urls.add(value.strip())
            self.placed[value.strip(), f"{tag}[{name}]"] += 1
            if (tag, name) in FOLLOWED or (tag == "link" and rels & FOLLOWED_RELS):
                self.followed.add(value.strip())
        if tag == "meta":
            self._read_meta({name: value or "" for name, value in attrs})

    def _read_meta(self, attributes: dict[str, str]) -> None:
        place = f"meta:{(attributes.get('name') or attributes.get('property') or 'content').lower()}"
        for url in WRITTEN.findall(attributes.get("content", "")):
            self.placed[url.rstrip(".,)"), place] = 1


def read_site(folder: Path, start_url: str) -> Reading:
    """Follows the links of the files from the start page to the end."""
    home = urllib.parse.urlsplit(start_url).hostname
    waiting, seen = deque([start_url]), {start_url}
    pages: set[str] = set()
    hosts: set[str] = set()
    references: Counter[tuple[str, str, str]] = Counter()
    while waiting:
        url = waiting.popleft()
        file = file_of(folder, urllib.parse.urlsplit(url).path)
        if file is None or file.suffix != ".html":
            continue
        pages.add(url)
        found = _Page(file.read_text(encoding="utf-8", errors="replace"))
        hosts.update(host for _, host in _resolved(url, found.urls) if host != home)
        for address, place, number in _foreign(url, found.placed, home):
            references[url, address, place] += number
        for target, host in _resolved(url, found.followed):
            if host == home and target not in seen:
                seen.add(target)
                waiting.append(target)
    return Reading(frozenset(pages), frozenset(hosts), references)


def _resolved(base: str, urls: set[str]) -> Iterator[tuple[str, str]]:
    for url in urls:
        absolute = urllib.parse.urldefrag(urllib.parse.urljoin(base, url)).url
        parts = urllib.parse.urlsplit(absolute)
        if parts.scheme in {"http", "https"} and parts.hostname:
            yield absolute, parts.hostname


def _foreign(base: str, placed: Counter[tuple[str, str]], home: str | None) -> Iterator[tuple[str, str, int]]:
    """Absolute addresses of other hosts, as a browser writes them, with their places and how often they stand there."""
    for (raw, place), number in placed.items():
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, raw))
        if parts.scheme in {"http", "https"} and parts.hostname not in {None, home}:
            written = parts._replace(path=urllib.parse.quote(parts.path or "/", safe=KEPT_IN_PATHS))
            yield written.geturl(), place, 1 if place.startswith("meta:") else number


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
