import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from testnet.client import Testnet, attach
from testnet.ground import HTTP_PORT, HTTPS_PORT, Ground
from testnet.model import World
from testnet.world import build_world
from tests.support.own_nets import own_net

NET = own_net()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(Ground(NET))


@pytest.fixture(scope="session")
def running() -> Iterator[Testnet]:
    with attach(net=NET, grace_s=0.2) as testnet:
        yield testnet


@pytest.fixture(scope="session")
def trust(running) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=running.settings["ca_file"])


@pytest.fixture
def fetch(world, trust) -> Callable[..., Answer]:
    """Fetches a URL from the host's own address and port, as a scanner with the port map does."""

    def fetch(
        url: str, method: str = "GET", address: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        parts = urlsplit(url)
        address = address or world.hosts[parts.hostname].address
        port = HTTPS_PORT if parts.scheme == "https" else HTTP_PORT
        connection = http.client.HTTPConnection(parts.hostname)
        connection.sock = socket.create_connection((address, port), timeout=60)
        try:
            if parts.scheme == "https":
                connection.sock = trust.wrap_socket(connection.sock, server_hostname=parts.hostname)
            connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    return fetch
