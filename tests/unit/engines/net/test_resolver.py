import contextlib
import socket

import pytest

from app.domain.scan_facts import DnsOutcome
from app.engines.model import NetworkConfig
from app.engines.net.resolver import Endpoint, Resolver
from tests.unit.engines.net.servers import dns_server

ZONE = {
    ("a.test", "A"): ["127.64.0.1", "127.64.0.2"],
    ("a.test", "AAAA"): ["2400:3200::1"],
    ("a.test", "TXT"): ['"hello"'],
    ("a.test", "MX"): ["10 mail.a.test."],
    ("a.test", "NS"): ["ns1.a.test."],
    ("empty.test", "TXT"): ['"x"'],
    ("broken.test", "A"): "SERVFAIL",
    ("broken.test", "AAAA"): "SERVFAIL",
    ("no.test", "A"): "REFUSED",
    ("no.test", "AAAA"): "REFUSED",
    ("www.a.test", "CNAME"): ["edge.a.test"],
    ("edge.a.test", "CNAME"): ["a.test"],
    ("dangling.test", "CNAME"): ["gone.bucket.test"],
    ("half.test", "A"): "SERVFAIL",
    ("half.test", "AAAA"): "NXDOMAIN",
}

PATIENCE_S = 5.0  # with servers that answer, however busy the machine is
IMPATIENCE_S = 0.15  # with servers that never do


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@contextlib.asynccontextmanager
async def resolving(*servers, clock=None, timeout_s=PATIENCE_S, **config):
    addresses = tuple(s if isinstance(s, str) else s.address for s in servers)
    network = NetworkConfig(resolvers=addresses, **config)
    resolver = Resolver(config=network, clock=clock or Clock(), timeout_s=timeout_s)
    try:
        yield resolver
    finally:
        await resolver.close()


@pytest.fixture
async def server():
    async with dns_server(ZONE) as running:
        yield running


@pytest.fixture
async def resolver(server):
    async with resolving(server) as made:
        yield made


def closed_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.64.0.53", 0))
        return f"127.64.0.53:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("a.test", DnsOutcome.ANSWER),
        ("A.TEST.", DnsOutcome.ANSWER),
        ("empty.test", DnsOutcome.NODATA),
        ("gone.test", DnsOutcome.NXDOMAIN),
        ("broken.test", DnsOutcome.SERVFAIL),
        ("no.test", DnsOutcome.REFUSED),
        ("half.test", DnsOutcome.SERVFAIL),
        ("x" * 64 + ".test", DnsOutcome.NODATA),
        ("a..test", DnsOutcome.NODATA),
        ("bücher.test", DnsOutcome.NXDOMAIN),
    ],
)
async def test_outcomes_are_kept_apart(resolver, name, outcome):
    answer = await resolver.resolve(name)
    assert answer.outcome is outcome


async def test_a_and_aaaa_come_together(resolver):
    assert sorted((await resolver.resolve("a.test")).addresses) == ["127.64.0.1", "127.64.0.2", "2400:3200::1"]
    assert sorted((await resolver.query("a.test")).addresses) == ["127.64.0.1", "127.64.0.2"]


@pytest.mark.parametrize(
    ("rdtype", "value"), [("TXT", "hello"), ("MX", "10 mail.a.test"), ("NS", "ns1.a.test"), ("CNAME", None)]
)
async def test_other_types_can_be_asked_for(resolver, rdtype, value):
    answer = await resolver.query("a.test", rdtype)
    assert [record.value for record in answer.records] == ([value] if value else [])


async def test_the_cname_chain_stands_first_and_in_order(resolver):
    answer = await resolver.resolve("www.a.test")
    assert answer.cnames == ("edge.a.test", "a.test")
    assert [record.type for record in answer.records][:3] == ["CNAME", "CNAME", "A"]


async def test_trace_shows_the_chain_of_a_name_that_ends_nowhere(resolver):
    answer = await resolver.trace("dangling.test")
    assert answer.outcome is DnsOutcome.NXDOMAIN
    assert answer.cnames == ("gone.bucket.test",)


async def test_a_silent_resolver_is_unreachable():
    async with dns_server(ZONE, silent=True) as server, resolving(server, timeout_s=IMPATIENCE_S) as resolver:
        assert (await resolver.resolve("a.test")).outcome is DnsOutcome.UNREACHABLE


async def test_a_closed_port_is_unreachable():
    async with resolving(closed_port()) as resolver:
        assert (await resolver.query("a.test")).outcome is DnsOutcome.UNREACHABLE


async def test_the_second_resolver_helps_when_the_first_is_silent(server):
    async with dns_server(ZONE, silent=True) as silent, resolving(silent, server, timeout_s=1.0) as resolver:
        assert (await resolver.query("a.test")).outcome is DnsOutcome.ANSWER


async def test_answers_are_kept_for_their_ttl_and_not_longer():
    clock = Clock()
    async with dns_server(dict(ZONE), ttl=30) as server, resolving(server, clock=clock) as resolver:
        await resolver.query("a.test")
        server.zone["a.test", "A"] = ["127.64.0.9"]
        clock.now += 29
        assert sorted((await resolver.query("a.test")).addresses) == ["127.64.0.1", "127.64.0.2"]
        assert len(server.questions) == 1


