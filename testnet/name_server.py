"""The name server on real sockets: UDP with truncation, and TCP. dnspython is the codec."""

import asyncio
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from testnet.connections import Talk
from testnet.latency import name_delay
from testnet.zone import Record, Reply, Zone
from testnet.zone_server import ZoneService

MAX_PLAIN_UDP = 512  # RFC 1035, without EDNS
MAX_EDNS_UDP = 1232  # the DNS flag day 2020 value
MAX_TCP = 65_535
TCP_IDLE_S = 10.0
SOA = "ns1.corp-dns.test. hostmaster.corp-dns.test. 2024030101 3600 600 604800 300"


def build_response(query: dns.message.Message, zone: Zone) -> tuple[dns.message.Message, int]:
    """The response to a query and the milliseconds to wait before it is sent."""
    response = dns.message.make_response(query, recursion_available=True, our_payload=MAX_EDNS_UDP)
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return response, 0
    question = query.question[0]
    if question.rdclass != dns.rdataclass.IN or question.rdtype in (dns.rdatatype.AXFR, dns.rdatatype.IXFR):
        response.set_rcode(dns.rcode.REFUSED)
        return response, 0
    name = question.name.to_text(omit_final_dot=True).lower()
    reply = zone.answer(name, dns.rdatatype.to_text(question.rdtype))
    fill_sections(response, reply, dns.rdatatype.to_text(question.rdtype))
    return response, name_delay(name, reply.delay_ms)


def build_responses(
    query: dns.message.Message, zone: Zone, service: ZoneService | None
) -> tuple[list[dns.message.Message], int]:
    """The same over TCP, where a zone's server has transfers and NSEC records, too."""
    rdtype = query.question[0].rdtype if len(query.question) == 1 else None
    if service is not None and rdtype == dns.rdatatype.AXFR:
        return service.transfer(query), 0
    if service is not None and rdtype == dns.rdatatype.NSEC:
        return [service.next_name(query)], 0
    response, delay_ms = build_response(query, zone)
    return [response], delay_ms


def fill_sections(response: dns.message.Message, reply: Reply, rdtype: str) -> None:
    response.set_rcode(dns.rcode.from_text(reply.rcode))
    sets: dict[tuple[str, str], list[Record]] = {}
    for record in reply.records:
        sets.setdefault((record.name, record.type), []).append(record)
    for (name, kind), records in sets.items():
        values = [record.value for record in records]
        response.answer.append(dns.rrset.from_text(f"{name}.", records[0].ttl, "IN", kind, *map(absolute, values)))
    if reply.rcode != "SERVFAIL" and not any(kind == rdtype for _, kind in sets):
        response.authority.append(dns.rrset.from_text("test.", 300, "IN", "SOA", SOA))


def absolute(value: str) -> str:
    """Host names in values get the final dot that the zone-file notation asks for; addresses and texts stay."""
    is_name = value[-1].isalpha() and not value.startswith('"') and ":" not in value
    return f"{value}." if is_name else value


def encode_udp(response: dns.message.Message, query: dns.message.Message) -> bytes:
    """Wire form for UDP: what does not fit is left out and TC set, so that the client asks again over TCP."""
    limit = min(max(query.payload, MAX_PLAIN_UDP), MAX_EDNS_UDP) if query.edns >= 0 else MAX_PLAIN_UDP
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.authority.clear()
        response.flags |= dns.flags.TC
        return response.to_wire(max_size=limit)


class UdpNameServer(asyncio.DatagramProtocol):
    """Answers datagrams; a delayed answer costs a timer, no task."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # by contract; Python 3.11's is no subclass

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return
        response, delay_ms = build_response(query, self._zone)
        wire = encode_udp(response, query)
        asyncio.get_running_loop().call_later(delay_ms / 1000, self._send, wire, addr)

    def _send(self, wire: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(wire, addr)


def answer_streams(zone: Zone, service: ZoneService | None = None) -> Talk:
    """The conversation over TCP: several questions per connection, answered in order.

    `service`: what this server has of zones; None: it is a resolver.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(TCP_IDLE_S):
                length = int.from_bytes(await reader.readexactly(2), "big")
                wire = await reader.readexactly(length)
            try:
                query = dns.message.from_wire(wire)
            except dns.exception.DNSException:
                return
            responses, delay_ms = build_responses(query, zone, service)
            await asyncio.sleep(delay_ms / 1000)
            for response in responses:
                wire = response.to_wire(max_size=MAX_TCP)
                writer.write(len(wire).to_bytes(2, "big") + wire)
                await writer.drain()

    return talk
