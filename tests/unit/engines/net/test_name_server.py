"""One connection to a name server; what zones look like is held by test_zone_reader.py."""

import asyncio
import contextlib

import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from app.engines.net.name_server import NameServerUnreachable, open_name_server
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Endpoint

POLICY = AddressPolicy(allow_networks=("127.64.0.0/10",), allowed_ports=())


class Places:
    """Resolves every name to the same places."""

    def __init__(self, *endpoints):
        self.endpoints_ = endpoints
        self.asked = []

    async def endpoints(self, name, port):
        self.asked.append((name, port))
        return None, self.endpoints_


@contextlib.asynccontextmanager
async def listening(talk):
    async def handle(reader, writer):
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.64.0.8", 0)
    try:
        yield Endpoint("127.64.0.8", server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def read_question(reader):
    return dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2))))


async def test_the_first_address_that_the_policy_allows_is_asked():
    async def talk(reader, writer):
        query = await read_question(reader)
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text("a.test.", 60, "IN", "NSEC", "B.a.test. A"))
        wire = response.to_wire()
        writer.write(len(wire).to_bytes(2) + wire)
        await writer.drain()

    async with listening(talk) as endpoint:
        places = Places(Endpoint("127.0.0.1", 1), Endpoint("169.254.169.254", 53), endpoint)
        async with open_name_server("ns.test", resolver=places, policy=POLICY) as server:
            assert await server.next_name("a.test") == "b.a.test"
    assert places.asked == [("ns.test", 53)]


@pytest.mark.parametrize("places", [(), (Endpoint("127.0.0.1", 53),), (Endpoint("127.64.0.8", 1),)])
async def test_without_an_address_or_a_listener_it_is_unreachable(places):
    with pytest.raises(NameServerUnreachable):
        async with open_name_server("ns.test", resolver=Places(*places), policy=POLICY):
            raise AssertionError("there is nobody")


async def test_a_record_of_another_name_is_no_answer():
    async def talk(reader, writer):
        response = dns.message.make_response(await read_question(reader))
        response.answer.append(dns.rrset.from_text("x.test.", 60, "IN", "NSEC", "y.test. A"))
        wire = response.to_wire()
        writer.write(len(wire).to_bytes(2) + wire)
        await writer.drain()

    async with (
        listening(talk) as endpoint,
        open_name_server("ns.test", resolver=Places(endpoint), policy=POLICY) as server,
    ):
        assert await server.next_name("a.test") is None


async def test_an_answer_that_stops_in_the_middle_is_none():
    async def talk(reader, writer):
        await read_question(reader)
        writer.write(b"\x00\x50half")
        await writer.drain()

    async with (
        listening(talk) as endpoint,
        open_name_server("ns.test", resolver=Places(endpoint), policy=POLICY) as server,
    ):
        with pytest.raises(NameServerUnreachable):
            await server.next_name("a.test")
