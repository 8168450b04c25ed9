"""Name servers on real sockets: one that was forgotten, one that lists its names one by one, and hostile ones."""

import asyncio
import contextlib

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from app.domain.discovery import NameServerReport, Transfer, Walk
from app.domain.scan_facts import DnsAnswer, DnsOutcome, DnsRecord
from app.engines.discover import zone_reader
from app.engines.discover.zone_reader import MAX_NAMES, MAX_STEPS, ZoneReader
from app.engines.net import name_server
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Endpoint

SOA = "ns1.b.test. root.b.test. 1 2 3 4 5"
POLICY = AddressPolicy(allow_networks=("127.64.0.0/10",), allowed_ports=())


class Names:
    """Knows the name servers of `a.test` and where they listen."""

    def __init__(self, **ports):
        self.ports = ports
        self.addresses = dict.fromkeys(ports, "127.64.0.7")

    async def query(self, name, rdtype):
        if rdtype != "NS" or name != "a.test":
            return DnsAnswer(name, DnsOutcome.NODATA)
        return DnsAnswer(name, DnsOutcome.ANSWER, tuple(DnsRecord(name, "NS", ns, 60) for ns in self.ports))

    async def endpoints(self, name, port):
        assert port == 53
        return None, (Endpoint(self.addresses[name], self.ports[name]),)


@contextlib.asynccontextmanager
async def serving(answer):
    """`answer` makes of each question the messages to send, or bytes; None hangs up."""
    asked = []

    async def talk(reader, writer):
        try:
            while True:
                query = dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2))))
                asked.append((query.question[0].name.to_text(omit_final_dot=True), query.question[0].rdtype))
                for said in answer(query) or ():
                    wire = said if isinstance(said, bytes) else said.to_wire(max_size=65_535)
                    writer.write(len(wire).to_bytes(2, "big") + wire)
                    await writer.drain()
                if answer(query) is None:
                    return
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client has heard enough, which tests want
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.64.0.7", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()


def reply(query, *records, rcode=dns.rcode.NOERROR):
    response = dns.message.make_response(query)
    response.set_rcode(rcode)
    response.answer += [dns.rrset.from_text(f"{name}.", 60, "IN", kind, value) for name, kind, value in records]
    return response


def refuse(query):
    return [reply(query, rcode=dns.rcode.REFUSED)]


START = ("a.test", "SOA", SOA)


def give_away(query):
    """Two messages, as large zones come."""
    first = reply(query, START, ("a.test", "NS", "ns1.b.test."), ("WWW.a.test", "A", "192.0.2.1"))
    return [first, reply(query, ("*.dev.a.test", "A", "192.0.2.2"), ("other.test", "A", "192.0.2.3"), START)]


async def read(names, zone="a.test"):
    reader, told = ZoneReader(resolver=names, policy=POLICY), []

    async def on_names(found):
        told.extend(found)

    await reader.read(zone, on_names)
    return reader.reports, told


async def test_the_one_server_that_gives_the_zone_away_is_found():
    async with serving(give_away) as (open_port, _), serving(refuse) as (shut_port, _):
        reports, told = await read(Names(ns1=shut_port, ns2=open_port))
    assert sorted(reports, key=lambda report: report.name) == [
        NameServerReport("a.test", "ns1", Transfer.REFUSED, Walk.NONE, 0),
        NameServerReport("a.test", "ns2", Transfer.OPEN, Walk.NONE, 3),
    ]
    assert told == ["a.test", "www.a.test", "*.dev.a.test"]


async def test_a_server_that_hangs_up_refuses_and_one_that_is_not_there_fails():
    async with serving(lambda query: None) as (port, _):
        reports, _ = await read(Names(ns1=port))
    assert [report.transfer for report in reports] == [Transfer.REFUSED]
    reports, _ = await read(Names(ns1=port))
    assert [report.transfer for report in reports] == [Transfer.FAILED]


