"""Queries one authoritative name server over TCP: zone transfers and NSEC records.

It is a stranger that a zone names, so the address policy judges where the connection goes, and everything that it
sends has a bound. dnspython reads the messages, in a thread: one may hold 4,000 records, and take half a second.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver

DNS_PORT: Final = 53
CONNECT_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 5.0  # of one message
MAX_TRANSFER_BYTES: Final = 16 * 1024 * 1024  # some 400,000 records
NO_ERROR: Final = 0


class NameServerUnreachable(Exception):
    """No address that may be asked, no connection, or no usable answer in time."""


class NameServerRefuses(Exception):
    """It answered, and does not give what it was asked for."""


@dataclass(frozen=True, slots=True)
class _Records:
    """What one message says."""

    rcode: int
    owners: tuple[str, ...]  # of the answer section
    starts: int  # SOA records among them: a transfer has one at each end


class NameServer:
    """One open connection. Questions are asked one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def transfer(self, zone: str) -> AsyncIterator[tuple[str, ...]]:
        """Ask for the whole zone; yields owner names, message by message, and ends with the zone.

        Raises:
            NameServerRefuses: there is no transfer.
            NameServerUnreachable: it broke off, perhaps after some messages, or is longer than we read.
        """
        await self._send(dns.message.make_query(f"{zone}.", dns.rdatatype.AXFR))
        starts = received = 0
        while starts < 2:  # noqa: PLR2004  # RFC 5936, 2.2: the SOA opens and closes it
            wire = await self._receive(is_first=not received)
            received += len(wire)
            records = await asyncio.to_thread(_read_records, wire)
            if records.rcode != NO_ERROR or not records.owners or not (starts or records.starts):
                raise NameServerRefuses
            starts += records.starts
            yield records.owners
            if received > MAX_TRANSFER_BYTES:
                raise NameServerUnreachable

    async def next_name(self, name: str) -> str | None:
        """Return the name that follows in the zone, as the NSEC record of `name` says; None when it has none.

        Raises NameServerUnreachable.
        """
        question = dns.message.make_query(f"{name}.", dns.rdatatype.NSEC, want_dnssec=True)
        await self._send(question)
        return await asyncio.to_thread(_read_next, await self._receive(), question)

    async def _send(self, message: dns.message.Message) -> None:
        wire = message.to_wire()
        self._writer.write(len(wire).to_bytes(2, "big") + wire)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._writer.drain()
        except OSError as error:
            raise NameServerUnreachable from error

    async def _receive(self, *, is_first: bool = False) -> bytes:
        """One message. A server that hangs up instead of the first one refuses: many do so."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                length = int.from_bytes(await self._reader.readexactly(2), "big")
                return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionResetError) as error:
            raise (NameServerRefuses if is_first else NameServerUnreachable) from error
        except OSError as error:  # a timeout is one
            raise NameServerUnreachable from error


@asynccontextmanager
async def open_name_server(name: str, *, resolver: Resolver, policy: AddressPolicy) -> AsyncIterator[NameServer]:
    """Connect to the first address of the name server that may be asked. Raises NameServerUnreachable."""
    _, endpoints = await resolver.endpoints(name, DNS_PORT)
    endpoint = next((found for found in endpoints if policy.allows(found.address)), None)
    if endpoint is None:
        raise NameServerUnreachable
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port)
    except OSError as error:
        raise NameServerUnreachable from error
    try:
        yield NameServer(reader, writer)
    finally:
        writer.close()


def _read_records(wire: bytes) -> _Records:
    try:
        message = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError) as error:
        raise NameServerUnreachable from error
    owners = dict.fromkeys(_text(entry.name) for entry in message.answer)
    starts = sum(entry.rdtype == dns.rdatatype.SOA for entry in message.answer)
    return _Records(message.rcode(), tuple(owners), starts)


def _read_next(wire: bytes, question: dns.message.Message) -> str | None:
    try:
        answer = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError) as error:
        raise NameServerUnreachable from error
    if not question.is_response(answer):  # an update, say, whose records may be empty
        raise NameServerUnreachable
    owner = question.question[0].name
    for entry in answer.answer:
        if entry.rdtype == dns.rdatatype.NSEC and entry.name == owner:
            return _text(entry[0].next)
    return None


def _text(name: dns.name.Name) -> str:
    """Lower case, without the final dot; bytes that are no letters stay escaped, and no host name has them."""
    return name.to_text(omit_final_dot=True).lower()
