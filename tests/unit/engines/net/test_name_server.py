"""One connection to a name server; what zones look like is held by test_zone_reader.py."""

import asyncio
import contextlib
import struct
import threading

import dns.message
import dns.name
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


async def ask_next(answer):
    """What `next_name` makes of the bytes that `answer` gives for a question."""

    async def talk(reader, writer):
        wire = answer(await read_question(reader))
        writer.write(len(wire).to_bytes(2) + wire)
        await writer.drain()

    async with (
        listening(talk) as endpoint,
        open_name_server("ns.test", resolver=Places(endpoint), policy=POLICY) as server,
    ):
        return await server.next_name("a.test")


def empty_update(query):
    """An update that demands an NSEC record and so has none."""
    name = dns.name.from_text("a.test.").to_wire()
    head = struct.pack("!HHHHHH", query.id, 0xA800, 1, 1, 0, 0)
    return head + name + struct.pack("!HH", dns.rdatatype.SOA, 1) + name + struct.pack("!HHIH", 47, 255, 0, 0)


def another_question(query):
    return dns.message.make_response(dns.message.make_query("b.test.", "NSEC")).to_wire()


@pytest.mark.parametrize("answer", [empty_update, another_question])
async def test_what_answers_no_question_of_ours_is_none(answer):
    with pytest.raises(NameServerUnreachable):
        await ask_next(answer)


def thousands_of_records(query):
    """As many as a message holds, of a name with as many labels as one may have: half a second's reading."""
    name = b"\x01a" * 125 + b"\0"
    question = query.question[0].name.to_wire() + struct.pack("!HH", 47, 1)
    records = [name + struct.pack("!HHIH4x", 1, 1, 0, 4)]
    start = 12 + len(question)
    records += [struct.pack("!HHHIHI", 0xC000 | start, 1, 1, 0, 4, number) for number in range(3_900)]
    return struct.pack("!HHHHHH", query.id, 0x8000, 1, len(records), 0, 0) + question + b"".join(records)


async def test_a_message_of_thousands_of_records_is_not_read_by_the_loop(monkeypatch):
    read, readers = dns.message.from_wire, {}

    def from_wire(wire, **options):
        readers[len(wire)] = threading.current_thread()
        return read(wire, **options)

    monkeypatch.setattr(dns.message, "from_wire", from_wire)
    assert await ask_next(thousands_of_records) is None
    assert readers[max(readers)] is not threading.current_thread()
