import socket

import pytest

from app.engines.model import NetworkConfig
from app.engines.net.http_resolver import HttpResolver, NameUnresolved
from app.engines.net.resolver import Resolver
from tests.unit.engines.net.servers import dns_server

ZONE = {("a.test", "A"): ["127.64.0.1", "127.64.0.2"], ("a.test", "AAAA"): ["2400:3200::1"]}


@pytest.fixture
async def adapter():
    async with dns_server(ZONE) as server:
        config = NetworkConfig(resolvers=(server.address,), allow_networks=("127.64.0.0/10",), port_map={80: 8081})
        resolver = Resolver(config=config)
        yield HttpResolver(resolver=resolver)
        await resolver.close()


async def test_the_adapter_for_aiohttp_carries_the_port_and_tells_why_a_name_has_no_address(adapter):
    results = await adapter.resolve("a.test", 80)
    assert {(r["hostname"], r["host"], r["port"]) for r in results} == {
        ("a.test", "127.64.0.1", 8081),
        ("a.test", "127.64.0.2", 8081),
        ("a.test", "2400:3200::1", 80),
    }
    assert len(await adapter.resolve("a.test", 80, socket.AF_INET6)) == 1
    with pytest.raises(NameUnresolved, match="nxdomain") as caught:
        await adapter.resolve("gone.test", 80)
    assert not caught.value.unreachable
    await adapter.close()


async def test_a_resolver_that_does_not_answer_is_told_from_a_name_without_address():
    async with dns_server({}, silent=True) as server:
        resolver = Resolver(config=NetworkConfig(resolvers=(server.address,)), timeout_s=0.1)
        with pytest.raises(NameUnresolved) as caught:
            await HttpResolver(resolver=resolver).resolve("a.test", 80)
        await resolver.close()
    assert caught.value.unreachable