async def test_an_address_that_the_policy_refuses_is_not_asked():
    async with serving(give_away) as (port, asked):
        names = Names(ns1=port)
        names.addresses["ns1"] = "127.0.0.1"
        reports, told = await read(names)
    assert ([report.transfer for report in reports], told, asked) == ([Transfer.FAILED], [], [])


async def test_a_name_without_name_servers_of_its_own_costs_one_question():
    async with serving(give_away) as (port, asked):
        assert await read(Names(ns1=port), zone="www.a.test") == ([], [])
    assert asked == []


@pytest.mark.parametrize("said", [b"", b"\0" * 12, b"\xff" * 40])
async def test_rubbish_is_a_failure(said):
    async with serving(lambda query: [said]) as (port, _):
        reports, told = await read(Names(ns1=port))
    assert told == []
    assert reports[0].transfer is not Transfer.OPEN


async def test_a_transfer_that_breaks_off_counts_as_far_as_it_came():
    async with serving(lambda query: [give_away(query)[0], b"\0"]) as (port, _):
        reports, told = await read(Names(ns1=port))
    assert reports == [NameServerReport("a.test", "ns1", Transfer.OPEN, Walk.NONE, 2)]
    assert told == ["a.test", "www.a.test"]


async def test_a_zone_without_end_has_one(monkeypatch):
    # 20 messages of 1,000 records are made, sent and read by one loop: how long that takes is not what is tested.
    monkeypatch.setattr(name_server, "ANSWER_TIMEOUT_S", 600.0)
    monkeypatch.setattr(zone_reader, "SERVER_TIMEOUT_S", 600.0)

    def flood(query):
        yield reply(query, START)
        for block in range(2 * MAX_NAMES // 1_000):
            yield reply(query, *((f"h{block}-{n}.a.test", "A", "192.0.2.1") for n in range(1_000)))

    async with serving(flood) as (port, _):
        reports, told = await read(Names(ns1=port))
    assert (reports[0].transfer, reports[0].names, len(told)) == (Transfer.OPEN, MAX_NAMES, MAX_NAMES)


def signed(ring):
    """Refuses the transfer, and leads from name to name."""

    def answer(query):
        if query.question[0].rdtype == dns.rdatatype.AXFR:
            return refuse(query)
        name = query.question[0].name.to_text(omit_final_dot=True)
        return [reply(query, (name, "NSEC", f"{ring(name)}. A NSEC"))] if ring(name) else [reply(query)]

    return answer


async def test_nsec_records_are_followed_round_the_zone():
    ring = {"a.test": "probe.a.test", "probe.a.test": "*.x.a.test", "*.x.a.test": "a.test"}
    async with serving(signed(ring.get)) as (port, asked):
        reports, told = await read(Names(ns1=port))
    assert reports == [NameServerReport("a.test", "ns1", Transfer.REFUSED, Walk.WHOLE, 2)]
    assert told == ["probe.a.test", "*.x.a.test"]
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("ring", "walk", "names"),
    [
        ({}, Walk.NONE, 0),
        ({"a.test": "\\000.a.test"}, Walk.NONE, 0),
        ({"a.test": "b.test"}, Walk.NONE, 0),
        ({"a.test": "x.a.test"}, Walk.PART, 1),
        ({"a.test": "x.a.test", "x.a.test": "y.a.test", "y.a.test": "x.a.test"}, Walk.PART, 2),
    ],
)
async def test_a_walk_that_leads_nowhere_ends(ring, walk, names):
    async with serving(signed(ring.get)) as (port, _):
        reports, _ = await read(Names(ns1=port))
    assert [(report.walk, report.names) for report in reports] == [(walk, names)]


async def test_a_chain_without_end_is_followed_a_thousand_steps():
    def following(name):
        return f"h{int(name.partition('.')[0][1:]) + 1 if name != 'a.test' else 0}.a.test"

    async with serving(signed(following)) as (port, asked):
        reports, told = await read(Names(ns1=port))
    assert [(report.walk, report.names) for report in reports] == [(Walk.PART, MAX_STEPS)]
    assert (len(told), len(asked)) == (MAX_STEPS, MAX_STEPS + 1)
