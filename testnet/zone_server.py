"""What an authoritative server has beside a resolver's answers: the transfer of a zone, and NSEC records. Pure."""

from collections.abc import Iterator, Mapping

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from testnet.model import Name, ZoneServer

RECORDS_PER_MESSAGE = 5  # so that even a small zone comes in several
TTL = 300


class ZoneService:
    """Answers for one server. What it does not give is refused, or has no such record."""

    def __init__(self, names: Mapping[str, Name], server: ZoneServer, *, soa: str) -> None:
        self._names = names
        self._server = server
        self._soa = soa

    def transfer(self, query: dns.message.Message) -> list[dns.message.Message]:
        """The messages of a transfer: the SOA at both ends (RFC 5936)."""
        zone = question_name(query)
        if zone not in self._server.transfers:
            response = dns.message.make_response(query)
            response.set_rcode(dns.rcode.REFUSED)
            return [response]
        records = list(self._records(zone))
        messages = []
        for first in range(0, len(records), RECORDS_PER_MESSAGE):
            message = dns.message.make_response(query)
            message.answer += records[first : first + RECORDS_PER_MESSAGE]
            messages.append(message)
        return messages

    def next_name(self, query: dns.message.Message) -> dns.message.Message:
        """The NSEC record of a name that exists in a signed zone."""
        name = question_name(query)
        response = dns.message.make_response(query)
        zone = next((zone for zone in self._server.signed if is_in(name, zone)), None)
        order = [] if zone is None else self._order(zone)
        if name in order:
            following = order[(order.index(name) + 1) % len(order)]
            response.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", "NSEC", f"{following}. A RRSIG NSEC"))
        return response

    def _records(self, zone: str) -> Iterator[dns.rrset.RRset]:
        start = dns.rrset.from_text(f"{zone}.", TTL, "IN", "SOA", self._soa)
        yield start
        for name in self._order(zone):
            for kind, value in self._names[name].records:
                dotted = f"{value}." if kind in ("NS", "CNAME") else value
                yield dns.rrset.from_text(f"{name}.", TTL, "IN", kind, dotted)
        yield start

    def _order(self, zone: str) -> list[str]:
        """Its names in the canonical order of RFC 4034."""
        return sorted(
            (name for name in self._names if is_in(name, zone)), key=lambda name: dns.name.from_text(f"{name}.")
        )


def question_name(query: dns.message.Message) -> str:
    return query.question[0].name.to_text(omit_final_dot=True).lower()


def is_in(name: str, zone: str) -> bool:
    return name == zone or name.endswith(f".{zone}")