async def test_an_answer_without_a_ttl_is_asked_for_again(server, resolver):
    await resolver.query("a.test")
    await resolver.query("a.test")
    assert len(server.questions) == 2


async def test_static_hosts_come_first_and_ask_nobody(server):
    async with resolving(server, static_hosts={"Fixed.test": ("127.64.0.7", None)}) as resolver:
        answer = await resolver.resolve("fixed.test.")
        assert answer.outcome is DnsOutcome.ANSWER
        assert answer.addresses == ("127.64.0.7",)
        assert server.questions == []
        assert not await resolver.is_gone("fixed.test")


async def test_a_name_is_gone_only_when_every_answering_resolver_says_so_each_time(server):
    async with dns_server({("late.test", "A"): ["127.64.0.1"]}) as other, resolving(server, other) as resolver:
        assert await resolver.is_gone("gone.test")
        assert not await resolver.is_gone("late.test")
        assert not await resolver.is_gone("broken.test")
    assert server.questions.count(("gone.test", "A")) == 2


async def test_silence_is_never_taken_for_death():
    async with dns_server({}, silent=True) as silent, resolving(silent, timeout_s=IMPATIENCE_S) as resolver:
        assert not await resolver.is_gone("gone.test")


async def test_the_port_map_holds_inside_the_allowed_networks_only():
    config = {
        "allow_networks": ("127.64.0.0/10",),
        "port_map": {80: 8081},
        "static_hosts": {
            "in.test": ("127.64.0.1", None),
            "own.test": ("127.64.0.1", 9999),
            "out.test": ("93.184.216.34", None),
        },
    }
    async with resolving(closed_port(), **config) as resolver:
        assert (await resolver.endpoints("in.test", 80))[1] == (Endpoint("127.64.0.1", 8081),)
        assert (await resolver.endpoints("in.test", 443))[1] == (Endpoint("127.64.0.1", 443),)
        assert (await resolver.endpoints("own.test", 80))[1] == (Endpoint("127.64.0.1", 9999),)
        assert (await resolver.endpoints("out.test", 80))[1] == (Endpoint("93.184.216.34", 80),)
        assert await resolver.endpoints("127.64.0.9", 80) == (None, (Endpoint("127.64.0.9", 8081),))
        assert await resolver.endpoints("[::1]", 80) == (None, (Endpoint("::1", 80),))


INVENTED = ("x1.invalid", "x2.test")
LIAR = {(name, "A"): ["127.64.0.66"] for name in (*INVENTED, "gone.test")}


async def test_a_resolver_that_invents_is_asked_no_more_when_another_does_not():
    async with dns_server(ZONE) as honest, dns_server(LIAR) as liar, resolving(liar, honest) as resolver:
        assert (await resolver.query("gone.test")).outcome in (DnsOutcome.ANSWER, DnsOutcome.NXDOMAIN)
        assert await resolver.leave_out_liars(INVENTED) == ((liar.address,), False)
        asked = len(liar.questions)
        assert (await resolver.query("gone.test")).outcome is DnsOutcome.NXDOMAIN
        assert (await resolver.query("a.test")).addresses
        assert len(liar.questions) == asked


async def test_one_that_spares_the_reserved_names_is_found_by_the_other():
    sly = {("x2.test", "A"): ["127.64.0.66"]}
    async with dns_server(ZONE) as honest, dns_server(sly) as liar, resolving(honest, liar) as resolver:
        assert await resolver.leave_out_liars(INVENTED) == ((liar.address,), False)


async def test_when_all_invent_all_are_kept_and_it_is_said():
    async with dns_server(LIAR) as liar, resolving(liar, closed_port()) as resolver:
        assert await resolver.leave_out_liars(INVENTED) == ((), True)
        assert (await resolver.query("x1.invalid")).outcome is DnsOutcome.ANSWER


async def test_a_top_level_domain_that_answers_for_every_name_makes_nobody_a_liar():
    wild = {**ZONE, ("x2.test", "A"): ["127.64.0.1"]}
    async with dns_server(wild) as one, dns_server(wild) as other, resolving(one, other) as resolver:
        assert await resolver.leave_out_liars(INVENTED) == ((), False)


async def test_a_silent_resolver_is_no_liar(server):
    async with dns_server({}, silent=True) as silent, resolving(server, silent, timeout_s=1.0) as resolver:
        assert await resolver.leave_out_liars(INVENTED) == ((), False)


async def test_of_a_blocked_name_nobody_is_asked_anything(server):
    static = {"oa.a.test": ("127.64.0.9", None)}
    async with resolving(server, blocked_names=("oa.a.test", "gone.test"), static_hosts=static) as resolver:
        for name in ("oa.a.test", "x.oa.a.test", "OA.a.test."):
            assert (await resolver.resolve(name)).outcome is DnsOutcome.BLOCKED
            answer, endpoints = await resolver.endpoints(name, 443)
            assert (answer.outcome, endpoints) == (DnsOutcome.BLOCKED, ())
        assert (await resolver.trace("gone.test")).outcome is DnsOutcome.BLOCKED
        assert not await resolver.is_gone("gone.test")
        assert server.questions == []
        assert (await resolver.resolve("a.test")).outcome is DnsOutcome.ANSWER
