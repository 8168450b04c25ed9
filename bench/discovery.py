"""Names per second of stage 1: a source gives them, each is resolved, freed of wildcards and asked for on two schemes.

    .venv/bin/python bench/discovery.py [--names 10000] [--addresses 200] [--silent 1000] [--answer-ms 50]
        [--least 50]

Every name has an address, which it shares with others; there a start page comes over http after some milliseconds, and
nobody listens for https. `--silent` further names share one address that takes no connection and refuses none, as
behind a firewall. It ends with an error when a name is missing, or fewer than `--least` names/s were examined.
Name server and sites are a process of their own, whose CPU time does not count.
"""

import argparse
import asyncio
import socket
import struct
import subprocess
import sys
import time
from contextlib import ExitStack

import uvloop
from aiohttp import web

from app.engines.discover import discovery
from app.engines.discover.discovery import Discovery
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.net.client import HttpClient
from app.engines.net.limits import HostLimits
from app.engines.net.policy import AddressPolicy
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver
from app.engines.scope import Scope

RESOLVER, PORT = ("127.64.20.53", 15353), 18998
SILENT = "127.64.20.99"
TARGET = "bench.test"
ADDRESS_TYPE, NXDOMAIN, TTL = 1, 3, 300
LEAST_PER_S = 50.0  # what a scan must do where answers allow it (issue 11, 7), also on a machine with other work


def address_of(number: int, addresses: int) -> str:
    """Return the address of the host with that number."""
    place = number % addresses
    return f"127.64.{21 + place // 250}.{1 + place % 250}"


class Names(asyncio.DatagramProtocol):
    """Answers for `hN.bench.test` and `sN.bench.test`, as quickly as Python can."""

    def __init__(self, addresses: int) -> None:
        self._addresses = addresses
        self._transport = None

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, addr):
        end = data.index(0, 12)
        question, (kind,) = data[12 : end + 5], struct.unpack("!H", data[end + 1 : end + 3])
        label = data[13 : 13 + data[12]].decode("latin-1")
        known = label[:1] in "hs" and label[1:].isdigit()
        place = SILENT if label.startswith("s") else address_of(int(label[1:]), self._addresses) if known else ""
        answer = b""
        if known and kind == ADDRESS_TYPE:
            answer = b"\xc0\x0c" + struct.pack("!HHIH", ADDRESS_TYPE, 1, TTL, 4) + socket.inet_aton(place)
        head = data[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else NXDOMAIN), 1, bool(answer), 0, 0)
        self._transport.sendto(head + question + answer, addr)


def occupy(stack: ExitStack) -> None:
    """Listen where no further connection is taken: the kernel drops what comes, as a firewall does."""
    listener = stack.enter_context(socket.create_server((SILENT, PORT), backlog=0))
    listener.setblocking(False)
    for _ in range(4):
        client = stack.enter_context(socket.socket())
        client.setblocking(False)
        client.connect_ex((SILENT, PORT))


async def serve(addresses: int, answer_ms: int) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(answer_ms / 1000)
        return web.Response(text=f"<title>{request.host}</title>", content_type="text/html")

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Names(addresses), local_addr=RESOLVER
    )
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    for number in range(addresses):
        await web.TCPSite(runner, address_of(number, addresses), PORT).start()
    with ExitStack() as stack:
        occupy(stack)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
    transport.close()
    await runner.cleanup()


class Source:
    """Names all hosts, the silent ones between the others."""

    name = "bench"

    def __init__(self, names: int, silent: int) -> None:
        hosts = [f"h{number}.{TARGET}" for number in range(names)]
        for number in range(silent):
            hosts.insert(number * max(1, names // max(1, silent)), f"s{number}.{TARGET}")
        self._hosts = hosts

    async def names(self, *_):
        return self._hosts


class Warned:
    """Says warnings alone."""

    async def log(self, entry): ...
    async def warning(self, code, message, **_):
        print(f"  {code}: {message}")


async def discover(names: int, silent: int) -> tuple[int, int]:
    """Return how many names were handed on, and how many of them serve pages."""
    config = NetworkConfig(
        resolvers=("{}:{}".format(*RESOLVER),), allow_networks=("127.64.0.0/10",), port_map={80: PORT}
    )
    resolver = Resolver(config=config)
    policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=config.allowed_ports)
    told: dict[str, bool] = {}

    async def on_host(host):
        told[host.name] = host.http_alive

    async with HttpClient(config=config, policy=policy, resolver=resolver) as client:
        await Discovery(
            scope=Scope(TARGET),
            resolver=resolver,
            fetcher=RateLimitedFetcher(client=client, limits=HostLimits(), resolver=resolver),
            sink=Warned(),
            config=config,
            scan=ScanConfig(TARGET),
            words=(),
            sources=[Source(names, silent)],
        ).run(on_host)
    await resolver.close()
    return len(told) - 1, sum(told.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=9_000)
    parser.add_argument("--addresses", type=int, default=200)
    parser.add_argument("--silent", type=int, default=1_000)
    parser.add_argument("--answer-ms", type=int, default=50)
    parser.add_argument("--least", type=float, default=LEAST_PER_S, help="names/s that are asked for")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.addresses, arguments.answer_ms))
        return
    shown = ("--addresses", str(arguments.addresses), "--answer-ms", str(arguments.answer_ms))
    command = [sys.executable, __file__, "--serve", *shown]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        server.stdout.readline()
        cpu, wall = time.process_time(), time.perf_counter()
        found, alive = uvloop.run(discover(arguments.names, arguments.silent))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        server.stdin.close()
    print(
        f"{found} names, {alive} of them with pages, {discovery.MAX_EXAMINED} at once: {wall:.1f} s, "
        f"{found / wall:.0f} names/s, {1000 * cpu / found:.2f} CPU-s per 1,000"
    )
    if found < arguments.names + arguments.silent or alive < arguments.names:
        sys.exit("names are missing")
    if found / wall < arguments.least:
        sys.exit(f"fewer than {arguments.least:.0f} names/s")


if __name__ == "__main__":
    main()
