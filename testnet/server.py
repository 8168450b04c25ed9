"""`python -m testnet.server`: the process. Whoever binds the control port is the one; others step back quietly."""

import argparse
import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from testnet.authority import Authority
from testnet.certlog import CertificateLog
from testnet.connections import Connections
from testnet.control import MAX_COMMAND_BYTES, Control
from testnet.ground import ALLOW_NETWORK, DNS_PORT, HTTP_PORT, HTTPS_PORT, Ground
from testnet.model import World
from testnet.name_server import SOA, UdpNameServer, answer_streams
from testnet.request_log import RequestLog
from testnet.web import WebHosts
from testnet.worlds import DEMO, WORLDS, WorldPlan
from testnet.zone import Zone
from testnet.zone_server import ZoneService

GRACE_S = 30.0  # how long the server outlives its last user
ALREADY_RUNNING = 3  # exit status of a server that found the control port taken


def main() -> int:
    arguments = parse_arguments()
    plan = WORLDS[arguments.world]
    ground = plan.ground(arguments.net)
    try:
        listener = bind_control(ground)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        sys.stderr.write(f"test internet: control port {ground.control[0]}:{ground.control[1]}: {error.strerror}\n")
        return ALREADY_RUNNING if taken else 1
    if arguments.detach and not detach():
        return 0
    return asyncio.run(serve(ground, listener, plan, grace_s=arguments.grace_s))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m testnet.server", description="The bundled test internet.")
    parser.add_argument("--net", type=int, help="second octet of its addresses, 64 to 127")
    parser.add_argument("--world", choices=tuple(WORLDS), default=DEMO, help="which world it is")
    parser.add_argument("--grace-s", type=float, default=GRACE_S, help="seconds to outlive the last user")
    parser.add_argument("--detach", action="store_true", help="go on in the background, in a session of its own")
    return parser.parse_args()


def bind_control(ground: Ground) -> socket.socket:
    """The bind decides who is the server. Users may connect from now on and wait for their announcement."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(ground.control)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def detach() -> bool:
    """Forks; True in the child, which leads a session of its own and holds none of the caller's streams."""
    if os.fork() > 0:
        return False
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
    return True


async def serve(ground: Ground, listener: socket.socket, plan: WorldPlan, *, grace_s: float) -> int:
    """Runs until the last user has been gone for `grace_s`, or a signal. The control port closes last."""
    log = RequestLog()
    control = Control(log=log, grace_s=grace_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, control.over.set)
    door = await asyncio.start_server(control.users.handle, sock=listener, limit=MAX_COMMAND_BYTES)
    try:
        async with AsyncExitStack() as stack:
            control.announce(await open_world(ground, plan, log, stack))
            await control.over.wait()
    except OSError as error:
        message = f"The test internet on 127.{ground.net}.0.0/16 cannot start: {error}"
        sys.stderr.write(message + "\n")
        await control.refuse(message)
        return 1
    finally:
        door.close()
        await control.users.close()
    return 0


async def open_world(ground: Ground, plan: WorldPlan, log: RequestLog, stack: AsyncExitStack) -> dict[str, Any]:
    """Starts everything and returns the settings that reach it. Raises OSError when an address is taken."""
    folder = make_folder(stack)
    world = plan.build(ground)
    authority = Authority(world.hosts, folder=folder)
    await open_name_server(ground, world, stack)
    hosts = WebHosts(world.hosts, authority=authority, certificate_log=CertificateLog(world.certificates), log=log)
    stack.push_async_callback(hosts.stop)
    await hosts.start()
    return build_settings(ground, plan, authority.ca_file)


def make_folder(stack: AsyncExitStack) -> Path:
    """A folder that lives as long as the server; readable, for browsers that run as another user. Holds the log."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="testnet-")))
    folder.chmod(0o755)
    log = logging.FileHandler(folder / "server.log")
    stack.callback(log.close)
    logging.basicConfig(handlers=[log, logging.StreamHandler()], format="%(asctime)s %(levelname)s %(message)s")
    return folder


async def open_name_server(ground: Ground, world: World, stack: AsyncExitStack) -> None:
    """The resolver, and beside it the servers of zones."""
    zone = Zone(world.names)
    await listen(ground.resolver, zone, None, stack)
    for server in world.zone_servers:
        await listen((server.address, DNS_PORT), zone, ZoneService(world.names, server, soa=SOA), stack)


async def listen(place: tuple[str, int], zone: Zone, service: ZoneService | None, stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: UdpNameServer(zone), local_addr=place)
    stack.callback(transport.close)
    streams = Connections(answer_streams(zone, service))
    server = await asyncio.start_server(streams.handle, *place)
    stack.push_async_callback(streams.close)
    stack.callback(server.close)


def build_settings(ground: Ground, plan: WorldPlan, ca_file: Path) -> dict[str, Any]:
    address, port = ground.resolver
    return {
        "resolvers": [f"{address}:{port}"],
        "allow_networks": [ALLOW_NETWORK],
        "ca_file": str(ca_file),
        "port_map": {"53": DNS_PORT, "80": HTTP_PORT, "443": HTTPS_PORT},
        "ct_urls": list(plan.sources),
        "demo_target": plan.target,
    }


if __name__ == "__main__":
    sys.exit(main())
